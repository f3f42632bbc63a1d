import Testing

@testable import HDF5

@Suite struct StringTests {
  let scratch = try! Scratch()

  @Test("Strings from h5py: fixed and variable length, ASCII and UTF-8, each padding")
  func read() throws {
    let strings = try fixture("types.h5").root.group("strings")
    #expect(try strings.dataset("variable_utf8").readStrings() == ["frog", "Kröte", ""])
    #expect(try strings.dataset("variable_ascii").readStrings() == ["frog", "toad", ""])
    #expect(try strings.dataset("fixed_utf8").readStrings() == ["frog", "Kröte", ""])
    #expect(try strings.dataset("fixed_ascii").readStrings() == ["frog", "toads", ""])
    #expect(try strings.dataset("space_padded").readStrings() == ["frog", "a b"])
    #expect(try strings.dataset("scalar").readStrings() == ["one"])
    #expect(try strings.dataset("fixed_ascii").datatype == .string(length: 5))
    #expect(try strings.dataset("variable_utf8").datatype == .string(length: nil))
  }

  @Test("Strings are written at their own length and at a fixed one")
  func write() throws {
    let root = try File.create(scratch.path("s.h5")).root
    let texts = ["frog", "Kröte", ""]
    #expect(try root.writeStrings("variable", texts).readStrings() == texts)
    #expect(try root.writeStrings("fixed", texts, length: 6).readStrings() == texts)
    #expect(try root.writeStrings("scalar", ["one"], shape: []).readStrings() == ["one"])
    #expect(try root.writeStrings("none", []).readStrings() == [])
    let error = try hdf5Error { try root.writeStrings("short", texts, length: 5) }
    #expect(error.kind == .outOfRange)
    #expect(error.reason == "\"Kröte\" is longer than 5 bytes")
    #expect(try hdf5Error { try root.dataset("fixed").writeStrings(["a"]) }.kind == .shapeMismatch)
    #expect(try hdf5Error { try root.write("n", [1.0]).writeStrings(["a"]) }.kind == .typeMismatch)
  }
}
