import ActivationRecording
import ArgumentParser
import MirrorAnalysis

/// Names of phases, or all, separated by commas: one argument of `--phase`, which may be repeated.
struct RowSelectionList: ExpressibleByArgument {
  let selections: [RowSelection]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    selections = names.compactMap { RowSelection(name: String($0)) }
    guard selections.count == names.count else { return nil }
  }

  static let allValueStrings = RowSelection.everyOne.map(\.name)
}

extension [RowSelectionList] {
  /// Each selection once, in the order given; the default where none is.
  func selections(default standard: [RowSelection]) -> [RowSelection] {
    var seen: Set<RowSelection> = []
    let given = flatMap(\.selections).filter { seen.insert($0).inserted }
    return given.isEmpty ? standard : given
  }
}
