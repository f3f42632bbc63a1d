import Foundation
import Testing

@testable import HDF5

@Suite struct ConversionTests {
  let scratch = try! Scratch()

  private func numbers(_ name: String) throws -> Dataset {
    try fixture("types.h5").root.dataset("numbers/\(name)")
  }

  static let stored = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"].flatMap { ["\($0)_little", "\($0)_big"] }

  @Test("Every stored number, of either byte order, reads as Float and Double", arguments: stored)
  func asFloats(_ name: String) throws {
    #expect(try numbers(name).read(as: Float.self) == [0, 1, 2, 100])
    #expect(try numbers(name).read(as: Double.self) == [0, 1, 2, 100])
  }

  @Test("Every stored integer that fits reads as every integer type", arguments: stored.filter { !$0.hasPrefix("f") })
  func asIntegers(_ name: String) throws {
    let dataset = try numbers(name)
    #expect(try dataset.read(as: Int8.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: Int16.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: Int32.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: Int64.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: Int.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: UInt8.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: UInt16.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: UInt32.self) == [0, 1, 2, 100])
    #expect(try dataset.read(as: UInt64.self) == [0, 1, 2, 100])
  }

  @Test("float64 read as Float rounds, overflows to infinity, keeps NaN and stays inside its buffer")
  func narrowFloats() throws {
    let dataset = try numbers("f8_wide")
    var memory = [Float](repeating: -7, count: 9)
    try memory.withUnsafeMutableBufferPointer { buffer in
      try dataset.read(rows: 0..<5, into: UnsafeMutableBufferPointer(rebasing: buffer[2..<7]))
    }
    #expect(memory[0...1] == [-7, -7])
    #expect(memory[7...8] == [-7, -7])
    #expect(memory[2] == Float(0.1))
    #expect(memory[3] == .infinity)
    #expect(memory[4] == -.infinity)
    #expect(memory[5].isNaN)
    #expect(memory[6] == .infinity)
  }

  @Test("int64 read as a float gives the nearest one")
  func inexact() throws {
    let dataset = try numbers("i8_wide")
    #expect(try dataset.read(as: Float.self) == [16_777_216, -9_007_199_254_740_992, 4_611_686_018_427_387_904])
    #expect(try dataset.read(as: Double.self) == [16_777_217, -9_007_199_254_740_992, 4_611_686_018_427_387_904])
    #expect(try dataset.read(as: Int64.self)[1] == -9_007_199_254_740_993)
  }

  @Test("An integer that does not fit throws and names its value and row; it is never clamped")
  func outOfRange() throws {
    let error = try hdf5Error { _ = try numbers("i4_wide").read(as: UInt8.self) }
    #expect(error.kind == .outOfRange)
    #expect(error.description.hasSuffix("cannot read /numbers/i4_wide: the value 300 in row 1 does not fit into UInt8"))
    #expect(try numbers("i4_wide").read(rows: 0..<1, as: UInt8.self) == [1, 2])
    #expect(try numbers("i4_wide").read(as: Int16.self) == [1, 2, 300, -1])
    let huge = try hdf5Error { _ = try numbers("u8_wide").read(as: Int.self) }
    #expect(huge.reason == "the value 18446744073709551615 in row 0 does not fit into Int")
    #expect(try numbers("u8_wide").read(as: UInt64.self) == [.max])
  }

  @Test("Floats are not read as integers, nor text and structures as numbers")
  func mismatches() throws {
    let root = try fixture("types.h5").root
    #expect(try hdf5Error { _ = try numbers("f8_little").read(as: Int.self) }.kind == .typeMismatch)
    let text = try hdf5Error { _ = try root.dataset("strings/fixed_ascii").read(as: Float.self) }
    #expect(text.kind == .typeMismatch)
    #expect(text.reason == "its type is string of 5 bytes, which does not convert to Float")
    #expect(try hdf5Error { _ = try root.dataset("strings/variable_utf8").read(as: UInt8.self) }.kind == .typeMismatch)
    #expect(try hdf5Error { _ = try root.dataset("compound").read(as: Float.self) }.reason.hasPrefix("its type is compound"))
    #expect(try hdf5Error { _ = try numbers("i4_little").readStrings() }.kind == .typeMismatch)
  }

  @Test("An enumeration reads as its integers, and its names are known")
  func enumerations() throws {
    let root = try fixture("types.h5").root
    let phase = try root.dataset("phase")
    #expect(phase.datatype == .enumeration(["none", "self", "other", "both"]))
    #expect(try phase.read(as: UInt8.self) == [0, 1, 2, 3, 1])
    #expect(try phase.read(as: Int32.self) == [0, 1, 2, 3, 1])
    #expect(try phase.read(as: Float.self) == [0, 1, 2, 3, 1])
    #expect(try phase.read(rows: 2..<4, as: UInt8.self) == [2, 3])
    let wide = try root.dataset("wide_enumeration")
    #expect(try wide.read(as: Int16.self) == [-5, 300])
    #expect(try hdf5Error { _ = try wide.read(as: Int8.self) }.kind == .outOfRange)
    guard case .enumeration(.int16, let members) = wide.datatype else {
      Issue.record("\(wide.datatype)")
      return
    }
    #expect(Set(members.map { "\($0.name)=\($0.value)" }) == ["low=-5", "high=300"])
    #expect(try root.dataset("flags").read(as: UInt8.self) == [1, 0, 1])
  }

