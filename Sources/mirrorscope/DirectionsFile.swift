import Files
import HDF5
import MirrorAnalysis
import Terminal

/// The file of `direction --write`: of each layer Δself, Δother and their mean direction, and what they were taken from (schemas/directions.md).
struct DirectionsFile {
  static let schema = Schema(name: "mirrorscope-directions", major: 1, minor: 0)

  let rows: [RecordingRow<DirectionRow>]
  /// Paths of the recordings, as given: several that are joined.
  let recordings: [String]

  /// - Parameter bar: says how far the recordings' hashes are.
  func write(to path: String, overwrite: Bool, showing bar: RecordingsBar) throws {
    do {
      let shares = WorkShare(tell: bar.update ?? { _ in }).parts(recordings.map { _ in 1 })
      let sums = try zip(recordings, shares).map { try sha256(ofFile: $0, finished: $1.tell) }
      bar.finish()
      let underWay = try FileUnderWay(path, overwrite: overwrite, beginning: FileSignature.hdf5Beginning, ordinary: true)
      defer { underWay.abandon() }
      let file = try File.create(underWay)
      do {
        try write(to: file.root, sums: sums)
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      try underWay.finish()
    } catch let error as FileError {
      throw Failure(error)
    }
  }

  /// - Parameter sums: SHA-256 of each recording.
  private func write(to root: Group, sums: [String]) throws {
    let attributes = root.attributes
    try attributes.set(Self.schema)
    try attributes.set("complete", 0)
    try attributes.set("creator", "mirrorscope \(toolkitVersion)")
    try attributes.set("command", CommandLine.arguments.dropFirst().joined(separator: " "))
    try attributes.set("files", recordings)
    try attributes.set("files_sha256", sums)
    if let identity = rows.first?.identity {
      try attributes.set("recording", identity.recording)
      if let network = identity.network { try attributes.set("network", network) }
      if let epoch = identity.epoch { try attributes.set("epoch", epoch) }
    }
    let layers = try root.createGroup("layers")
    for (number, row) in rows.map(\.row).enumerated() {
      guard let directions = row.directions else { continue }
      let group = try layers.createGroup(row.layer)
      try group.attributes.set("layer_index", number)
      try group.attributes.set("n", row.rowCount)
      try group.write("delta_self", directions.deltaSelf).seal()
      try group.write("delta_other", directions.deltaOther).seal()
      if let mean = directions.mean { try group.write("direction", mean).seal() }
    }
    try attributes.set("complete", 1)
  }
}
