import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Tabular
import Testing

/// Says how many rows a recording has, slowly enough that several are under way at once, and how many were.
private struct RowCounting: Analysis {
  struct Row: TableRow, Equatable {
    let count: Int

    static let schema = TableSchema(name: "rows", title: "Rows", columns: [Column("count", .integer, "Rows")])
    var cells: [Cell] { [.integer(count)] }
  }

  /// What is under way, counted over all recordings.
  final class Activity: @unchecked Sendable {
    // Sendable because everything that changes is touched under `lock` only.
    private let lock = NSLock()
    private var underWay = 0
    private(set) var most = 0
    private(set) var begun = 0

    func begin() {
      lock.withLock {
        begun += 1
        underWay += 1
        most = max(most, underWay)
      }
    }

    func end() { lock.withLock { underWay -= 1 } }
  }

  let activity = Activity()
  /// A recording of so many rows fails.
  var failing: Int?

  static let bytes = 1 << 30

  var needs: RecordingNeeds { RecordingNeeds(counting: []) }

  func memory(_ shape: RecordingShape, threads: Int) -> Int { Self.bytes }

  func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [Row] {
    activity.begin()
    defer { activity.end() }
    Thread.sleep(forTimeInterval: 0.002 * Double(recording.rowCount % 3))
    if recording.rowCount == failing { throw RecordingError.notEnoughRows(file: recording.path, fault: "has \(recording.rowCount) rows.") }
    return [Row(count: recording.rowCount)]
  }
}

@Suite("Running an analysis over recordings")
struct AnalysisRunnerTests {
  /// Recordings of 1, 2, 3 … rows.
  private final class Recordings {
    let url = FileManager.default.temporaryDirectory.appending(path: "runner-\(UUID().uuidString)")
    private(set) var paths: [String] = []

    init(count: Int) throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      for rows in 1...count {
        let path = url.appending(path: "\(rows).h5").path
        let layer = LayerDescription(name: "dense_1", unitCount: 2, activationFunction: "linear", isOutput: true)
        let recorder = try Recorder(
          path: path, layers: [layer], columns: Recorder.Columns(), description: RecordingDescription())
        try recorder.append(
          RowBatch(
            phases: (0..<rows).map { Phase.allCases[$0 % 3] }, activations: [(0..<2 * rows).map { Float(($0 * 7 + rows) % 11) }]))
        try recorder.finish()
        paths.append(path)
      }
    }

