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

  @Test("ablate --top 2 destroys help on evaluate rows, without a p, since no other units have such weights; the decoy changes nothing")
  func plantedCircuit() throws {
    let run = try workplace.run("mirrorscope", "ablate", "planted.h5", "--top", "2", "--quiet")
    #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    let table = Table(run.output)
    #expect(Set(table["target_units"]) == ["2;5"])
    let row = try #require(table.rows.indices.first { table["phase"][$0] == "all" && table["outcome"][$0] == "accuracy:help" })
    func value(_ column: String) -> Double? { table.numbers(column)[row] }
    #expect(value("baseline") == 1 && value("ablated") == 0 && value("effect") == -1)
    #expect(try #require(value("controls")) > 19 && value("p_value") == nil && table["reason"][row].hasPrefix("matching failed: "))
    #expect(try #require(value("smd_norm")) > 0.25)
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

  @Test(
    "--shapley writes a second table: two units that help needs both of share its loss; both tables can't go to standard output")
  func shapley() throws {
    let run = try workplace.run(
      "mirrorscope", "ablate", "planted.h5", "--units", "dense_1:2,5,7", "--controls", "0", "--bootstrap", "0", "--outcome",
      "accuracy:help", "--shapley", "shares.csv",
      "--quiet")
    #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    let table = Table(try workplace.text("shares.csv"))
    #expect(table["unit"] == ["2", "5", "7"] && Set(table["outcome"]).count == 1 && Set(table["target_units"]) == ["2;5;7"])
    let shares = table.numbers("share").compactMap { $0 }
    // One of 177 rows that lose help needs unit 5 alone.
    #expect(shares.count == 3 && abs(shares[0] - 0.5) < 0.01 && abs(shares[0] + shares[1] - 1) < 1e-12 && shares[2] == 0)
    #expect(table.numbers("se") == [0, 0, 0])
    let both = try workplace.run("mirrorscope", "ablate", "planted.h5", "--shapley", "-")
    #expect(both.status == 64 && both.output.isEmpty, both.transcript)
    let again = try workplace.run("mirrorscope", "ablate", "planted.h5", "--shapley", "shares.csv", "--quiet")
    #expect(again.status == 1 && again.output.isEmpty && again.errors.contains("shares.csv: exists already"), again.transcript)
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
      "planted.h5: /layers/dense_2 has the activation function 'tanh', and only relu, linear and leaky_relu(SLOPE) layers can be replayed. "
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

  /// Changes planted.h5 as h5py's file `f`; false where there is no Python.
  private func changeByPython(_ script: String) throws -> Bool {
    guard let python else { return false }
    let run = try workplace.run(
      executable: python,
      ["-c", "import h5py, numpy as np, sys; f = h5py.File(sys.argv[1], 'a')\n" + script, workplace.path("planted.h5")])
    #expect(run.status == 0, run.transcript)
    return true
  }

  @Test("What lies below the lowest layer that --layers asks for is not read, and its kernel not needed", arguments: ["ablate", "circuit"])
  func lowerLayers(command: String) throws {
    try workplace.copyFixture("MirrorAnalysis/chain.h5", as: "chain.h5")
    let arguments = [command, "chain.h5", "--layers", "dense_[23]", "--quiet"]
    let before = try workplace.run("mirrorscope", arguments)
    #expect(before.status == 0, before.transcript)
    let file = try File.open(workplace.path("chain.h5"), writable: true)
    let layers = try file.root.group("layers")
    let lowest = try layers.dataset("dense_1/activations")
    try lowest.write(Array(repeating: Float.nan, count: lowest.shape[0] * lowest.shape[1]))
    try layers.group("dense_2").attributes.set("activation_function", "tanh")
    try file.close()
    let after = try workplace.run("mirrorscope", arguments)
    #expect(after.status == 0 && after.output == before.output && after.errors.isEmpty, after.transcript)
    let all = try workplace.run("mirrorscope", command, "chain.h5")
    #expect(all.status == 0 && all.output == before.output, all.transcript)
    #expect(all.errors.contains("activation function 'tanh'") && all.errors.contains(" Left out: dense_1."), all.transcript)
    try expectFailure(
      2,
      "chain.h5: /layers/dense_2 has the activation function 'tanh', and only relu, linear and leaky_relu(SLOPE) layers can be replayed. "
        + "Ablate in a network whose layers above the first are of those.", command, "chain.h5", "--layers", "dense_1")
  }

  @Test("Labels and splits go by the names of their enums: codes in alphabetical order change nothing")
  func enumsByName() throws {
    let arguments = ["ablate", "planted.h5", "--controls", "5", "--bootstrap", "20", "--quiet"]
    let before = try workplace.run("mirrorscope", arguments)
    let isChanged = try changeByPython(
      """
      names = ['hop', 'jump', 'leap', 'help']
      def enum(names): return h5py.enum_dtype({n: k for k, n in enumerate(names)}, basetype='u1')
      label, split = f['label'][:], f['split'][:]
      del f['label'], f['split']
      f.create_dataset('label', data=np.array([sorted(names).index(names[c]) for c in label], 'u1'), dtype=enum(sorted(names)))
      f.create_dataset('prediction', data=label, dtype=enum(names))
      f.create_dataset('split', data=(1 - split).astype('u1'), dtype=enum(['evaluate', 'select']))
      """)
    guard isChanged else { return }
    let after = try workplace.run("mirrorscope", arguments)
    #expect(after.status == 0 && after.output == before.output, after.transcript)
  }

  @Test("bfloat16 allows for its rounding where the file says it, and by --replay-tolerance where it does not")
  func bfloat16() throws {
    let isChanged = try changeByPython(
      """
      g = f['layers/dense_1']
      u = g['activations'][:].astype('f4').view('u4')
      rounded = ((u + 0x7fff + (u >> 16 & 1)) & 0xffff0000).view('f4')
      del g['activations']
      t = h5py.h5t.IEEE_F32LE.copy()
      t.set_fields(15, 7, 8, 0, 7); t.set_size(2); t.set_ebias(127)
      h5py.h5d.create(g.id, b'activations', t, h5py.h5s.create_simple(u.shape)).write(h5py.h5s.ALL, h5py.h5s.ALL, rounded)
      """)
    guard isChanged else { return }
    let typed = try workplace.run("mirrorscope", "ablate", "planted.h5", "--controls", "0", "--bootstrap", "0")
    #expect(typed.status == 0, typed.transcript)
    _ = try changeByPython(
      "g = f['layers/dense_1']; values = g['activations'][:].astype('f4'); del g['activations']; g['activations'] = values")
    let widened = try workplace.run("mirrorscope", "ablate", "planted.h5", "--quiet")
    #expect(widened.status == 2 && widened.errors.contains("or allow for more rounding (--replay-tolerance)."), widened.transcript)
    let tolerant = try workplace.run(
      "mirrorscope", "ablate", "planted.h5", "--controls", "0", "--bootstrap", "0", "--replay-tolerance", "0.01")
    #expect(tolerant.status == 0 && tolerant.output == typed.output, tolerant.transcript)
  }

  @Test(
    "Options that mean nothing are a usage error",
    arguments: [
      ["--units", "dense_1"], ["--top", "0"], ["--mode", "mean:joy"], ["--draws", "0"], ["--replay-tolerance", "2"],
      ["--replay-tolerance", "nan"],
    ])
  func usage(options: [String]) throws {
    let run = try workplace.run("mirrorscope", ["ablate", "planted.h5"] + options)
    #expect(run.status == 64 && run.output.isEmpty, run.transcript)
  }
}
