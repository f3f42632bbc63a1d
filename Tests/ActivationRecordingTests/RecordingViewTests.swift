import ActivationRecording
import Foundation
import HDF5
import Testing

/// Recordings of two layers whose numbers are a function of the row, so that any selection of rows can be told.
private final class Recordings {
  let url = FileManager.default.temporaryDirectory.appending(path: "view-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  static func value(_ row: Int, _ unit: Int) -> Float { Float((row * 37 + unit * 11) % 1009) / 16 }

  static let conditions = ["neutral", "me", "them", "pause"]

  /// - Parameter rows: numbers of the rows to record, which need not begin at 0.
  func record(
    _ name: String, _ rows: [Int], storage: ActivationStorage = .float32, layerNames: [String] = ["encoder.0", "encoder/mlp"]
  ) throws -> String {
    var columns = Recorder.Columns()
    (columns.actionNames, columns.hasLabels, columns.hasStrata, columns.hasPairs) = (["hop", "help"], true, true, true)
    columns.coordinates = [.init("position", .integers), .init("condition", .categories(Self.conditions)), .init("score", .numbers)]
    let layers = layerNames.enumerated().map { number, name in
      var layer = LayerDescription(name: name, unitCount: number + 2, activationFunction: "relu", isOutput: number == 1)
      layer.storage = storage
      return layer
    }
    let recorder = try Recorder(path: path(name), layers: layers, columns: columns, description: RecordingDescription())
    for start in stride(from: 0, to: rows.count, by: 3000) {
      let part = rows[start..<min(start + 3000, rows.count)]
      var batch = RowBatch(
        phases: part.map { Phase.allCases[$0 % 4] },
        activations: (0..<2).map { layer in
          .floats(part.flatMap { row in (0..<layer + 2).map { Self.value(row, $0 + layer) } })
        })
      batch.labels = part.map { UInt8($0 % 2) }
      batch.strata = part.map { Int32($0 / 50) }
      batch.pairs = part.map { $0 % 5 == 0 ? -1 : Int32($0 / 2) }
      batch.coordinates = [
        "position": .integers(part.map { $0 % 3 - 1 }), "condition": .strings(part.map { Self.conditions[$0 % 4] }),
        "score": .numbers(part.map { Double($0) / 3 }),
      ]
      try recorder.append(batch)
    }
    try recorder.finish()
    return path(name)
  }
}

/// All that an analysis can see of a view.
private struct Seen: Equatable {
  var phases, labels: [UInt8]
  var strata, pairs: [Int32]
  var blocks: [Range<Int>] = []
  var values: [[Float]] = [[], []]

  init(_ view: RecordingView, threads: Int) throws {
    phases = try view.phases.codes
    labels = try view.labels ?? []
    strata = try view.strata ?? []
    pairs = try view.pairs ?? []
    try view.mapBlocks(of: view.layers, threads: threads) { (rows, blocks: [UnsafeBufferPointer<Float>]) in
      (rows, blocks.map { Array($0) })
    } take: { rows, blocks in
      self.blocks.append(rows)
      for layer in blocks.indices { values[layer] += blocks[layer] }
    }
  }
}

@Suite("The view of a recording")
struct RecordingViewTests {
  private let recordings: Recordings

  init() throws { recordings = try Recordings() }

  @Test("Joined recordings are one: the same rows, blocks and groups as in a single file", arguments: [1, 2])
  func join(threads: Int) throws {
    let whole = try RecordingView(path: recordings.record("whole.h5", Array(0..<13_000)))
    let cuts = [0..<4097, 4097..<4110, 4110..<13_000]
    let parts = try cuts.enumerated().map { try Recording(path: recordings.record("part\($0).h5", Array($1))) }
    var selection = RecordingSelection()
    selection.joinsStrata = true
    #expect(try Seen(RecordingView(of: parts, selection: selection), threads: threads) == Seen(whole, threads: threads))
    let apart = try RecordingView(of: parts)
    // Stratum 81 goes on from the first part into the second, and stratum 82 from there into the third.
    let (strata, wholeStrata) = (try apart.strata ?? [], try whole.strata ?? [])
    #expect(Set(strata).count == Set(wholeStrata).count + 2)
    #expect(try apart.pairs?.count { $0 == -1 } == whole.pairs?.count { $0 == -1 })
  }

