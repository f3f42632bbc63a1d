import Foundation
import Testing

@testable import Files

/// A folder that is gone when the test is.
private final class Folder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted() }

  func put(_ text: String, _ name: String) throws { try text.write(toFile: path(name), atomically: false, encoding: .utf8) }
  func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }
}

extension FileUnderWay {
  fileprivate func write(_ text: String) throws {
    try Array(text.utf8).withUnsafeBytes { try write($0) }
  }
}

private func fault(_ body: () throws -> Void) throws -> FileError.Fault {
  try #require(throws: FileError.self) { try body() }.fault
}

@Suite struct FileUnderWayTests {
  private let folder = try! Folder()

  @Test("A file has its name when it is finished and not before")
  func finished() throws {
    let file = try FileUnderWay(folder.path("a.csv"), overwrite: false)
    try file.write("one,")
    #expect(folder.names == ["a.csv.partial"])
    try file.write("two")
    try file.finish()
    try file.finish()
    #expect(folder.names == ["a.csv"])
    #expect(folder.text("a.csv") == "one,two")
  }

  @Test("Nothing is left of a file that is not finished, and all of one whose partial file is kept")
  func abandoned() throws {
    do { try FileUnderWay(folder.path("a"), overwrite: false).write("x") }
    #expect(folder.names == [])
    let kept = try FileUnderWay(folder.path("b"), overwrite: false)
    try kept.write("x")
    kept.keepPartial()
    #expect(folder.names == ["b.partial"])
  }

  @Test("Nothing can be added once it is over, whatever file has its descriptor then")
  func over() throws {
    for end in [{ (file: FileUnderWay) in try file.finish() }, { $0.keepPartial() }, { $0.abandon() }] {
      let file = try FileUnderWay(folder.path("a"), overwrite: true)
      try file.write("x")
      try end(file)
      let other = try FileUnderWay(folder.path("b"), overwrite: true)
      #expect(try fault { try file.write("y") } == .isOver)
      file.unlock()
      try other.finish()
      #expect(folder.text("b") == "")
    }
  }

