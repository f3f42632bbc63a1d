import Foundation
import Testing

@testable import HDF5

@Suite struct RowWriterTests {
  let scratch = try! Scratch()
  let values = grid(rows: 103, units: 6)

  private func makeDataset(
    _ file: File, type: Datatype = .float32, chunk: [Int] = [10, 6], filters: FilterPipeline = .standard()
  ) throws -> Dataset {
    try file.root.createDataset("x", type: type, shape: [0, 6], maximumShape: [nil, 6], chunk: chunk, filters: filters)
  }

  @Test("Batches of any size arrive whole and in order", arguments: [1, 3, 10, 25, 103], [1, 4])
  func batches(_ batch: Int, _ threads: Int) throws {
    let path = scratch.path("b-\(batch)-\(threads).h5")
    let file = try File.create(path)
    let writer = try RowWriter(makeDataset(file), as: Float.self, workers: ChunkWorkers(threads: threads), chunksInFlight: 2)
    for start in stride(from: 0, to: 103, by: batch) {
      try writer.append(Array(values[start * 6..<min(start + batch, 103) * 6]))
    }
    try writer.finish()
    try writer.finish()
    #expect(writer.rowCount == 103)
    #expect(try hdf5Error { try writer.append([Float](repeating: 0, count: 6)) }.kind == .closed)
    try file.close()
    let dataset = try File.open(path).root.dataset("x")
    #expect(dataset.shape == [103, 6])
    #expect(try dataset.read(as: Float.self) == values)
    #expect(try dataset.read(as: Float.self, threads: 2) == values)
  }

  @Test("Every pipeline and stored type is written so that HDF5 reads it")
  func pipelines() throws {
    let pipelines: [[Filter]] = [
      [], [.shuffle], [.deflate(level: 1)], [.fletcher32], [.shuffle, .deflate(level: 1), .fletcher32],
      [.fletcher32, .deflate(level: 6)], [.fletcher32, .shuffle, .deflate(level: 9)], [.shuffle, .fletcher32],
    ]
    for (index, filters) in pipelines.enumerated() {
      let dataset = try makeDataset(File.create(scratch.path("p\(index).h5")), filters: FilterPipeline(filters))
      let writer = try RowWriter(dataset, as: Float.self)
      try writer.append(values)
      try writer.finish()
      #expect(try dataset.read(as: Float.self) == values)
    }
    for (index, type) in [Datatype.float16, .float64].enumerated() {
      let dataset = try makeDataset(File.create(scratch.path("t\(index).h5")), type: type)
      let writer = try RowWriter(dataset, as: Float.self)
      try writer.append(values)
      try writer.finish()
      #expect(try dataset.read(as: Float.self) == values)
    }
    let columns = try makeDataset(File.create(scratch.path("c.h5")), chunk: [7, 4])
    let writer = try RowWriter(columns, as: Float.self)
    try writer.append(values)
    try writer.finish()
    #expect(try columns.read(as: Float.self) == values)
  }

  @Test("One dimension, enumerations and bytes")
  func line() throws {
    let root = try File.create(scratch.path("l.h5")).root
    let phase = try root.createDataset(
      "phase", type: .enumeration(["none", "self", "other", "both"]), shape: [0], maximumShape: [nil], chunk: [16],
      filters: .standard())
    let writer = try RowWriter(phase, as: UInt8.self)
    let phases = (0..<100).map { UInt8($0 % 4) }
    try writer.append(phases)
    try writer.finish()
    #expect(try root.dataset("phase").read(as: UInt8.self) == phases)
    #expect(try hdf5Error { _ = try RowWriter(phase, as: Float.self) }.kind == .typeMismatch)
    #expect(try hdf5Error { _ = try RowWriter(root.write("y", [1.0]), as: Double.self) }.kind == .shapeMismatch)
  }

