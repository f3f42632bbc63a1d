import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

private struct Edge: Decodable {
  let layer: String
  let source, target: Int
  let weight, z: Double
  let contributions: [Double]
  let effect: Double?
  let action: String?
}

/// Against numpy in float64 (Fixtures/MirrorAnalysis/circuit.py).
@Suite("Circuits")
struct CircuitTests {
  private static func recording(_ name: String) throws -> RecordingView {
    try RecordingView(path: Fixture.path("MirrorAnalysis/\(name)"))
  }

  private static func edges(
    _ recording: RecordingView, _ selection: CircuitSelection = .responsive, seed: UInt64 = 1, threads: Int = 1
  ) throws -> [CircuitRow] {
    try CircuitAnalysis(selection).rows(of: recording, in: AnalysisContext(threads: threads, seed: seed))
  }

  /// Every hidden unit of a recording.
  private static func everything(_ recording: RecordingView) -> CircuitSelection {
    .units(recording.layers.dropLast().map { ($0.name, Array(0..<$0.unitCount)) })
  }

  @Test(
    "Every edge agrees with numpy's forward pass to 1e-9, whatever the recording's precision",
    arguments: ["planted.h5", "deep.h5", "chain.h5", "chain_doubles.h5", "chain_halves.h5"], [1, 2])
  func numpy(name: String, threads: Int) throws {
    let expected = try #require(try Fixture.json([String: [Edge]].self, "MirrorAnalysis/circuit.json")[name])
    let recording = try Self.recording(name)
    let edges = try Self.edges(recording, Self.everything(recording), threads: threads)
    try #require(edges.count == expected.count)
    for (edge, oracle) in zip(edges, expected) {
      #expect(edge.sourceLayer == oracle.layer && edge.sourceUnit == oracle.source && edge.targetUnit == oracle.target)
      #expect(relativeError(edge.weight, oracle.weight) <= 1e-12)
      #expect(relativeError(edge.z, oracle.z, floor: 1e-6) <= 1e-9)
      for (ours, theirs) in zip(edge.contributions, oracle.contributions) { #expect(relativeError(ours, theirs) <= 1e-9) }
      #expect(edge.dominantAction == oracle.action)
      if let effect = oracle.effect {
        #expect(relativeError(edge.edgeEffect, effect, floor: 1e-4) <= 1e-9)
      } else {
        #expect(edge.edgeEffect == nil && edge.reason != nil)
      }
    }
  }

  @Test("The planted path is found, and the decoy's edges carry and do nothing")
  func plantedPath() throws {
    let edges = try Self.edges(Self.recording("planted.h5"))
    let strong = edges.filter { abs($0.edgeEffect ?? 0) > 0.1 }
    #expect(strong.map { [$0.sourceUnit, $0.targetUnit] } == [[2, 3], [5, 3]])
    #expect(
      strong.allSatisfy {
        $0.dominantAction == "help" && $0.targetDriver == .mirror && $0.sourceClass == .mirror && $0.authorClass == .mirror
      })
    let decoy = edges.filter { $0.sourceUnit == 7 }
    #expect(decoy.count == 4 && decoy.allSatisfy { $0.sourceClass == .mirror && $0.edgeEffect == 0 && $0.weight == 0 })
  }

  @Test(
    "Two thirds of the positive input that the two classes give make a unit driven by one",
    arguments: [(2.0, 1.0, UnitDriver.mirror), (1, 2, .differentiator), (1, 1, .mixed), (1, 0, .mirror)])
  func drivers(mirror: Double, differentiating: Double, driver: UnitDriver) {
    #expect(UnitDriver(mirrorInput: mirror, differentiatingInput: differentiating) == driver)
    #expect(UnitDriver(mirrorInput: 0, differentiatingInput: 0) == nil)
  }

  @Test("Units named twice give each edge once, and the seed does not matter where the recording has a split")
  func units() throws {
    let recording = try Self.recording("chain.h5")
    let edges = try Self.edges(recording, .units([("dense_2", [4, 1]), ("dense_2", [1])]))
    #expect(edges.map(\.sourceUnit) == [1, 1, 1, 1, 1, 4, 4, 4, 4, 4])
    #expect(try Self.edges(recording, .units([("dense_2", [1, 4])]), seed: 2, threads: 2) == edges)
  }

  @Test("Edges into a leaky layer have the effect of its leak too, reckoned by hand")
  func leaky() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "leaky-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var columns = Recorder.Columns()
    columns.actionNames = ["a", "b"]
    columns.hasLabels = true
    // Every row is the same, so that halves are too.
    let (below, above): ([Float], [Float]) = ([1, 2, -2, 0], [1, -2, 3, 0.5])
    let recorder = try Recorder(
      path: path,
      layers: [
        LayerDescription(name: "low", unitCount: 2, activationFunction: "relu", isOutput: false),
        LayerDescription(
          name: "middle", unitCount: 2, activationFunction: "leaky_relu(0.25)", isOutput: false, kernel: below, bias: [0, 1.5]),
        LayerDescription(name: "top", unitCount: 2, activationFunction: "linear", isOutput: true, kernel: above, bias: [0, 0]),
      ], columns: columns, description: RecordingDescription())
    let rows = 60
    func repeated(_ row: [Float]) -> [Float] { (0..<rows).flatMap { _ in row } }
    // Of the sums 1 · 1 + 2 · (-2) = -3 and 1 · 2 + 2 · 0 + 1.5 = 3.5.
    let middle: [Float] = [-0.75, 3.5]
    let top = [middle[0] * 1 + middle[1] * 3, middle[0] * -2 + middle[1] * 0.5]
    var batch = RowBatch(
      phases: (0..<rows).map { Phase.allCases[$0 % Phase.allCases.count] },
      activations: [repeated([1, 2]), repeated(middle), repeated(top)])
    batch.labels = Array(repeating: 0, count: rows)
    try recorder.append(batch)
    try recorder.finish()
    let edges = try Self.edges(RecordingView(path: path), .units([("low", [0, 1])]))
    #expect(edges.count == 4)
    for edge in edges {
      let action = try #require(edge.dominantAction.flatMap { ["a": 0, "b": 1][$0] })
      let (source, target) = (edge.sourceUnit, edge.targetUnit)
      let sum: Double = [-3, 3.5][target] - [1, 2][source] * Double(below[source * 2 + target])
      let change = (sum < 0 ? 0.25 * sum : sum) - Double(middle[target])
      let effect = try #require(edge.edgeEffect)
      #expect(abs(effect - change * Double(above[target * 2 + action])) <= 1e-12)
    }
  }

  @Test("The graph names layers and units, and every edge once")
  func graph() throws {
    let text = CircuitGraph(try Self.edges(Self.recording("planted.h5"), .units([("dense_1", [2])]))).graphviz
    #expect(text.hasPrefix("digraph circuit {\n") && text.hasSuffix("}\n"))
    #expect(text.contains("subgraph \"cluster_dense_2\" {\n    label=\"dense_2\";\n"))
    #expect(text.contains("\"dense_1:2\" [label=\"2\", fillcolor=orange];"))
    #expect(text.split(separator: "\n").count { $0.contains(" -> ") } == 4)
    #expect(text.contains("\"dense_1:2\" -> \"dense_2:3\" [penwidth=5.0, color=black"))
  }
}
