import ActivationRecording
import ChunkCodec
import DenseNetwork
import FrogAndToad
import HDF5

/// The first five bytes choose filters, sizes and the mask; the rest is the stored chunk.
func decodeChunk(_ bytes: UnsafeRawBufferPointer) {
  guard bytes.count >= 5 else { return }
  let pipelines: [[Filter]] = [
    [.shuffle, .deflate(level: 1)], [.shuffle, .deflate(level: 1), .fletcher32], [.deflate(level: 6)], [.fletcher32], [.shuffle],
    [.deflate(level: 1), .deflate(level: 1)], [.shuffle, .shuffle, .deflate(level: 9)], [],
  ]
  let filters = pipelines[Int(bytes[0]) % pipelines.count]
  let elementSize = [1, 2, 3, 4, 8, 16][Int(bytes[1]) % 6]
  let size = Int(bytes[2]) << 8 | Int(bytes[3])
  guard let codec = ChunkCodec(filters: FilterPipeline(filters), elementSize: elementSize, chunkByteCount: size) else { return }
  let stored = UnsafeRawBufferPointer(rebasing: bytes[5...])
  // Memory of exactly a chunk, so that a byte beyond it is seen.
  let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
  defer { target.deallocate() }
  try? codec.decode(stored, filterMask: UInt32(bytes[4]), into: target)
  guard size > 0 else { return }
  // What was written comes back, whatever it is.
  let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
  let encoded = UnsafeMutableRawBufferPointer.allocate(byteCount: codec.encodedCapacity, alignment: 1)
  defer {
    chunk.deallocate()
    encoded.deallocate()
  }
  for index in 0..<size { chunk[index] = stored.isEmpty ? 0 : stored[index % stored.count] }
  guard let (count, mask) = try? codec.encode(UnsafeRawBufferPointer(chunk), into: encoded) else { return }
  try? codec.decode(UnsafeRawBufferPointer(rebasing: encoded[..<count]), filterMask: mask, into: target)
  precondition(target.elementsEqual(chunk), "a chunk came back changed")
}

/// A whole recording: its structure, its columns, its parameters, all its blocks.
func readRecording(_ bytes: UnsafeRawBufferPointer) {
  withFile(bytes, suffix: ".h5") { path in
    // While it is open here no other opening of it starts the child that reads headers first: one for each input is enough.
    guard let file = try? File.open(path) else { return }
    defer { try? file.close() }
    if let recording = (try? Recording.structuralFaults(path: path))?.recording { _ = recording.columnFaults() }
    guard let view = try? RecordingView(path: path) else { return }
    _ = try? view.phases
    _ = try? view.unfilteredPhases
    _ = try? view.labels
    _ = try? view.predictions
    _ = try? view.partnerActing
    _ = try? view.strata
    _ = try? view.pairs
    _ = try? view.split
    for name in view.first.rowColumnNames { _ = try? view.rowColumn(name) }
    if view.rowCount > 0 { _ = try? view.inputs(rows: 0..<min(view.rowCount, 4096), as: Double.self) }
    for layer in view.layers {
      _ = try? view.kernel(of: layer)
      _ = try? view.bias(of: layer)
      var sum = 0.0
      try? view.mapBlocks(of: layer, threads: 1) { (_, values: UnsafeBufferPointer<Double>) in
        values.reduce(0, +)
      } take: {
        sum += $0
      }
    }
  }
}

/// States, a checkpoint, a training state or a network of Keras: each reader refuses what is not its own.
func readStatesOrNetwork(_ bytes: UnsafeRawBufferPointer) {
  withFile(bytes, suffix: ".h5") { path in
    guard let file = try? File.open(path) else { return }
    defer { try? file.close() }
    if let states = try? StatesFile(path, threads: 1) {
      for split in FrogAndToad.Split.allCases where states.count(split) <= 1 << 20 { _ = try? states.rows(split) }
      _ = try? states.computedHash()
    }
    _ = try? Checkpoint.open(path)
    _ = try? SavedTraining.read(from: path)
    _ = Checkpoint.candidate(path)
  }
}

func importCSV(_ bytes: UnsafeRawBufferPointer) {
  withFile(bytes, suffix: ".csv") { path in
    _ = try? readAuthorCSV(path, blockRows: 64) { rows in precondition(rows.states.count == rows.count * 100, "a row is short") }
  }
}
