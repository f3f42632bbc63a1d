import Foundation
import HDF5
import Testing

private struct GoldenEdge: Decodable {
  let layer: String
  /// Nil where the target raises no action; the effect then too.
  let action: String?
  let source, target: Int
  let weight, z: Double
  let effect: Double?
  let contributions: [Double]
}

/// `ablate` and `circuit` end to end: what they find, and what they refuse.
@Suite("Ablation from the command line")
struct AblationCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
  }

  private func change(_ body: (File) throws -> Void) throws {
    let file = try File.open(workplace.path("planted.h5"), writable: true)
    try body(file)
    try file.close()
  }

  private func expectFailure(_ status: Int32, _ sentence: String, _ arguments: String...) throws {
    let run = try workplace.run("mirrorscope", arguments + ["--quiet"])
    #expect(run.status == status && run.output.isEmpty, run.transcript)
    #expect(run.errors == "error: \(sentence)\n", run.transcript)
  }

  @Test("ablate --top 2 destroys help on evaluate rows, p at its floor; random controls do not, and the decoy changes nothing")
  func plantedCircuit() throws {
    let run = try workplace.run("mirrorscope", "ablate", "planted.h5", "--top", "2", "--quiet")
    #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    let table = Table(run.output)
    #expect(Set(table["target_units"]) == ["2;5"])
    let row = try #require(table.rows.indices.first { table["phase"][$0] == "all" && table["outcome"][$0] == "accuracy:help" })
    func value(_ column: String) -> Double? { table.numbers(column)[row] }
    #expect(value("baseline") == 1 && value("ablated") == 0 && value("effect") == -1)
    #expect(value("controls") == 28 && value("p_value") == 1.0 / 29)
    #expect(value("control_mean") == 0 && value("control_sd") == 0)
    let decoy = try workplace.run("mirrorscope", "ablate", "planted.h5", "--units", "dense_1:7", "--quiet")
    #expect(decoy.status == 0, decoy.transcript)
    #expect(Table(decoy.output).numbers("effect").allSatisfy { $0 == 0 || $0 == nil }, decoy.transcript)
  }

  @Test("circuit follows the golden network's edges as numpy does")
  func goldenCircuit() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "golden.h5")
    let file = try File.open(workplace.path("golden.h5"), writable: true)
    try file.root.write("split", (0..<2000).map { UInt8($0 % 2) })
    try file.close()
    let fixture = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/MirrorAnalysis/circuit.json")
    let all = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: fixture)) as? [String: Any])
    let expected = try JSONDecoder().decode([GoldenEdge].self, from: JSONSerialization.data(withJSONObject: try #require(all["golden"])))
    let run = try workplace.run(
      "mirrorscope", "circuit", "golden.h5", "--units", "dense_1:3,7", "--units", "dense_2:1", "--dot", "golden.dot", "--quiet")
    #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    let table = Table(run.output)
    try #require(table.rows.count == expected.count && expected.count == 2 * 17 + 4)
    let columns = Dictionary(
      uniqueKeysWithValues: [
        "weight", "z", "edge_effect", "contribution_none", "contribution_self", "contribution_other", "contribution_both",
      ]
      .map { ($0, table.numbers($0)) })
    func value(_ column: String, _ row: Int) throws -> Double { try #require(columns[column]?[row]) }
    for (row, edge) in expected.enumerated() {
      #expect(table["source_layer"][row] == edge.layer && table["dominant_action"][row] == edge.action ?? "")
      #expect(table["source_unit"][row] == "\(edge.source)" && table["target_unit"][row] == "\(edge.target)")
      #expect(try abs(value("weight", row) - edge.weight) <= 1e-9 * abs(edge.weight))
      #expect(try abs(value("z", row) - edge.z) <= 1e-9)
      if let effect = edge.effect {
        #expect(try abs(value("edge_effect", row) - effect) <= 1e-9 * max(abs(effect), 1e-4))
      } else {
        #expect(table["edge_effect"][row].isEmpty && table["reason"][row] == "the target unit raises no action")
      }
      for (phase, contribution) in zip(["none", "self", "other", "both"], edge.contributions) {
        #expect(try abs(value("contribution_\(phase)", row) - contribution) <= 1e-9)
      }
    }
    #expect(try workplace.text("golden.dot").split(separator: "\n").count { $0.contains(" -> ") } == expected.count)
  }

  @Test("Without labels accuracy is left out, with a note")
  func noLabels() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "golden.h5")
    let labelled = try workplace.run("mirrorscope", "ablate", "golden.h5", "--controls", "0", "--bootstrap", "0", "--units", "dense_1:3")
    #expect(labelled.output.contains(",accuracy,") && !labelled.errors.contains("/label"), labelled.transcript)
    let script = "import h5py,sys; f=h5py.File(sys.argv[1],'a'); del f['label']"
    guard let python else { return }
    #expect(try workplace.run(executable: python, ["-c", script, workplace.path("golden.h5")]).status == 0)
    let run = try workplace.run("mirrorscope", "ablate", "golden.h5", "--controls", "0", "--bootstrap", "0", "--units", "dense_1:3")
    #expect(run.status == 0 && run.errors.contains("golden.h5: has no /label, so no accuracy is given."), run.transcript)
    #expect(!run.output.contains("accuracy") && Table(run.output).rows.count == 5 * 8, run.transcript)
  }

  @Test(
    "A recording that the kernels do not reproduce is refused by circuit too, naming the layer, also where half precision allows for more",
    arguments: ["planted.h5", "chain_halves.h5"])
  func wrongKernel(name: String) throws {
    if name != "planted.h5" {
      try FileManager.default.removeItem(atPath: workplace.path("planted.h5"))
      try workplace.copyFixture("MirrorAnalysis/\(name)", as: "planted.h5")
      #expect(try workplace.run("mirrorscope", "circuit", "planted.h5").status == 0)
    }
    try change { file in
      let kernel = try file.root.group("layers").group("dense_2").dataset("kernel")
      try kernel.write(try kernel.read(as: Float.self).map { $0 + 0.01 })
    }
    let run = try workplace.run("mirrorscope", "circuit", "planted.h5", "--quiet")
    #expect(run.status == 2 && run.output.isEmpty, run.transcript)
    #expect(run.errors.hasPrefix("error: planted.h5: replaying the recorded kernels gives "), run.transcript)
    #expect(run.errors.contains(" of dense_2, but ") && run.errors.contains(", and rounding explains a difference of "), run.transcript)
  }

  @Test("An activation function that cannot be replayed", arguments: ["ablate", "circuit"])
  func activationFunction(command: String) throws {
    try change { try $0.root.group("layers").group("dense_2").attributes.set("activation_function", "tanh") }
    try expectFailure(
      2,
      "planted.h5: /layers/dense_2 has the activation function 'tanh', and only relu and linear layers can be replayed. "
        + "Ablate in a network whose layers above the first are of those.", command, "planted.h5")
  }

  @Test("A phase without rows to choose units on, or to take activations from")
  func emptyPhase() throws {
    try change { file in
      let phase = try file.root.dataset("phase")
      try phase.write(try phase.read(as: UInt8.self).map { $0 == 1 ? 0 : $0 })
    }
    try expectFailure(3, "planted.h5: phase self has no rows. Record states in which it occurs.", "ablate", "planted.h5")
    try expectFailure(
      3, "planted.h5: no select row has the phase that the ablation mode mean:self takes activations from.", "ablate", "planted.h5",
      "--each", "--mode", "mean:self")
    let run = try workplace.run("mirrorscope", "ablate", "planted.h5", "--units", "dense_1:2", "--controls", "0", "--bootstrap", "0")
    #expect(run.status == 0 && run.output.contains("no evaluate rows in phase self"), run.transcript)
  }

  @Test("Options that mean nothing are a usage error", arguments: [["--units", "dense_1"], ["--top", "0"], ["--mode", "mean:joy"]])
  func usage(options: [String]) throws {
    let run = try workplace.run("mirrorscope", ["ablate", "planted.h5"] + options)
    #expect(run.status == 64 && run.output.isEmpty, run.transcript)
  }
}
