import Foundation
import Testing

@testable import HDF5

@Suite struct HDF5ErrorTests {
  let scratch = try! Scratch()

  @Test("A missing object is named, with the file and the path asked for")
  func missingObject() throws {
    let path = scratch.path("x.h5")
    let root = try File.create(path).root
    try root.createGroup("layers/dense_1")
    let error = try hdf5Error { _ = try root.dataset("layers/dense_2/activations") }
    #expect(error.kind == .objectMissing)
    #expect(error.description == "\(path): cannot open /layers/dense_2/activations: object 'dense_2' doesn't exist")
    #expect(error.outermost == "unable to open dataset")
    #expect(error.innermost != nil)
    #expect(try hdf5Error { _ = try root.group("layers/dense_3") }.description.hasSuffix("object 'dense_3' doesn't exist"))
    #expect(try hdf5Error { _ = try root.kind(of: "nothing") }.kind == .objectMissing)
  }

  @Test("A group where a data set is wanted, and the reverse")
  func wrongObject() throws {
    let root = try fixture("types.h5").root
    #expect(try hdf5Error { _ = try root.dataset("numbers") }.description.hasSuffix("cannot open /numbers: it is not a data set"))
    #expect(try hdf5Error { _ = try root.group("phase") }.description.hasSuffix("cannot open /phase: it is not a group"))
  }

  @Test("A missing file and a missing folder")
  func missingFile() throws {
    let path = scratch.path("none/x.h5")
    let opening = try hdf5Error { _ = try File.open(path) }
    #expect(opening.kind == .fileMissing)
    #expect(opening.description == "\(path): cannot open the file: it does not exist")
    let creating = try hdf5Error { _ = try File.create(path) }
    #expect(creating.kind == .fileMissing)
    #expect(creating.description == "\(path): cannot create the file: its folder does not exist")
  }

  @Test("Files that are no HDF5: text, an empty file, a folder", arguments: ["text", "empty", "folder"])
  func notHDF5(_ what: String) throws {
    let path = scratch.path(what)
    switch what {
    case "text": try String(repeating: "frog,toad\n", count: 500).write(toFile: path, atomically: true, encoding: .utf8)
    case "empty": try Data().write(to: URL(fileURLWithPath: path))
    default: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let error = try hdf5Error { _ = try File.open(path) }
    #expect(error.kind == .notHDF5)
    #expect(error.description == "\(path): cannot open the file: it is \(what == "folder" ? "a folder" : "not an HDF5 file")")
  }

  @Test("A truncated file is called that")
  func truncated() throws {
    let path = scratch.path("t.h5")
    try File.create(path).root.write("x", [Double](repeating: 1, count: 1000))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: 4000)
    try handle.close()
    let error = try hdf5Error { _ = try File.open(path) }
    #expect(error.kind == .truncatedFile)
    #expect(error.description.contains("cannot open the file: it is truncated (eof = 4000"))
  }

  @Test("A file that another program is writing to is in use")
  func inUse() throws {
    let path = scratch.path("u.h5")
    try File.create(path).close()
    // A lock on a descriptor of its own stands for the other program.
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    let error = try hdf5Error { _ = try File.open(path) }
    #expect(error.kind == .fileInUse)
    #expect(error.description == "\(path): cannot open the file: another program has it open for writing")
    #expect(flock(descriptor, LOCK_UN) == 0)
    #expect(try File.open(path).root.childNames() == [])
  }

  @Test("A file that is open for reading here is not opened for writing")
  func readOnly() throws {
    let path = scratch.path("r.h5")
    try File.create(path).root.write("x", [1.0])
    let reader = try File.open(path)
    #expect(try hdf5Error { _ = try File.open(path, writable: true) }.kind == .fileInUse)
    #expect(try hdf5Error { try reader.root.createGroup("new") }.kind == .notPermitted)
    #expect(try hdf5Error { try reader.root.dataset("x").write([2.0]) }.kind == .notPermitted)
    #expect(try hdf5Error { try reader.root.attributes.set("a", 1) }.kind == .notPermitted)
  }

  @Test("A name that is taken")
  func taken() throws {
    let root = try File.create(scratch.path("n.h5")).root
    try root.createGroup("a")
    let error = try hdf5Error { try root.write("a", [1.0]) }
    #expect(error.kind == .objectExists)
    #expect(error.description.hasSuffix("cannot create /a: it exists already"))
  }

  @Test("A full disk shows at the write it was met in")
  func fullDisk() throws {
    let path = scratch.path("f.h5")
    let file = try File.create(path)
    WriteFault.inject(afterWrites: 1, file: path)
    defer { WriteFault.clear(file: path) }
    try file.root.write("a", [1.0])
    let error = try hdf5Error { try file.root.write("b", [1.0]) }
    #expect(error.kind == .noSpace)
    #expect(error.description == "\(path): cannot write /b: no space left on the device")
  }

  @Test("Nothing is printed on standard error, whichever thread fails")
  func silence() throws {
    let log = scratch.path("stderr")
    let saved = dup(2)
    let target = open(log, O_RDWR | O_CREAT, 0o600)
    dup2(target, 2)
    let file = try fixture("types.h5")
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      _ = try? file.root.dataset("missing/part")
      _ = try? file.root.dataset("compound").read(as: Float.self)
      _ = try? file.root.group("attributes").attributes.integer("text")
      _ = try? File.open("/nowhere")
    }
    // A fresh thread has never called the library.
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      _ = try? File.open("/nowhere")
      done.signal()
    }
    done.wait()
    dup2(saved, 2)
    close(saved)
    close(target)
    let printed = try Data(contentsOf: URL(fileURLWithPath: log))
    // Other tests report there meanwhile; HDF5's own reports begin with this word.
    FileHandle.standardError.write(printed)
    #expect(!String(decoding: printed, as: UTF8.self).contains("HDF5-DIAG"))
  }
}