  @Test("Shapes: a single value, three dimensions, no rows, no space at all")
  func shapes() throws {
    #expect(try numbers("scalar").shape == [])
    #expect(try numbers("scalar").read(as: Float.self) == [2.5])
    #expect(try hdf5Error { _ = try numbers("scalar").read(rows: 0..<1, as: Float.self) }.kind == .shapeMismatch)
    #expect(try numbers("cube").shape == [2, 3, 4])
    #expect(try numbers("cube").read(rows: 1..<2, as: Int.self) == Array(12..<24))
    #expect(try hdf5Error { _ = try numbers("cube").read(as: Int.self, rank: 2) }.reason == "it has 3 dimensions, not 2")
    #expect(try numbers("cube").read(as: UInt8.self, rank: 3).count == 24)
    #expect(try numbers("empty").read(as: Float.self) == [])
    #expect(try numbers("empty").read(rows: 0..<0, as: Float.self) == [])
    #expect(try numbers("nothing").read(as: Float.self) == [])
  }

  @Test("Rows outside the data set and a buffer of the wrong size throw", arguments: [-1..<1, 1..<5, 5..<6])
  func rows(_ rows: Range<Int>) throws {
    let error = try hdf5Error { _ = try numbers("f4_little").read(rows: rows, as: Float.self) }
    #expect(error.kind == .outOfRange)
    #expect(error.reason == "rows \(rows.lowerBound)..<\(rows.upperBound) of 4")
    var memory = [Float](repeating: 0, count: 3)
    let small = try hdf5Error {
      try memory.withUnsafeMutableBufferPointer { try numbers("f4_little").read(rows: 0..<4, into: $0) }
    }
    #expect(small.kind == .shapeMismatch)
  }

  @Test(
    "Every type is written and read back",
    arguments: [
      Datatype.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16, .float32, .float64,
      .enumeration(["a", "b", "c"]), .enumeration(base: .int32, members: [.init(name: "x", value: 1)]),
    ])
  func written(_ type: Datatype) throws {
    let root = try File.create(scratch.path("\(UUID()).h5")).root
    let dataset = try root.write("x", [Int16(0), 1, 2, 100], shape: [2, 2], type: type)
    #expect(try root.dataset("x").datatype == type)
    #expect(try dataset.read(as: Double.self) == [0, 1, 2, 100])
    try dataset.write([UInt64(3), 4], rows: 1..<2)
    #expect(try dataset.read(as: Float.self) == [0, 1, 3, 4])
  }

  @Test("Writing an integer that the stored type cannot hold throws, and writes nothing")
  func writtenOutOfRange() throws {
    let root = try File.create(scratch.path("w.h5")).root
    let bytes = try root.write("bytes", [UInt8](repeating: 9, count: 4), shape: [2, 2])
    let error = try hdf5Error { try bytes.write([1, 2, 3, 256], rows: 0..<2) }
    #expect(error.kind == .outOfRange)
    #expect(error.reason == "the value 256 for row 1 does not fit into uint8")
    #expect(try hdf5Error { try bytes.write([Int8(-1)] + [1, 2, 3]) }.kind == .outOfRange)
    #expect(try hdf5Error { try bytes.write([1.0, 2, 3, 4]) }.kind == .typeMismatch)
    #expect(try hdf5Error { try bytes.write([UInt8(1)]) }.kind == .shapeMismatch)
    #expect(try bytes.read(as: UInt8.self) == [9, 9, 9, 9])
    #expect(
      try hdf5Error { try root.write("e", [1], type: .enumeration(base: .int8, members: [.init(name: "a", value: 200)])) }
        .reason == "a = 200 does not fit into int8")
  }

  @Test("A data set grows by rows, its new rows are zeros, and parts are rewritten in place")
  func hyperslabs() throws {
    let root = try File.create(scratch.path("g.h5")).root
    let dataset = try root.createDataset(
      "x", type: .float32, shape: [0, 3], maximumShape: [nil, 3], chunk: [4, 3], filters: .standard(level: 6))
    try dataset.extend(rows: 7)
    try dataset.write((0..<9).map { Float($0) }, rows: 2..<5)
    #expect(dataset.shape == [7, 3])
    #expect(try dataset.read(as: Float.self) == [0, 0, 0, 0, 0, 0] + (0..<9).map { Float($0) } + [0, 0, 0, 0, 0, 0])
    try dataset.write([Float](repeating: -1, count: 3), rows: 4..<5)
    #expect(try dataset.read(rows: 3..<6, as: Float.self) == [3, 4, 5, -1, -1, -1, 0, 0, 0])
    let opened = try root.dataset("x")
    #expect(opened.chunkShape == [4, 3])
    #expect(opened.maximumShape == [nil, 3])
    #expect(opened.filters == FilterPipeline([.shuffle, .deflate(level: 6), .fletcher32]))
    let fixed = try root.createDataset("y", type: .float32, shape: [2])
    #expect(throws: HDF5Error.self) { try fixed.extend(rows: 3) }
    #expect(try hdf5Error { try root.createDataset("z", type: .int8, shape: [2], filters: .standard()) }.kind == .shapeMismatch)
  }
}