    deinit { try? FileManager.default.removeItem(at: url) }
  }

  private func runner(threads: Int, maxMemory: Int? = nil) -> AnalysisRunner {
    var runner = AnalysisRunner()
    (runner.threads, runner.maxMemory) = (threads, maxMemory)
    return runner
  }

  /// The rows that came before the error, if there was one.
  private func run<A: Analysis>(_ runner: AnalysisRunner, _ analysis: A, _ paths: [String]) -> (rows: [[Cell]], error: String?) {
    var rows: [[Cell]] = []
    do {
      try runner.run(analysis, on: paths.map { [$0] }) { rows += $0.map(\.cells) }
      return (rows, nil)
    } catch {
      return (rows, "\(error)")
    }
  }

  @Test("Rows come in the order of the recordings, up to the first that fails, for any number of threads and any memory")
  func order() throws {
    let recordings = try Recordings(count: 12)
    var stream = RandomStream(seed: 20, purpose: "runner tests")
    for trial in 0..<60 {
      let paths = recordings.paths.shuffled(using: &stream).prefix(1 + stream.uniform(below: 12))
      let counts = try paths.map { try #require(Int(URL(filePath: $0).deletingPathExtension().lastPathComponent)) }
      var analysis = RowCounting()
      if stream.uniform(below: 2) == 1 { analysis.failing = 1 + stream.uniform(below: 12) }
      let (threads, budget) = (1 + stream.uniform(below: 8), [nil, 5 << 28, 3 << 30, 1 << 40][stream.uniform(below: 4)])
      let found = run(runner(threads: threads, maxMemory: budget), analysis, Array(paths))
      let before = counts.prefix { $0 != analysis.failing }
      let comment: Comment = "trial \(trial): \(counts), failing \(analysis.failing ?? 0), \(threads) threads, budget \(budget ?? 0)"
      #expect(
        found.rows == zip(paths, before).map { [.string($0), .missing, .missing, .integer($1)] }, comment)
      let failing = zip(paths, counts).first { $0.1 == analysis.failing }
      #expect(found.error == failing.map { "\($0.0): has \($0.1) rows." }, comment)
      #expect(analysis.activity.most <= threads, comment)
    }
  }

  @Test("Where the memory is enough for one recording alone, one runs at a time, and gives the same rows")
  func oneAtATime() throws {
    let recordings = try Recordings(count: 9)
    let (few, many) = (RowCounting(), RowCounting())
    // Half as much again as one needs.
    let tight = run(runner(threads: 4, maxMemory: RowCounting.bytes / 2 * 3), few, recordings.paths)
    let ample = run(runner(threads: 4), many, recordings.paths)
    #expect(few.activity.most == 1 && few.activity.begun == 9)
    #expect(many.activity.begun == 9)
    #expect(tight.rows == ample.rows && tight.error == nil && tight.rows.count == 9)
  }

  @Test("A recording that is too large is refused before it is read", arguments: [1, 2], [1, 3])
  func tooLarge(count: Int, threads: Int) throws {
    let recordings = try Recordings(count: count)
    let analysis = RowCounting()
    let error = #expect(throws: RecordingError.self) {
      try runner(threads: threads, maxMemory: RowCounting.bytes / 2).run(analysis, on: recordings.paths.map { [$0] }) { _ in }
    }
    guard case .tooLarge(let file, let what, let bytes, let allowed, let alternative)? = error else {
      Issue.record("\(String(describing: error)) is not tooLarge")
      return
    }
    #expect(file == recordings.paths[0] && what == "the table rows" && alternative == "Choose fewer layers,")
    #expect(bytes > RowCounting.bytes && allowed == RowCounting.bytes / 2)
    #expect(analysis.activity.begun == 0)
  }

  @Test("What the taker of rows throws ends the run", arguments: [1, 4])
  func takerThrows(threads: Int) throws {
    struct Enough: Error {}
    let recordings = try Recordings(count: 6)
    var taken = 0
    #expect(throws: Enough.self) {
      try runner(threads: threads).run(RowCounting(), on: recordings.paths.map { [$0] }) { _ in
        taken += 1
        if taken == 2 { throw Enough() }
      }
    }
    #expect(taken == 2)
  }

  @Test("A real analysis gives the same digits for any number of threads and the least memory that it fits into")
  func digits() throws {
    let recordings = try Recordings(count: 8)
    let expected = run(runner(threads: 1), StatsAnalysis(), recordings.paths)
    #expect(expected.error == nil && expected.rows.count == 8 * 2 * 4)
    var least = 0
    for path in recordings.paths {
      guard
        case .tooLarge(_, _, let bytes, _, _)? = #expect(
          throws: RecordingError.self, performing: { try runner(threads: 1, maxMemory: 1).run(StatsAnalysis(), on: [[path]]) { _ in } })
      else { continue }
      least = max(least, bytes)
    }
    for threads in [2, 4, 16] {
      #expect(run(runner(threads: threads), StatsAnalysis(), recordings.paths).rows == expected.rows)
      #expect(run(runner(threads: threads, maxMemory: least), StatsAnalysis(), recordings.paths).rows == expected.rows)
    }
  }

  @Test("Recordings of which one cannot be opened give the rows before it, then its error")
  func damaged() throws {
    let recordings = try Recordings(count: 3)
    let bad = recordings.url.appending(path: "bad.h5").path
    try Data("no HDF5".utf8).write(to: URL(filePath: bad))
    let found = run(runner(threads: 3), RowCounting(), [recordings.paths[0], recordings.paths[1], bad, recordings.paths[2]])
    #expect(found.rows.count == 2 && found.error?.hasPrefix(bad) == true)
  }
}