  @Test("What could not be written in whole does not get its name", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func failed() throws {
    let file = try FileUnderWay("/dev/full", overwrite: true)
    let failure = FileError.Fault.system(doing: "written", code: ENOSPC)
    for _ in 0..<2 { #expect(try fault { try file.write("x") } == failure) }
    #expect(try fault { try file.finish() } == failure)
  }

  @Test("An existing file stays as it is without leave to replace it, and until the new one is complete with it")
  func existing() throws {
    try folder.put("old", "a")
    let error = try #require(throws: FileError.self) { _ = try FileUnderWay(folder.path("a"), overwrite: false) }
    #expect(error.description == "\(folder.path("a")): exists already. Have it replaced, or choose another name.")
    let file = try FileUnderWay(folder.path("a"), overwrite: true)
    try file.write("new")
    #expect(folder.text("a") == "old")
    try file.finish()
    #expect(folder.text("a") == "new")
    // One that comes while it is written is not replaced either.
    let late = try FileUnderWay(folder.path("b"), overwrite: false)
    try folder.put("other", "b")
    #expect(try fault { try late.finish() } == .exists)
    #expect(folder.text("b") == "other")
  }

  @Test("The partial file of a writer at work is left alone")
  func atWork() throws {
    let first = try FileUnderWay(folder.path("a"), overwrite: true)
    try first.write("first")
    #expect(try fault { _ = try FileUnderWay(folder.path("a"), overwrite: true) } == .beingWritten(partial: folder.path("a.partial")))
    try first.finish()
    #expect(folder.text("a") == "first")
  }

  @Test("A left-over partial file is replaced, unless it can be of use")
  func leftover() throws {
    try folder.put("left", "a.partial")
    #expect(
      try fault { _ = try FileUnderWay(folder.path("a"), overwrite: true, mayReplace: { _ in false }) }
        == .leftover(partial: folder.path("a.partial")))
    #expect(folder.text("a.partial") == "left")
    let file = try FileUnderWay(folder.path("a"), overwrite: false)
    #expect(folder.text("a.partial") == "")
    try file.finish()
  }

  @Test("A partial file that begins otherwise than the new one is somebody else's, and replaced only with leave to")
  func stranger() throws {
    let beginning = Array("layer,phase\n".utf8)
    for other in ["precious", "layer", "layer,phase,mean\ndense_1,self,0.5\n"] {
      try folder.put(other, "a.partial")
      #expect(
        try fault { _ = try FileUnderWay(folder.path("a"), overwrite: false, beginning: beginning) }
          == .stranger(partial: folder.path("a.partial")))
      #expect(folder.text("a.partial") == other)
      try FileUnderWay(folder.path("a"), overwrite: true, beginning: beginning).abandon()
      #expect(folder.names == [])
    }
    for ours in ["", "layer,phase\n", "layer,phase\ndense_1,se"] {
      try folder.put(ours, "a.partial")
      try FileUnderWay(folder.path("a"), overwrite: false, beginning: beginning).abandon()
      #expect(folder.names == [])
    }
    // Nothing is known of how it will begin: only an empty one is nobody's.
    try folder.put("x", "a.partial")
    #expect(
      try fault { _ = try FileUnderWay(folder.path("a"), overwrite: false, beginning: []) } == .stranger(partial: folder.path("a.partial")))
  }

  @Test("A link, a folder or a pipe in the partial file's place is left alone, and so is what the link names")
  func nameTaken() throws {
    try folder.put("thesis", "thesis.txt")
    try FileManager.default.createSymbolicLink(atPath: folder.path("a.partial"), withDestinationPath: "thesis.txt")
    try FileManager.default.createDirectory(atPath: folder.path("b.partial"), withIntermediateDirectories: false)
    #expect(mkfifo(folder.path("c.partial"), 0o600) == 0)
    for name in ["a", "b", "c"] {
      let path = folder.path(name)
      #expect(try fault { _ = try FileUnderWay(path, overwrite: true) } == .nameTaken(partial: path + ".partial"))
    }
    #expect(folder.text("thesis.txt") == "thesis")
  }

  @Test("Only what was written here gets the name")
  func lost() throws {
    let file = try FileUnderWay(folder.path("a"), overwrite: false)
    try file.write("mine")
    try FileManager.default.removeItem(atPath: folder.path("a.partial"))
    try folder.put("another's", "a.partial")
    #expect(try fault { try file.finish() } == .lost(partial: folder.path("a.partial")))
    file.abandon()
    #expect(folder.names == ["a.partial"] && folder.text("a.partial") == "another's")
  }

  @Test("A link keeps being one, and its target is what is replaced, there before or not")
  func links() throws {
    try FileManager.default.createDirectory(atPath: folder.path("deep"), withIntermediateDirectories: false)
    try folder.put("old", "deep/real")
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "deep/real")
    try FileManager.default.createSymbolicLink(atPath: folder.path("dangling"), withDestinationPath: "deep/new")
    #expect(try fault { _ = try FileUnderWay(folder.path("link"), overwrite: false) } == .exists)
    #expect(try fault { _ = try FileUnderWay(folder.path("dangling"), overwrite: false) } == .exists)
    for name in ["link", "dangling"] {
      let file = try FileUnderWay(folder.path(name), overwrite: true)
      try file.write(name)
      try file.finish()
      #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path(name))) != nil)
    }
    #expect(folder.text("deep/real") == "link" && folder.text("deep/new") == "dangling")
    try FileManager.default.createSymbolicLink(atPath: folder.path("loop"), withDestinationPath: "loop")
    #expect(try fault { _ = try FileUnderWay(folder.path("loop"), overwrite: true) } == .system(doing: "written", code: ELOOP))
  }

  @Test("Devices are written to and stay, with or without leave to replace; what has to be an ordinary file refuses them")
  func devices() throws {
    for overwrite in [false, true] {
      let file = try FileUnderWay("/dev/null", overwrite: overwrite)
      #expect(file.isWrittenThrough)
      try file.write("gone")
      try file.finish()
    }
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    #expect(try fault { _ = try FileUnderWay("/dev/null", overwrite: true, ordinary: true) } == .needsOrdinaryFile)
  }

  @Test("Names that can hold no file")
  func names() throws {
    #expect(try fault { _ = try FileUnderWay(folder.url.path, overwrite: true) } == .isFolder)
    for name in ["", "a\0b", "a\u{FFFD}"] { #expect(try fault { _ = try FileUnderWay(name, overwrite: true) } == .unusableName) }
    let missing = folder.path("none/a")
    let error = try #require(throws: FileError.self) { _ = try FileUnderWay(missing, overwrite: true) }
    #expect(error.description == "\(missing): its folder does not exist.")
  }

  @Test("Two names of one file are one")
  func same() throws {
    try folder.put("x", "a")
    try folder.put("x", "b")
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "a")
    try FileManager.default.linkItem(atPath: folder.path("a"), toPath: folder.path("hard"))
    let file = try #require(FileIdentity(path: folder.path("a")))
    for name in ["./a", "link", "hard"] { #expect(FileIdentity(path: folder.path(name)) == file) }
    #expect(FileIdentity(path: folder.path("b")) != file)
    #expect(FileIdentity(path: folder.path("none")) == nil)
  }
}

@Suite struct SchemaTests {
  private let schema = Schema(name: "mirrorscope-recording", major: 2, minor: 1)

  @Test("A file of this kind, complete, of this version or another minor one, is read")
  func fits() {
    #expect(schema.version == "2.1")
    for version in ["2.1", "2.0", "2.7", "2", "2.1.3"] {
      #expect(schema.mismatch(kind: schema.name, version: version, complete: 1) == nil)
    }
  }

  @Test("What is wrong comes in one order: kind, version, completeness")
  func mismatches() {
    func mismatch(_ kind: String?, _ version: String?, _ complete: Int?) -> Schema.Mismatch? {
      schema.mismatch(kind: kind, version: version, complete: complete)
    }
    #expect(mismatch(nil, nil, nil) == .otherKind(found: nil))
    #expect(mismatch("frogtoad-states", "3.0", 0) == .otherKind(found: "frogtoad-states"))
    for version in [nil, "", "two", "2.", ".1", "-2.0", "2.x"] { #expect(mismatch(schema.name, version, 1) == .noVersion(found: version)) }
    #expect(mismatch(schema.name, "3.0", 1) == .newer(found: "3.0"))
    #expect(mismatch(schema.name, "10.0", 0) == .newer(found: "10.0"))
    #expect(mismatch(schema.name, "1.4", 1) == .older(found: "1.4"))
    #expect(mismatch(schema.name, "2.0", 0) == .incomplete)
    #expect(mismatch(schema.name, "2.0", nil) == .incomplete)
  }
}
