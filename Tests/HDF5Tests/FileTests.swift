import Foundation
import Testing

@testable import HDF5

@Suite struct FileTests {
  let scratch = try! Scratch()

  @Test("A file is created, closed and opened again with its groups")
  func groups() throws {
    let file = try File.create(scratch.path("a.h5"))
    try file.root.createGroup("layers/dense_1")
    try file.root.group("layers").createGroup("dense_2")
    try file.root.write("sample", [Int64(1), 2])
    try file.close()

    let root = try File.open(scratch.path("a.h5")).root
    #expect(try root.childNames() == ["layers", "sample"])
    #expect(try root.group("layers").childNames() == ["dense_1", "dense_2"])
    #expect(try root.group("layers/dense_2").path == "/layers/dense_2")
    #expect(try root.kind(of: "layers/dense_1") == .group)
    #expect(try root.kind(of: "sample") == .dataset)
    #expect(try root.contains("layers/dense_1"))
    #expect(try !root.contains("layers/dense_3"))
    #expect(try !root.contains("layer/dense_1"))
    #expect(try !root.group("layers/dense_1").contains("x/y"))
  }

  @Test("Creating over a file needs overwrite, and overwrite starts empty")
  func overwrite() throws {
    let path = scratch.path("a.h5")
    try File.create(path).root.createGroup("old")
    let error = try hdf5Error { _ = try File.create(path) }
    #expect(error.kind == .fileExists)
    #expect(error.description == "\(path): cannot create the file: it exists already")
    #expect(try File.create(path, overwrite: true).root.childNames() == [])
  }

  @Test("A data set keeps its file open; closing the file makes it throw")
  func lifetime() throws {
    let path = scratch.path("a.h5")
    try File.create(path).root.write("x", [1.5, 2.5])
    let dataset = try File.open(path).root.dataset("x")
    #expect(try dataset.read(as: Double.self) == [1.5, 2.5])
    try dataset.file.close()
    try dataset.file.close()
    let error = try hdf5Error { _ = try dataset.read(as: Double.self) }
    #expect(error.kind == .closed)
  }

  @Test("Nothing stays open after a scope in which errors were thrown")
  func leaks() throws {
    let file = try fixture("types.h5")
    let counts = try withLibrary { library in
      try useEverything(of: file)
      let before = library.openIdentifierCount()
      try useEverything(of: file)
      return (before, library.openIdentifierCount())
    }
    #expect(counts.0 > 0)
    #expect(counts.0 == counts.1)
    #expect(try file.openObjectCount() == 0)
  }

  private func useEverything(of file: File) throws {
    let root = try file.root
    #expect(throws: HDF5Error.self) { try root.dataset("numbers/missing") }
    #expect(throws: HDF5Error.self) { try root.dataset("numbers") }
    #expect(throws: HDF5Error.self) { try root.group("phase") }
    #expect(throws: HDF5Error.self) { try root.dataset("compound").read(as: Float.self) }
    #expect(throws: HDF5Error.self) { try root.dataset("numbers/i4_wide").read(as: UInt8.self) }
    #expect(throws: HDF5Error.self) { try root.dataset("phase").write([UInt8(0)]) }
    #expect(throws: HDF5Error.self) { try root.dataset("phase").write([UInt8](repeating: 0, count: 5)) }
    #expect(throws: HDF5Error.self) { try root.dataset("phase").readStrings() }
    #expect(throws: HDF5Error.self) { try root.dataset("phase").read(rows: 3..<9, as: UInt8.self) }
    #expect(throws: HDF5Error.self) { try root.createGroup("new") }
    let attributes = try root.group("attributes").attributes
    #expect(throws: HDF5Error.self) { try attributes.integer("text") }
    #expect(throws: HDF5Error.self) { try attributes.set("text", "new") }
    for name in try root.group("strings").childNames() {
      _ = try root.dataset("strings/\(name)").readStrings()
    }
    for name in try attributes.names() {
      switch try attributes.datatype(of: name) {
      case .string: _ = try attributes.strings(name)
      default: _ = try attributes.doubles(name)
      }
    }
    _ = try root.dataset("phase").dimensionNames()
    #expect(try root.contains("numbers/f4_big"))
    #expect(throws: HDF5Error.self) { try File.open(file.path + ".missing") }
  }

  @Test("Threads share a file without harm")
  func threads() async throws {
    let file = try fixture("chunks.h5")
    let expected = grid(rows: 103, units: 6)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<16 {
        group.addTask {
          let name = index % 2 == 0 ? "standard" : "float64"
          return try file.root.dataset(name).read(as: Float.self) == expected
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }
}
