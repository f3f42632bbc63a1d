import Foundation
import Terminal

/// How far a command is with its recordings, as a share of the bytes of their files.
struct RecordingsBar: Sendable {
  private let bar: ProgressBar
  private let bytes: Int

  init(_ title: String, paths: [String], _ common: CommonOptions) {
    bar = ProgressBar(title, unit: .bytes, quiet: common.quiet)
    bytes =
      !bar.isVisible
      ? 0 : paths.reduce(1) { $0 + ((try? FileManager.default.attributesOfItem(atPath: $1)[.size] as? Int) ?? 0) }
    bar.update(done: 0, total: bytes)
  }

  /// Takes the share that is done, from any thread; nil where nobody sees it.
  var update: (@Sendable (Double) -> Void)? {
    guard bar.isVisible else { return nil }
    return { [bar, bytes] share in bar.update(done: Int(share * Double(bytes)), total: bytes) }
  }

  func finish() { bar.finish() }
}

extension RecordingOptions {
  func progressBar(_ title: String, _ common: CommonOptions) -> RecordingsBar { RecordingsBar(title, paths: recordings, common) }
}
