import Files
import Foundation
import HDF5
import Testing

/// Files that no writer made. Each has to end in a sentence, soon, and without memory for what is not there.
@Suite struct HostileFileTests {
  private func fixturePath(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/HDF5/\(name)").path
  }

  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A file made by `body`, closed.
  private func file(_ body: (Group) throws -> Void) throws -> String {
    let path = scratch.path("hostile.h5")
    let file = try File.create(path, overwrite: true)
    try body(file.root)
    try file.close()
    return path
  }

  /// Writes over bytes of a file: those at `offset` from the first place of `pattern`.
  private func damage(_ path: String, at pattern: [UInt8], offset: Int, with bytes: [UInt8]) throws {
    var content = try Data(contentsOf: URL(filePath: path))
    let place = try #require(content.range(of: Data(pattern))).lowerBound + offset
    content.replaceSubrange(place..<place + bytes.count, with: bytes)
    try content.write(to: URL(filePath: path))
  }

  /// A file on which a fuzzer's run ended.
  private func corpus(_ name: String) -> String {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return package.appending(path: "Fuzzing/Corpus/\(name)").path
  }

  @Test("An attribute that points beyond its heap, on which HDF5 1.10 crashes, is damage in words", arguments: [false, true])
  func heapIndex(isPartial: Bool) throws {
    let path = try file { try $0.attributes.set("title", "a recording's title") }
    let heap = try #require(try Data(contentsOf: URL(filePath: path)).range(of: Data("GCOL".utf8))).lowerBound
    // Length, address of the heap, number of the object in it.
    let reference =
      withUnsafeBytes(of: UInt32(19).littleEndian) { Array($0) } + withUnsafeBytes(of: UInt64(heap).littleEndian) { Array($0) }
    try damage(path, at: reference, offset: 12, with: withUnsafeBytes(of: UInt32(Int32.max).littleEndian) { Array($0) })
    let error = try hdf5Error { _ = try (isPartial ? File.openPartial(path) : File.open(path)).root.attributes.string("title") }
    #expect(error.kind == .corruptData || error.kind == .other)
    if error.kind == .corruptData {
      #expect(error.description.hasPrefix("\(path): cannot open the file: its headers are damaged"))
    }
  }

  @Test("An exabyte that was declared and never written takes no memory")
  func declared() throws {
    let path = try file { root in
      _ = try root.createDataset(
        "wide", type: .float32, shape: [200, 1 << 40], chunk: [1, 1000], filters: FilterPipeline([.deflate(level: 1)]))
      _ = try root.createDataset("long", type: .uint8, shape: [1 << 50], maximumShape: [nil], chunk: [4096])
      _ = try root.createDataset("sparse", type: .float32, shape: [1 << 20, 100], chunk: [1, 100])
        .write([Float](repeating: 1, count: 100), rows: 0..<1)
    }
    let root = try File.open(path).root
    let wide = try root.dataset("wide")
    #expect(wide.declarationFault == "declares 200 × 1099511627776 elements, but the file holds 0 bytes of them")
    for name in ["wide", "long", "sparse"] {
      let dataset = try root.dataset(name)
      #expect(try hdf5Error { _ = try dataset.read(as: Float.self) }.kind == .missingData)
      #expect(try hdf5Error { _ = try RowBlocks<Float>(dataset, blockRows: 100) }.kind == .missingData)
      #expect(try hdf5Error { _ = try dataset.contentSHA256() }.kind == .missingData)
    }
  }

  @Test("Zeros that were written compress to little and are no declaration without data")
  func compressible() throws {
    let path = try file { root in
      let zeros = try root.createDataset(
        "zeros", type: .uint8, shape: [0, 64], maximumShape: [nil, 64], chunk: [1 << 18, 64], filters: FilterPipeline([.deflate(level: 9)]))
      let writer = try RowWriter(zeros, as: UInt8.self)
      for _ in 0..<6 { try writer.append([UInt8](repeating: 0, count: 64 << 18)) }
      try writer.finish()
    }
    #expect(
      try File.open(path).root.dataset("zeros").read(rows: (6 << 18) - 1..<6 << 18, as: UInt8.self) == [UInt8](repeating: 0, count: 64))
  }

  @Test("A chunk that no data set needs is refused when the data set is opened")
  func chunkShape() throws {
    let path = try file { root in
      let needless = try root.createDataset("needless", type: .float32, shape: [0, 6], maximumShape: [nil, 6], chunk: [20_000_000, 6])
      try needless.extend(rows: 200)
      #expect(
        try hdf5Error { try root.createDataset("huge", type: .uint8, shape: [0], maximumShape: [nil], chunk: [600 << 20]) }.kind
          == .unsupported)
    }
    #expect(
      try hdf5Error { _ = try File.open(path).root.dataset("needless") }.description
        == "\(path): cannot open /needless: a chunk of it has 480000000 bytes, more than is read here; write smaller chunks (h5repack -l CHUNK)"
    )
  }

  @Test("A small chunk that takes a megabyte of the file is refused before HDF5 inflates it: it could give gigabytes")
  func bomb() throws {
    let path = fixturePath("inflates_to_gigabytes.h5")
    let dataset = try File.open(path).root.dataset("numbers")
    #expect(
      try hdf5Error { _ = try dataset.read(as: Double.self) }.description
        == "\(path): cannot read /numbers: its chunk of rows from 0 on takes 8192 bytes of the file for 800 bytes of data")
  }

  @Test("Ten thousand groups are listed in one pass, in the order of their names")
  func manyGroups() throws {
    let path = try file { root in
      for number in 0..<10_000 { try root.createGroup("layers/x\(number)") }
    }
    let names = try File.open(path).root.group("layers").childNames()
    #expect(names.count == 10_000 && names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test(
    "Damaged headers on which HDF5 1.10 does not come to an end, found by fuzzing, are refused in a sentence",
    arguments: [("recording", "/"), ("network", "model_weights")])
  func endlessHeaders(target: String, damaged: String) throws {
    let path = corpus("\(target)/endless_headers.h5")
    // Without the limit on processor time this takes minutes; how long it takes with it depends on what else the machine does.
    let error = try hdf5Error {
      let group = try File.open(path).root.group(damaged)
      for name in try group.childNames() { _ = try group.group(name) }
    }
    // Later versions of HDF5 open the file, and say of a group that it cannot be read.
    #expect(error.description.hasPrefix("\(path): cannot "))
    if error.description.hasPrefix("\(path): cannot open the file: ") {
      #expect(
        error.description
          == "\(path): cannot open the file: HDF5 has not read its headers after 3 seconds, so they are damaged; copy or write it again")
    }
  }

  @Test(
    "Damaged headers on which HDF5 1.10 crashes when it closes the file, found by fuzzing, are met in the child too",
    arguments: [false, true])
  func crashAtClose(isPartial: Bool) throws {
    let path = corpus("recording/crash_at_close.h5")
    // Later versions of HDF5 may open it, and say what cannot be read.
    let file = try? isPartial ? File.openPartial(path) : File.open(path)
    _ = try? file?.root.childNames()
    try? file?.close()
  }

  @Test(
    "Attributes that cannot be listed were not looked at first: one that is found by its name, and does not end, is not read",
    arguments: [false, true])
  func unlistedAttributes(isPartial: Bool) throws {
    let path = corpus("recording/unlisted_attributes.h5")
    let error = try hdf5Error { _ = try (isPartial ? File.openPartial(path) : File.open(path)).root.attributes.string("schema") }
    #expect(error.description.hasPrefix("\(path): cannot "))
  }
}