  @Test("The file has the same bytes for any number of threads, with two writers and the file flushed between")
  func deterministic() throws {
    let files = try [1, 2, 5].map { threads in
      let path = scratch.path("t\(threads).h5")
      let file = try File.create(path)
      let workers = ChunkWorkers(threads: threads)
      let writers = try ["a", "b"].map { name in
        try RowWriter(
          file.root.createDataset(
            name, type: .float32, shape: [0, 6], maximumShape: [nil, 6], chunk: [4, 6], filters: .standard()),
          as: Float.self, workers: workers, chunksInFlight: 3)
      }
      for start in stride(from: 0, to: 103, by: 9) {
        for writer in writers { try writer.append(Array(values[start * 6..<min(start + 9, 103) * 6])) }
        if start == 45 { try file.flush() }
      }
      for writer in writers { try writer.finish() }
      try file.close()
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(files[0] == files[1])
    #expect(files[0] == files[2])
  }

  @Test("Stored rows of a flushed file can be read from a copy of it, as after a kill, and writing goes on", arguments: [1, 3])
  func flushed(_ chunksInFlight: Int) throws {
    let path = scratch.path("f\(chunksInFlight).h5")
    let file = try File.create(path)
    let writer = try RowWriter(makeDataset(file), as: Float.self, chunksInFlight: chunksInFlight)
    var written = 0
    for (index, rows) in [7, 5, 30, 1, 60].enumerated() {
      try writer.append(Array(values[written * 6..<(written + rows) * 6]))
      written += rows
      try file.flush()
      let copy = scratch.path("copy-\(chunksInFlight)-\(index).h5")
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      let stored = writer.storedRowCount
      // All but the chunk being filled and those in flight.
      #expect(stored >= written - (chunksInFlight + 1) * 10 && stored <= written)
      #expect(try File.open(copy).root.dataset("x").read(as: Float.self) == Array(values[..<(stored * 6)]))
    }
    try writer.finish()
    #expect(writer.storedRowCount == 103)
    #expect(try file.root.dataset("x").read(as: Float.self, threads: 2) == values)
  }

  @Test("A writer goes on after whole chunks, and refuses to within one")
  func resumed() throws {
    let path = scratch.path("r.h5")
    let first = try RowWriter(makeDataset(File.create(path)), as: Float.self)
    try first.append(Array(values[..<(40 * 6)]))
    try first.finish()
    let dataset = try File.open(path, writable: true).root.dataset("x")
    let second = try RowWriter(dataset, as: Float.self)
    #expect(second.rowCount == 40)
    try second.append(Array(values[(40 * 6)...]))
    try second.finish()
    #expect(try dataset.read(as: Float.self) == values)
    #expect(try hdf5Error { _ = try RowWriter(dataset, as: Float.self) }.reason == "its 103 rows end within a chunk of 10")
  }

  @Test("The last chunk is padded with zeros: rows added later read as zeros")
  func padding() throws {
    let dataset = try makeDataset(File.create(scratch.path("z.h5")))
    let writer = try RowWriter(dataset, as: Float.self, chunksInFlight: 1)
    try writer.append(values)
    try writer.finish()
    try dataset.extend(rows: 110)
    #expect(try dataset.read(rows: 103..<110, as: Float.self) == [Float](repeating: 0, count: 42))
  }

  @Test("Told that it will finish, a writer hands over its last rows once and takes no more")
  func preparing() throws {
    let dataset = try makeDataset(File.create(scratch.path("e.h5")))
    let writer = try RowWriter(dataset, as: Float.self, workers: ChunkWorkers(threads: 2), chunksInFlight: 16)
    try writer.append(values)
    try writer.prepareToFinish()
    try writer.prepareToFinish()
    #expect(writer.storedRowCount == 0)
    #expect(try hdf5Error { try writer.append([Float](repeating: 0, count: 6)) }.kind == .closed)
    try writer.finish()
    #expect(try dataset.read(as: Float.self) == values)
  }

  @Test("A part of a row is refused, and nothing is lost by it")
  func partOfRow() throws {
    let dataset = try makeDataset(File.create(scratch.path("q.h5")))
    let writer = try RowWriter(dataset, as: Float.self)
    try writer.append(Array(values[..<12]))
    #expect(try hdf5Error { try writer.append([1, 2, 3]) }.reason == "3 values are no whole number of rows of 6")
    try writer.append(Array(values[12..<30]))
    try writer.finish()
    #expect(try dataset.read(as: Float.self) == Array(values[..<30]))
  }

  @Test("A full disk stops the writer, stays its error, and leaves the rows before readable", arguments: [0, 1, 4])
  func fullDisk(_ writes: Int) throws {
    let path = scratch.path("d\(writes).h5")
    let file = try File.create(path)
    let dataset = try makeDataset(file)
    let writer = try RowWriter(dataset, as: Float.self, chunksInFlight: 2)
    WriteFault.inject(afterWrites: writes, file: path)
    defer { WriteFault.clear(file: path) }
    let error = try hdf5Error {
      try writer.append(values)
      try writer.finish()
    }
    #expect(error.kind == .noSpace)
    #expect(error.description == "\(path): cannot write /x: no space left on the device")
    WriteFault.clear(file: path)
    #expect(try hdf5Error { try writer.append(values) } == error)
    #expect(try hdf5Error { try writer.finish() } == error)
    #expect(dataset.shape == [writes * 10, 6])
    try file.close()
    #expect(try File.open(path).root.dataset("x").read(as: Float.self) == Array(values[..<(writes * 60)]))
  }
}
