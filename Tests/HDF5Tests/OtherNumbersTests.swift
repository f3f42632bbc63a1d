import Foundation
import Testing

@testable import HDF5

/// Number types of other writers, from `make_unusual.py`.
@Suite struct OtherNumbersTests {
  @Test("Each of the 65,536 bfloat16 numbers is the float32 of which it is the upper half")
  func bfloat16() throws {
    let dataset = try fixture("numbers.h5").root.dataset("bfloat16")
    #expect(dataset.datatype == .bfloat16)
    #expect(dataset.datatype.mantissaBits == 7)
    #expect("\(dataset.datatype)" == "bfloat16")
    let expected = (0..<UInt32(1 << 16)).map { Float(bitPattern: $0 << 16) }
    let floats = try dataset.read(as: Float.self)
    let doubles = try dataset.read(as: Double.self)
    for (index, value) in expected.enumerated() {
      let isEqual = value.isNaN ? floats[index].isNaN && doubles[index].isNaN : floats[index] == value && doubles[index] == Double(value)
      #expect(isEqual, "\(index)")
    }
  }

  @Test("A float of eight bits converts as its fields say")
  func float8() throws {
    let dataset = try fixture("numbers.h5").root.dataset("float8")
    #expect(dataset.datatype == .float(FloatFormat(byteCount: 1, exponentBits: 5, exponentBias: 15, mantissaBits: 2)))
    #expect("\(dataset.datatype)" == "8-bit float with 5 bits of exponent and 2 of mantissa")
    let values = try dataset.read(as: Float.self)
    // 0x3c is 1, 0x3d 1.25, 0x01 the smallest, 0x7c infinite, 0xbc −1.
    #expect([0x3c, 0x3d, 0x01, 0x7c, 0xbc].map { values[$0] } == [1, 1.25, 0x1p-16, .infinity, -1])
  }

  @Test("bfloat16 is written as others read it")
  func writing() throws {
    let scratch = try Scratch()
    let root = try File.create(scratch.path("b.h5")).root
    let dataset = try root.write("b", [Float(1), 0.3, -2.5e30], type: .bfloat16)
    #expect(dataset.datatype == .bfloat16)
    #expect(try dataset.read(as: Float.self) == [1, 0.30078125, Float(bitPattern: Float(-2.5e30).bitPattern & 0xffff_0000)])
  }

  @Test("Bit fields of one byte are integers; wider ones are no numbers")
  func bitFields() throws {
    let root = try fixture("numbers.h5").root
    let bits = try root.dataset("bits")
    #expect(bits.datatype == .bitField(byteCount: 1))
    #expect(try bits.read(as: UInt8.self) == [0, 1, 255, 1])
    #expect(try bits.read(rows: 1..<3, as: Int32.self) == [1, 255])
    #expect(try bits.read(as: Float.self) == [0, 1, 255, 1])
    #expect(try bits.read(as: UInt8.self, threads: 2) == [0, 1, 255, 1])
    #expect(try hdf5Error { _ = try bits.read(as: Int8.self) }.kind == .outOfRange)
    #expect(try root.attributes.integer("bit") == 1)
    let wide = try hdf5Error { _ = try root.dataset("wide_bits").read(as: UInt16.self) }
    #expect(wide.reason == "its type is bit field of 2 bytes, which does not convert to UInt16")
  }

  @Test("Booleans are recognised by their names")
  func booleans() throws {
    #expect(try fixture("numbers.h5").root.dataset("boolean").datatype.isBoolean)
    #expect(!Datatype.enumeration(["none", "self"]).isBoolean)
    #expect(!Datatype.enumeration(["TRUE", "FALSE"]).isBoolean)
    #expect(!Datatype.uint8.isBoolean)
  }
}
