import ActivationRecording
import ArgumentParser
import Files
import Foundation
import MirrorAnalysis
import Terminal

/// The recordings to read and what of them.
struct RecordingOptions: ParsableArguments {
  @Argument(help: "Recordings to read.", completion: .file(extensions: ["h5", "hdf5"]))
  var recordings: [String]

  @Option(
    name: .long, help: ArgumentHelp("Only layers whose name matches, such as 'dense_[12]'.", valueName: "glob"),
    completion: .layers)
  var layers = "*"

  @Flag(name: .customLong("no-partner-filter"), help: "Keep self and other rows in which the undistressed partner is not seen acting.")
  var noPartnerFilter = false

  @Flag(name: .long, help: "Take all recordings as one, rows in the order given.")
  var join = false

  @Flag(name: .long, help: "With --join: equal strata and pairs of different recordings are the same.")
  var joinStrata = false

  @Option(
    name: .long,
    help: ArgumentHelp("Only rows that meet a condition, such as 'position == -1'; may be repeated.", valueName: "condition"),
    transform: { try RowCondition($0) })
  var `where`: [RowCondition] = []

  @Option(name: .long, help: ArgumentHelp("Column whose values tell the phases, in place of /phase.", valueName: "name"))
  var phaseColumn: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Its values that stand for phases, such as none=neutral,self=me,other=them.", valueName: "phase=value,…"))
  var phaseNames: PhaseNames?

  @Option(name: .long, help: ArgumentHelp("Column whose values are the strata, in place of /stratum.", valueName: "name"))
  var stratumColumn: String?

  @Option(name: .long, help: ArgumentHelp("Column whose values are the pairs, in place of /pair.", valueName: "name"))
  var pairColumn: String?

  func validate() throws {
    // From here on no output can take their place.
    InputFiles.declare(recordings)
    if joinStrata && !join { throw ValidationError("--join-strata goes with --join.") }
    if phaseNames != nil && phaseColumn == nil { throw ValidationError("--phase-names goes with --phase-column.") }
    let repeated = Dictionary(grouping: recordings) { $0 }.first { $0.value.count > 1 }
    if join, let repeated {
      throw ValidationError("--join takes each recording once; \(repeated.key) is given \(repeated.value.count) times.")
    }
  }

  /// What is seen of each recording.
  var selection: RecordingSelection {
    var selection = RecordingSelection()
    selection.partnerFilter = !noPartnerFilter
    if let phaseColumn { selection.phases = .column(phaseColumn, names: phaseNames?.phases) }
    selection.stratumColumn = stratumColumn
    selection.pairColumn = pairColumn
    selection.condition = `where`.first.map { first in `where`.dropFirst().reduce(first) { .and($0, $1) } }
    selection.joinsStrata = joinStrata
    return selection
  }

  /// What is one recording to an analysis: each path, or all of them joined.
  var groups: [[String]] { join ? [recordings] : recordings.map { [$0] } }

  /// Whether `--layers` asks for a layer of that name.
  func matches(_ name: String) -> Bool { fnmatch(layers, name, 0) == 0 }
}

/// Values of a column that stand for phases, as `none=neutral,self=me,other=them`; a phase may have several values.
struct PhaseNames: ExpressibleByArgument {
  let phases: [String: Phase]

  init?(argument: String) {
    var phases: [String: Phase] = [:]
    for entry in argument.split(separator: ",") {
      let sides = entry.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2, let phase = Phase(name: sides[0]), phases.updateValue(phase, forKey: sides[1]) == nil else { return nil }
    }
    guard !phases.isEmpty else { return nil }
    self.phases = phases
  }
}
