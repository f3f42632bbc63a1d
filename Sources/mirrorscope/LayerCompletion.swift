import ActivationRecording
import ArgumentParser
import Foundation

extension CompletionKind {
  /// The layers of the recordings that stand on the command line so far.
  static let layers = CompletionKind.custom { arguments, _, _ in layerNames(in: arguments) }

  /// These with a colon behind, to which numbers of units are added.
  static let layerUnits = CompletionKind.custom { arguments, _, _ in layerNames(in: arguments).map { $0 + ":" } }

  private static func layerNames(in arguments: [String]) -> [String] {
    var names: [String] = []
    for path in arguments
    where [".h5", ".hdf5"].contains(where: path.lowercased().hasSuffix) && FileManager.default.fileExists(atPath: path) {
      for name in (try? Recording.layerNames(path: path)) ?? [] where !names.contains(name) { names.append(name) }
    }
    return names
  }
}
