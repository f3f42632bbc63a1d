import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

/// A layer as it is stored, which need not be as it was computed.
private struct StoredLayer {
  var name: String
  /// `[rows][units]`
  var activations: [[Float]]
  /// `[inputs][units]`
  var kernel: [[Float]]?
  var kind = "dense"
  var function = "relu"
}

/// What an analysis says beside its rows.
private final class Notes: @unchecked Sendable {
  // Sendable because `texts` is touched under the lock only.
  private let lock = NSLock()
  private var texts: [String] = []

  func take(_ text: String) { lock.withLock { texts.append(text) } }
  var all: [String] { lock.withLock { texts } }
}

/// conv → h1 → h2 (square) → out, with made-up numbers; of h1 no kernel is stored.
@Suite("What of a network ablation replays")
struct AblationReplayTests {
  private static let phases = (0..<48).map { Phase.allCases[$0 % 4] }
  private static let hiddenKernel: [[Float]] = [[1, 0.5, 0, -0.25], [0, 1, 0.75, 0], [0.5, 0, 1, 0.25], [0, -0.5, 0, 1]]
  private static let outputKernel: [[Float]] = [[1, 0], [0, 1], [0.5, -0.5], [-1, 1]]

  private static func times(_ rows: [[Float]], _ kernel: [[Float]]) -> [[Float]] {
    rows.map { row in kernel[0].indices.map { unit in zip(row, kernel).reduce(Float(0)) { $0 + $1.0 * $1.1[unit] } } }
  }

  private static func transposed(_ kernel: [[Float]]) -> [[Float]] { kernel[0].indices.map { unit in kernel.map { $0[unit] } } }

  private static func layers() -> [StoredLayer] {
    let conv = phases.indices.map { row in (0..<3).map { Float((row * 5 + $0 * 3) % 7) } }
    let h1 = phases.indices.map { row in (0..<4).map { Float((row * 7 + $0 * 3) % 11) / 8 } }
    let h2 = times(h1, hiddenKernel).map { $0.map { max(0, $0) } }
    return [
      StoredLayer(name: "conv", activations: conv, kind: "conv2d"), StoredLayer(name: "h1", activations: h1),
      StoredLayer(name: "h2", activations: h2, kernel: hiddenKernel),
      StoredLayer(name: "out", activations: times(h2, outputKernel), kernel: outputKernel, function: "linear"),
    ]
  }

