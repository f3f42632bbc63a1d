import ActivationRecording
import ArgumentParser
import DenseNetwork
import FrogAndToad
import HDF5
import Terminal

@main
struct Frogtoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "frogtoad",
    abstract: "Make the Frog and Toad experiment: labelled states, small networks trained on them, recordings of their activations.",
    discussion: """
      EXAMPLE
        frogtoad run --preset quick --output demo

      Results go to files, progress and notes to standard error. Exit codes: 0 fine, 1 failed, 2 bad or corrupt file, 3 not enough data, \
      64 usage, 130 interrupted (what was finished is kept).
      """,
    version: toolkitVersion,
    subcommands: [
      GenerateCommand.self, ImportCommand.self, InspectCommand.self, TrainCommand.self, RecordCommand.self, RunCommand.self,
      PlayCommand.self,
    ])

  static func main() {
    Interruption.shared.watch()
    runProgram(Self.self, explain: explain)
  }

  /// The exit code and sentence of an error of the libraries.
  static func explain(_ error: any Error) -> Failure? {
    switch error {
    case let error as RecordingError: Failure(error)
    case let error as StatesFileError: Failure(error.isAboutOutput ? .failed : .badFile, error.description)
    case let error as CheckpointError: Failure(error.isAboutOutput ? .failed : .badFile, error.description)
    case let error as HDF5Error: Failure(error.isAboutOutput ? .failed : .badFile, error.description)
    case let error as CSVError: Failure(.badFile, error.description)
    case let error as GenerationError: Failure(error.isTooFew ? .notEnoughData : .failed, error.description)
    case let error as NetworkError: Failure(.failed, error.description)
    default: nil
    }
  }
}

extension HDF5Error {
  /// Whether a file could not be written, as opposed to read.
  fileprivate var isAboutOutput: Bool {
    switch kind {
    case .noSpace, .writeFailed, .fileExists, .objectExists: true
    default: ["create", "write", "flush", "close"].contains(operation)
    }
  }
}

extension CheckpointError {
  fileprivate var isAboutOutput: Bool {
    switch fault {
    case .exists, .cannotRename: true
    default: false
    }
  }
}

extension StatesFileError {
  fileprivate var isAboutOutput: Bool {
    switch self {
    case .exists, .rename, .unusableRows: true
    default: false
    }
  }
}

extension GenerationError {
  fileprivate var isTooFew: Bool {
    switch self {
    case .tooFewOfClass, .exhausted: true
    case .unusableCount: false
    }
  }
}