  private static let conditions: [(String, @Sendable (Int) -> Bool)] = [
    ("position == -1", { $0 % 3 == 0 }), ("condition in (me, them) and not position == 0", { [1, 2].contains($0 % 4) && $0 % 3 != 1 }),
    ("score > 100.5 or label == 'help'", { Double($0) / 3 > 100.5 || $0 % 2 == 1 }), ("phase != none", { $0 % 4 != 0 }),
    ("(stratum >= 3 and stratum < 5)", { [3, 4].contains($0 / 50) }), ("sample == 7", { $0 == 7 }),
  ]

  @Test("A condition leaves the rows that meet it, as if the file held no others", arguments: conditions.indices)
  func condition(number: Int) throws {
    let (text, isKept) = Self.conditions[number]
    let path = try recordings.record("whole.h5", Array(0..<9000))
    var selection = RecordingSelection()
    selection.condition = try RowCondition(text)
    let view = try RecordingView(path: path, selection: selection)
    let kept = (0..<9000).filter(isKept)
    let alone = try RecordingView(path: recordings.record("kept.h5", kept))
    #expect(view.rowCount == kept.count && !kept.isEmpty)
    #expect(try Seen(view, threads: 2) == Seen(alone, threads: 1))
  }

  @Test(
    "A condition that makes no sense is refused with what is wrong",
    arguments: [
      ("position", "needs ==, !=, <, <=, >, >= or in after 'position'"), ("position ==", "ends where a value should be"),
      ("== 3", "has '==' where a column's name should be"), ("a == 1 b", "has 'b' where it should end"),
      ("a in (1, 2", "needs ')' at its end"),
      ("a == 'open", "has a quote that is not closed"),
      (String(repeating: "(", count: 5000), "is nested too deep"),
    ])
  func malformed(text: String, fault: String) {
    let error = #expect(throws: RowCondition.Malformed.self) { try RowCondition(text) }
    #expect(error?.description == fault)
  }

