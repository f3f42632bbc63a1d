import ActivationRecording
import ArgumentParser
import Foundation
import Parallelism
import Terminal

/// The recordings to read and what of them.
struct RecordingOptions: ParsableArguments {
  @Argument(help: "Recordings to read.", completion: .file(extensions: ["h5", "hdf5"]))
  var recordings: [String]

  @Option(name: .long, help: ArgumentHelp("Only layers whose name matches, such as 'dense_[12]'.", valueName: "glob"))
  var layers = "*"

  @Flag(name: .customLong("no-partner-filter"), help: "Keep self and other rows in which the undistressed partner is not seen acting.")
  var noPartnerFilter = false

  var partnerFilter: Bool { !noPartnerFilter }

  /// Whether `--layers` asks for a layer of that name.
  func matches(_ name: String) -> Bool { fnmatch(layers, name, 0) == 0 }

  func open(_ path: String) throws -> Recording {
    let recording = try Recording(path: path) { matches($0) }
    guard !recording.layers.isEmpty else {
      let names = try Recording(path: path, layers: { _ in true }).layers.map(\.name).joined(separator: ", ")
      throw Failure(.failed, "\(path): no layer matches --layers '\(layers)'; it has \(names).")
    }
    return recording
  }

  /// Makes the rows of each recording and hands them on in the order of the command line.
  ///
  /// Several recordings are read at once, one per thread; a single one gets all threads.
  func forEachRecording<Row: Sendable>(
    threads: Int, rows: @escaping @Sendable (Recording, _ threads: Int) throws -> [Row], take: ([Row]) throws -> Void
  ) throws {
    // Rows wait in memory until those before them are written: not for longer than one window.
    let window = threads * 4
    for start in stride(from: 0, to: recordings.count, by: window) {
      let paths = Array(recordings[start..<min(start + window, recordings.count)])
      let inner = paths.count == 1 ? threads : 1
      for rows in try mapBlocks(count: paths.count, threads: threads, { try rows(open(paths[$0]), inner) }) { try take(rows) }
    }
  }
}