  private static func open(
    _ layers: [StoredLayer], strata: [Int32]? = nil, selection: RecordingSelection = RecordingSelection()
  ) throws -> RecordingView {
    let path = FileManager.default.temporaryDirectory.appending(path: "chain-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var columns = Recorder.Columns()
    columns.hasStrata = strata != nil
    let recorder = try Recorder(
      path: path,
      layers: layers.map { layer in
        LayerDescription(
          name: layer.name, unitCount: layer.activations[0].count, kind: layer.kind, activationFunction: layer.function,
          isOutput: layer.name == "out", kernel: layer.kernel?.flatMap { $0 },
          bias: layer.kernel.map { $0[0].map { _ in 0 } })
      }, columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: layers.map { $0.activations.flatMap { $0 } })
    batch.strata = strata
    try recorder.append(batch)
    try recorder.finish()
    return try RecordingView(path: path, selection: selection)
  }

  private static func rows(
    _ recording: RecordingView, tolerance: Double? = nil, notes: Notes = Notes(),
    chosen: @escaping @Sendable (String) -> Bool = { _ in true }
  ) throws -> [AblationRow] {
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates, plan.sameRows) = ([.each], 0, 0, true)
    if let tolerance { plan.replayTolerance = tolerance }
    return try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext(isChosen: chosen, note: { notes.take($0) }))
  }

  @Test("Layers below the dense chain are left out with a note, and those above are ablated as if the others were not there")
  func upperChain() throws {
    let notes = Notes()
    let rows = try Self.rows(Self.open(Self.layers()), notes: notes)
    #expect(Set(rows.map(\.layer)) == ["h1", "h2"])
    #expect(notes.all.contains { $0.contains("has no /layers/h1/kernel.") && $0.hasSuffix(" Left out: conv.") }, "\(notes.all)")
    let alone = Notes()
    let upper = try Self.rows(Self.open(Array(Self.layers().dropFirst())), notes: alone)
    #expect(upper.map(\.cells) == rows.map(\.cells) && !alone.all.contains { $0.contains("Left out") })
  }

  @Test("A layer that is asked for and cannot be ablated is refused by what is missing; one above it alone needs no note")
  func chosenLayers() throws {
    let recording = try Self.open(Self.layers())
    let error = #expect(throws: RecordingError.self) { try Self.rows(recording, chosen: { $0 == "conv" }) }
    #expect(error?.description.contains("has no /layers/h1/kernel.") == true)
    let notes = Notes()
    #expect(Set(try Self.rows(recording, notes: notes, chosen: { $0 == "h2" }).map(\.layer)) == ["h2"])
    #expect(!notes.all.contains { $0.contains("Left out") })
  }

  @Test("The kernel of a square layer that is stored the other way is told to be transposed", arguments: [AnyCommand.ablate, .circuit])
  func transposedKernel(command: AnyCommand) throws {
    var layers = Self.layers()
    layers[2].kernel = Self.transposed(Self.hiddenKernel)
    let recording = try Self.open(layers)
    let error = #expect(throws: RecordingError.self) {
      switch command {
      case .ablate: _ = try Self.rows(recording)
      case .circuit: _ = try CircuitAnalysis().rows(of: recording, in: AnalysisContext())
      }
    }
    let description = try #require(error?.description)
    #expect(description.contains("/layers/h2/kernel is transposed: "), "\(description)")
    #expect(description.contains("(weight.T of torch)") && description.contains("kernel_layout = 'unit,input'"), "\(description)")
  }

  enum AnyCommand: Sendable { case ablate, circuit }

  @Test("Activations that were widened from bfloat16 need a larger tolerance, and the message says so")
  func widened() throws {
    var layers = Self.layers()
    layers[2].activations = layers[2].activations.map { row in
      row.map { value in Float(bitPattern: ((value * 1.003).bitPattern &+ 0x7FFF) & 0xFFFF_0000) }
    }
    let recording = try Self.open(layers)
    let error = #expect(throws: RecordingError.self) { try Self.rows(recording) }
    #expect(
      error?.description.hasSuffix(
        "The kernels are not those of these activations, or these were computed in half precision: record both from one checkpoint, or "
          + "allow for more rounding.") == true, "\(String(describing: error))")
    #expect(try !Self.rows(recording, tolerance: 0.02).isEmpty)
  }

  @Test("A row of no phase counts among all rows alone")
  func noPhase() throws {
    var selection = RecordingSelection()
    selection.phases = .column("stratum", names: ["0": .neither, "1": .own, "2": .other])
    // Two rows in six are of stratum 3, which names no phase.
    let recording = try Self.open(
      Self.layers(), strata: Self.phases.indices.map { Int32($0 % 6 < 3 ? $0 % 6 : $0 % 6 == 3 ? 0 : 3) }, selection: selection)
    let rows = try Self.rows(recording).filter { $0.layer == "h2" && $0.units == [0] && $0.outcome == "mean:0" }
    #expect(rows.map(\.rowCount) == [16, 8, 8, 0, 48])
    let all = try #require(Self.rows(Self.open(Self.layers())).first { $0.layer == "h2" && $0.units == [0] && $0.phase == nil })
    #expect(relativeError(rows.last?.effect, try #require(all.effect)) <= 1e-12)
  }

  @Test("Asked for more units than have a score above 0, ablation takes those, and says how many")
  func fewScored() throws {
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates) = ([.top(40)], 0, 0)
    let notes = Notes()
    let planted = try RecordingView(path: Fixture.path("MirrorAnalysis/planted.h5"))
    let rows = try AblationAnalysis(plan).rows(of: planted, in: AnalysisContext(note: { notes.take($0) }))
    let count = rows[0].units.count
    #expect(count < 10 && rows.allSatisfy { $0.reason?.hasPrefix("only \(count) of the 40 units asked for: ") == true })
    #expect(notes.all.contains { $0.hasSuffix(": \(count) units of dense_1, not 40, have a score above 0.") }, "\(notes.all)")
  }
}
