import Foundation
import Testing

@testable import HDF5

@Suite struct ElsewhereTests {
  @Test(
    "What would make another file be read is refused when it is opened, and named",
    arguments: [
      ("virtual", "it is a virtual data set, whose rows lie in other files", "copy the rows into one file"),
      ("storage", "its rows lie in another file (external storage)", "copy the rows into one file"),
      ("link", "it is a link to /phase in the file types.h5", "copy the object into this one"),
      ("behind", "it is a link to /phase in the file types.h5", "copy the object into this one"),
      ("group/link/f4", "it is a link to /numbers in the file types.h5", "copy the object into this one"),
    ])
  func refused(name: String, cause: String, remedy: String) throws {
    let file = try fixture("elsewhere.h5")
    let error = try hdf5Error { _ = try file.root.dataset(name) }
    #expect(error.kind == .pointsElsewhere)
    #expect(error.description == "\(file.path): cannot open /\(name): \(cause); other files are never read from here, so \(remedy)")
  }

  @Test("A link to another file is refused by whatever follows it; links inside the file are followed")
  func links() throws {
    let root = try fixture("elsewhere.h5").root
    #expect(try hdf5Error { _ = try root.group("group/link") }.kind == .pointsElsewhere)
    #expect(try hdf5Error { _ = try root.kind(of: "link") }.kind == .pointsElsewhere)
    #expect(try hdf5Error { _ = try root.contains("behind") }.kind == .pointsElsewhere)
    #expect(try hdf5Error { _ = try root.contains("group/link/f4") }.kind == .pointsElsewhere)
    #expect(try root.dataset("soft").read(as: Double.self) == [0, 1, 2])
    #expect(try root.contains("soft"))
    #expect(try !root.contains("dangling"))
    #expect(try hdf5Error { _ = try root.dataset("dangling") }.kind == .objectMissing)
    #expect(try root.childNames().contains("link"))
  }

  @Test("A file for a newer HDF5 is called that")
  func newer() throws {
    let file = try fixture("latest.h5")
    for name in ["phase", "activations"] {
      let error = try hdf5Error { _ = try file.root.dataset(name) }
      #expect(error.kind == .newerFormat)
      #expect(
        error.description
          == "\(file.path): cannot open /\(name): it was written for a newer HDF5 than this one; write it with libver=('earliest', 'v110')")
    }
  }

  @Test("A file whose first block is of a version to come is newer")
  func newerSuperblock() throws {
    let scratch = try Scratch()
    let path = scratch.path("s.h5")
    try File.create(path).close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[8] = 9
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(try hdf5Error { _ = try File.open(path) }.kind == .newerFormat)
  }

  @Test("A name that no argument can hold is refused, and a pipe is not waited for")
  func names() throws {
    let scratch = try Scratch()
    #expect(try hdf5Error { _ = try File.open("a\0b") }.description.hasSuffix("cannot open the file: its name holds a zero byte"))
    let repaired = scratch.path("r\u{FFFD}.h5")
    #expect(try hdf5Error { _ = try File.open(repaired) }.reason == "its name is not in UTF-8, so it cannot be found; rename it")
    #expect(try hdf5Error { _ = try File.create(repaired) }.kind == .fileMissing)
    #expect(!FileManager.default.fileExists(atPath: repaired))
    let pipe = scratch.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(try hdf5Error { _ = try File.open(pipe) }.kind == .notHDF5)
  }
}
