import Foundation
import Testing

@testable import Files

/// What becomes of partial files where a program is ended, and files that no output may replace.
@Suite struct FilesUnderWayTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "ended-\(UUID().uuidString)").path

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func begin(_ name: String, in register: FilesUnderWay) throws -> FilesUnderWay.Token {
    let path = folder + "/" + name
    let made = register.make(path) { open(path, O_RDWR | O_CREAT | O_EXCL, 0o666) }
    let (descriptor, token) = try #require(made)
    close(descriptor)
    return token
  }

  private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

  @Test("An ended program leaves the partial files that are of use and says so of each, and none of the others")
  func ended() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let register = FilesUnderWay()
    _ = try begin("useless", in: register)
    let (useful, spoilt, kept, finished) = try (
      begin("useful", in: register), begin("spoilt", in: register), begin("kept", in: register), begin("finished", in: register)
    )
    register.setWorth("useful has rows.", of: useful)
    register.setWorth("spoilt has rows.", of: spoilt)
    register.setWorth(nil, of: spoilt)
    register.setWorth("kept has rows.", of: kept)
    register.keep(kept)
    register.release(finished) {}
    _ = try begin("other", in: register)
    // Another program's file of the same name.
    try FileManager.default.moveItem(atPath: folder + "/other", toPath: folder + "/moved")
    try Data("theirs".utf8).write(to: URL(filePath: folder + "/other"))
    #expect(register.sentences == ["kept has rows."])
    #expect(register.endAll() == ["useful has rows.", "kept has rows."])
    #expect(names == ["finished", "kept", "moved", "other", "useful"])
  }

  @Test("A file that is read is not begun as an output, under any of its names, nor used as a partial file")
  func inputs() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let input = folder + "/in.h5"
    try Data("rows".utf8).write(to: URL(filePath: input))
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "in.h5")
    try FileManager.default.linkItem(atPath: input, toPath: folder + "/hard")
    try FileManager.default.linkItem(atPath: input, toPath: folder + "/out.partial")
    InputFiles.declare([input, folder + "/absent"])
    for name in ["in.h5", "./in.h5", "link", "hard", "out"] {
      let path = folder + "/" + name
      let error = #expect(throws: FileError.self) { try FileUnderWay(path, overwrite: true) }
      #expect(error?.fault == .isInput(input))
    }
    #expect(try Data(contentsOf: URL(filePath: input)) == Data("rows".utf8))
    try FileUnderWay(folder + "/absent", overwrite: false).finish()
  }
}
