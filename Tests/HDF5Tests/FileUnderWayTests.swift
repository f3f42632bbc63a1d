import Files
import Foundation
import Testing

@testable import HDF5

@Suite struct FileUnderWayTests {
  let scratch = try! Scratch()

  @Test("An HDF5 file under way is locked against other programs, and has its name once it is closed and finished")
  func locked() throws {
    let path = scratch.path("a.h5")
    let underWay = try FileUnderWay(path, overwrite: false, ordinary: true)
    let file = try File.create(underWay)
    try file.root.write("x", [1.0, 2.0])
    try file.flush()
    let other = open(underWay.writingPath, O_RDWR)
    defer { close(other) }
    #expect(flock(other, LOCK_EX | LOCK_NB) != 0)
    #expect(throws: FileError(file: path, fault: .beingWritten(partial: path + ".partial"))) {
      _ = try FileUnderWay(path, overwrite: true)
    }
    try file.close()
    try underWay.finish()
    #expect(try File.open(path).root.dataset("x").read(as: Double.self) == [1, 2])
    #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
  }

  @Test("What a file says of itself is written and compared in one place")
  func identity() throws {
    let schema = Schema(name: "kind", major: 1, minor: 2)
    let attributes = try File.create(scratch.path("i.h5")).root.attributes
    #expect(try attributes.mismatch(with: schema) == .otherKind(found: nil))
    try attributes.set(schema)
    #expect(try attributes.string("schema_version") == "1.2")
    #expect(try attributes.mismatch(with: schema) == .incomplete)
    try attributes.set("complete", 1)
    #expect(try attributes.mismatch(with: schema) == nil)
  }
}