  @Test("A column that is not there is named, with those that are")
  func unknownColumn() throws {
    let path = try recordings.record("a.h5", Array(0..<10))
    var selection = RecordingSelection()
    selection.condition = try RowCondition("token == 3")
    let error = #expect(throws: RecordingError.self) { try RecordingView(path: path, selection: selection) }
    #expect(
      error?.description
        == "\(path): has no column 'token'; it has condition, position, score, sample, phase, label, pair, stratum.")
    selection.condition = try RowCondition("condition < 3")
    let order = #expect(throws: RecordingError.self) { try RecordingView(path: path, selection: selection) }
    #expect(
      order?.description
        == "\(path): the condition on rows does not fit: column condition is text, which has no order: compare it by == or !=.")
  }

  @Test("Phases, strata and pairs come from any column")
  func columns() throws {
    let path = try recordings.record("a.h5", Array(0..<40))
    var selection = RecordingSelection()
    selection.phases = .column("condition", names: ["neutral": .neither, "me": .own, "them": .other])
    selection.stratumColumn = "condition"
    selection.pairColumn = "position"
    let view = try RecordingView(path: path, selection: selection)
    #expect(try view.phases.counts == [10, 10, 10, 0])
    #expect(try view.phases.codes[3] == PhaseRows.excluded)
    #expect(try view.strata?.prefix(4) == [1, 0, 3, 2])
    #expect(try view.pairs?.prefix(4) == [-1, 0, 1, -1])
    selection.phases = .column("condition", names: nil)
    #expect(try RecordingView(path: path, selection: selection).phases.counts == [0, 0, 0, 0])
    selection.phases = .column("phase", names: nil)
    #expect(try RecordingView(path: path, selection: selection).phases.counts == [10, 10, 10, 10])
    selection.phases = .column("condition", names: ["neutrla": .neither])
    #expect(throws: RecordingError.self) { try RecordingView(path: path, selection: selection).phases }
  }

  @Test("A value of a phase column may be in one of joined recordings alone; the phases' own names may be absent")
  func joinedPhases() throws {
    let parts = try [Array(0..<1), Array(1..<7)].enumerated().map { try Recording(path: recordings.record("part\($0).h5", $1)) }
    var selection = RecordingSelection()
    selection.phases = .column("condition", names: ["neutral": .neither, "me": .own])
    #expect(try RecordingView(of: parts, selection: selection).phases.counts == [2, 2, 0, 0])
    let error = #expect(throws: RecordingError.self) { try RecordingView(of: [parts[0]], selection: selection).phases }
    #expect(error?.description == "\(parts[0].path): column condition holds 'me' in no row. Name the values that it holds.")
    selection.phases = .column("phase", names: nil)
    #expect(try RecordingView(of: parts, selection: selection).phases.counts == [2, 2, 2, 1])
    #expect(try RecordingView(of: [parts[0]], selection: selection).phases.counts == [1, 0, 0, 0])
  }

  @Test("Joined strata of text are the same where their text is, and kept apart otherwise")
  func joinedText() throws {
    let parts = try [[0, 1], [1, 2]].enumerated().map { try Recording(path: recordings.record("part\($0).h5", $1)) }
    var selection = RecordingSelection()
    selection.stratumColumn = "condition"
    selection.joinsStrata = true
    // neutral, me; me, them
    #expect(try RecordingView(of: parts, selection: selection).strata == [1, 0, 0, 2])
    selection.joinsStrata = false
    #expect(try RecordingView(of: parts, selection: selection).strata == [0, 1, 2, 3])
  }

  @Test(
    "Every precision is read as it was stored: nothing is rounded twice, and doubles never to Float", arguments: ActivationStorage.allCases)
  func precision(storage: ActivationStorage) throws {
    let view = try RecordingView(path: recordings.record("a.h5", Array(0..<5000), storage: storage))
    func stored(_ value: Float) -> Double {
      switch storage {
      case .float16: Double(Float16(value))
      case .bfloat16: Double(Float(bitPattern: (value.bitPattern + 0x7fff + (value.bitPattern >> 16 & 1)) & 0xffff_0000))
      case .float32, .float64: Double(value)
      }
    }
    let expected = (0..<5000).flatMap { row in (0..<2).map { stored(Recordings.value(row, $0)) } }
    #expect(try view.values(of: [view.layers[0]], as: Double.self, threads: 2) == expected)
    #expect(view.layers[0].storesDoubles == (storage == .float64))
    if storage == .float64 {
      #expect(throws: RecordingError.self) { try view.values(of: [view.layers[0]], as: Float.self, threads: 1) }
    } else {
      #expect(try view.values(of: [view.layers[0]], as: Float.self, threads: 1) == expected.map { Float($0) })
    }
  }

  @Test("Layers of joined recordings have to agree")
  func strangers() throws {
    let a = try Recording(path: recordings.record("a.h5", [0, 1]))
    let b = try Recording(path: recordings.record("b.h5", [0, 1], layerNames: ["encoder.0", "encoder/attention"]))
    let error = #expect(throws: RecordingError.self) { try RecordingView(of: [a, b]) }
    #expect(
      error?.description
        == "\(b.path): cannot be joined with \(a.path): it has encoder.0 with 2 units, encoder/attention with 3 units, and that has "
        + "encoder.0 with 2 units, encoder/mlp with 3 units. Join recordings of one network.")
  }
}
