import Testing

@testable import HDF5

@Suite struct AttributeTests {
  let scratch = try! Scratch()

  @Test("Text from h5py, of fixed and variable length, empty and longer than an object header")
  func text() throws {
    let attributes = try fixture("types.h5").root.group("attributes").attributes
    #expect(try attributes.string("text") == "Kröte")
    #expect(try attributes.string("text_fixed") == "frog")
    #expect(try attributes.string("text_empty") == "")
    #expect(try attributes.strings("text_array") == ["a", "bc"])
    #expect(try attributes.string("long_text")?.count == 66_000)
    #expect(try hdf5Error { _ = try attributes.string("text_array") }.kind == .shapeMismatch)
  }

  @Test("Numbers and booleans from h5py")
  func numbers() throws {
    let attributes = try fixture("types.h5").root.group("attributes").attributes
    #expect(try attributes.integer("integer") == 42)
    #expect(try attributes.integer("integer32") == -7)
    #expect(try attributes.integer("integer_big") == 513)
    #expect(try attributes.integer("one_element") == 9)
    #expect(try attributes.integer("yes") == 1)
    #expect(try attributes.integer("no") == 0)
    #expect(try attributes.integers("integers") == [1, 2, 3])
    #expect(try attributes.integers("empty") == [])
    #expect(try attributes.double("float") == 0.1)
    #expect(try attributes.double("float32") == 0.5)
    #expect(try attributes.double("float16") == 0.25)
    #expect(try attributes.double("integer") == 42)
    #expect(try attributes.doubles("matrix") == [1.5, 2.5, 3.5, 4.5])
    #expect(try attributes.datatype(of: "float16") == .float16)
  }

  @Test("An absent attribute is nil; another kind, number of values or range throws")
  func mismatches() throws {
    let file = try fixture("types.h5")
    let attributes = try file.root.group("attributes").attributes
    #expect(try attributes.string("absent") == nil)
    #expect(try attributes.integer("absent") == nil)
    #expect(try attributes.doubles("absent") == nil)
    #expect(try attributes.datatype(of: "absent") == nil)
    #expect(try !attributes.contains("absent"))
    let error = try hdf5Error { _ = try attributes.integer("text") }
    #expect(error.kind == .typeMismatch)
    #expect(
      error.description
        == "\(file.path): cannot read attribute text of /attributes: its type is string, which does not convert to Int")
    #expect(try hdf5Error { _ = try attributes.integer("float") }.kind == .typeMismatch)
    #expect(try hdf5Error { _ = try attributes.string("integer") }.kind == .typeMismatch)
    #expect(try hdf5Error { _ = try attributes.integer("integers") }.kind == .shapeMismatch)
    #expect(try hdf5Error { _ = try attributes.integer("empty") }.kind == .shapeMismatch)
    #expect(try hdf5Error { _ = try attributes.integer("unsigned") }.kind == .outOfRange)
  }

  @Test("Attributes are set, replaced by another kind, listed in order and removed")
  func written() throws {
    let path = scratch.path("a.h5")
    let file = try File.create(path)
    let attributes = try file.root.createGroup("g").attributes
    try attributes.set("seed", "old")
    try attributes.set("seed", 7)
    try attributes.set("loss", 0.037)
    try attributes.set("title", "Frösche")
    try attributes.set("empty", "")
    try attributes.set("names", ["a", "", "ccc"])
    try attributes.set("sizes", [17, 17, 4])
    try attributes.set("none", [Int]())
    try attributes.set("rates", [0.5, 0.25])
    try attributes.set("json", String(repeating: "{}", count: 50_000))
    try attributes.set("gone", 1)
    try attributes.remove("gone")
    try attributes.remove("gone")
    try file.root.write("x", [1.0]).attributes.set("units", "a.u.")
    try file.close()

    let root = try File.open(path).root
    let read = try root.group("g").attributes
    #expect(try read.names() == ["empty", "json", "loss", "names", "none", "rates", "seed", "sizes", "title"])
    #expect(try read.integer("seed") == 7)
    #expect(try read.double("loss") == 0.037)
    #expect(try read.string("title") == "Frösche")
    #expect(try read.string("empty") == "")
    #expect(try read.strings("names") == ["a", "", "ccc"])
    #expect(try read.integers("sizes") == [17, 17, 4])
    #expect(try read.integers("none") == [])
    #expect(try read.doubles("rates") == [0.5, 0.25])
    #expect(try read.string("json")?.count == 100_000)
    #expect(try root.dataset("x").attributes.string("units") == "a.u.")
  }

  @Test("A string with a zero byte is refused rather than cut")
  func zeroByte() throws {
    let attributes = try File.create(scratch.path("z.h5")).root.attributes
    #expect(try hdf5Error { try attributes.set("a", "b\0c") }.kind == .outOfRange)
  }
}
