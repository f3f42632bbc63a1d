import ActivationRecording
import Foundation
import Testing

/// The examples of the libraries' articles: compiled, run, and the same in the articles as here.
@Suite("Examples of the libraries")
struct ExampleTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "examples-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Unit 0 rises for both, unit 1 for self, unit 2 for nobody, unit 3 is dead; each scene has a level of its own.
  private static let scenes: [(hidden: [Float], outputs: [Float])] = (0..<40).map { scene in
    func noise(_ number: Int) -> Float { Float((scene * 37 + number * 11) % 17) / 17 }
    let hidden: [Float] = [
      noise(0), noise(1), noise(2), 0, 2 + noise(3), 2 + noise(4), noise(5), 0, 2 + noise(6), noise(7), noise(8), 0,
    ]
    return (hidden, [noise(9), 1, noise(10), 1, noise(11), 1])
  }

  @Test("What the example records is a valid recording, and the example of reading finds the means")
  func recording() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mine.h5").path
    try record(Self.scenes, to: path)
    let none = try means(of: "hidden", in: .neither, at: path)
    let own = try means(of: "hidden", in: .own, at: path)
    #expect(none.count == 4 && own[0] - none[0] > 1 && own[1] - none[1] > 1 && abs(own[2] - none[2]) < 0.5 && own[3] == 0)
    #expect(abs(none[0] - Self.scenes.reduce(0) { $0 + Double($1.hidden[0]) } / 40) < 1e-6)
    #expect(try means(of: "no such layer", in: .own, at: path).isEmpty)
  }

  @Test("The examples of analysing find the unit that rises for both, and an index above chance")
  func analysis() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mine.h5").path
    try record(Self.scenes, to: path)
    #expect(try mirrorUnits(of: path) == ["hidden 0"])
    #expect(try indices(of: [path])[path] ?? 0 > 0)
  }

  @Test(
    "An article has the code of the tests, word for word",
    arguments: [
      ("RecordingExample", "recording", "ActivationRecording/ActivationRecording.docc/ActivationRecording.md"),
      ("RecordingExample", "reading", "ActivationRecording/ActivationRecording.docc/ActivationRecording.md"),
      ("AnalysisExample", "analysis", "MirrorAnalysis/MirrorAnalysis.docc/MirrorAnalysis.md"),
      ("AnalysisExample", "several", "MirrorAnalysis/MirrorAnalysis.docc/MirrorAnalysis.md"),
    ])
  func article(file: String, example: String, article: String) throws {
    let source = try String(contentsOf: Self.repository.appending(path: "Tests/DocumentationTests/\(file).swift"), encoding: .utf8)
    let lines = source.components(separatedBy: "\n")
    let start = try #require(lines.firstIndex(of: "// example: \(example)"))
    let end = try #require(lines[start...].firstIndex(of: "// end"))
    let code = lines[(start + 1)..<end].joined(separator: "\n")
    let text = try String(contentsOf: Self.repository.appending(path: "Sources/\(article)"), encoding: .utf8)
    #expect(text.contains("\n" + code + "\n```"), "\(article) has other code for \(example)")
  }
}
