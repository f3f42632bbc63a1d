import ActivationRecording
import ArgumentParser
import HDF5
import MirrorAnalysis
import MirrorReport
import Tabular
import Terminal

@main
struct Mirrorscope: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirrorscope",
    abstract: "Ask recordings of a network's activations whether it has mirror units, and whether they drive what it does.",
    discussion: """
      EXAMPLE
        mirrorscope cmni demo/recordings/2x17/*.h5

      A recording is an HDF5 file of schema 1.1 (schemas/recording.md), written by frogtoad or by any program. Tables go to standard \
      output, notes to standard error. Exit codes: 0 fine, 1 failed, 2 bad or corrupt file, 3 not enough data, 64 usage, \
      130, 143 and 129 ended by a signal (INT, TERM, HUP).
      """,
    version: toolkitVersion,
    subcommands: [
      InspectCommand.self,
      ValidateCommand.self,
      CMNICommand.self,
      StatsCommand.self,
      UnitsCommand.self,
      DivergenceCommand.self,
      CorrelateCommand.self,
      SimilarityCommand.self,
      DirectionCommand.self,
      OverlapCommand.self,
      AblateCommand.self,
      CircuitCommand.self,
      PlanCommand.self,
      JudgeCommand.self,
      DecodeCommand.self,
      AuditCommand.self,
      CompareCommand.self,
      ReportCommand.self,
      MergeCommand.self,
      RecoverCommand.self,
    ])

  static func main() {
    runProgram(Self.self, explain: explain)
  }

  /// The exit code and sentence of an error of the libraries.
  static func explain(_ error: any Error) -> Failure? {
    switch error {
    case let error as RecordingError: Failure(error) { $0.option }
    case let error as ComparisonError: Failure(error)
    case let error as TextTableError: Failure(error)
    case let error as TrainingHistory.Fault: Failure(error)
    case let error as PlanError: Failure(error)
    case let error as AccumulatorError: Failure(error)
    case let error as HDF5Error: Failure(.badFile, error.description)
    default: nil
    }
  }
}
