import Foundation
import HDF5
import Testing

/// `plan` and `judge` end to end.
@Suite("Plan and judge from the command line")
struct PlanCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/references.h5", as: "run.h5")
  }

  private func expectFailure(_ status: Int32, _ part: String, _ arguments: String...) throws {
    let run = try workplace.run("mirrorscope", arguments + ["--quiet"])
    #expect(run.status == status && run.output.isEmpty, run.transcript)
    #expect(run.errors.contains(part) && run.errors.split(separator: "\n").count <= 3, run.transcript)
  }

  @Test(
    "A plan that numpy runs is judged as ablate judges the recording", arguments: ["zero", "mean", "resample", "direction"])
  func numpyRunsPlan(mode: String) throws {
    guard let python else { return }
    let choice = mode == "direction" ? [] : ["--units", "dense_1:0,3,7,9"]
    let common = choice + ["--mode", mode, "--controls", "40", "--outcome", "accuracy"]
    let plan = try workplace.run(
      "mirrorscope", ["plan", "run.h5", "-o", "plan.json", "--targets", "-"] + common + (mode == "resample" ? ["--draws", "2"] : []))
    #expect(plan.status == 0 && plan.errors.contains("arms of"), plan.transcript)
    #expect(Table(plan.output)["mode"].allSatisfy { $0.hasPrefix(mode) })
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/CommandLine/run_plan.py").path
    let ran = try workplace.run(
      executable: python, [script, workplace.path("run.h5"), workplace.path("plan.json"), workplace.path("outcomes.csv")])
    try #require(ran.status == 0, ran.transcript)
    let judged = try workplace.run("mirrorscope", "judge", "plan.json", "outcomes.csv", "--quiet")
    let ablated = try workplace.run(
      "mirrorscope", ["ablate", "run.h5", "--quiet"] + common + (mode == "resample" ? ["--draws", "2"] : []))
    #expect(judged.status == 0 && judged.errors.isEmpty && ablated.status == 0, judged.transcript)
    let (first, second) = (Table(judged.output), Table(ablated.output))
    func key(_ table: Table, _ row: Int) -> String {
      ["target", "target_units", "mode", "phase", "outcome", "primary"].map { table[$0][row] }.joined(separator: " ")
    }
    let rows = Dictionary(uniqueKeysWithValues: second.rows.indices.map { (key(second, $0), $0) })
    var compared = 0
    for column in ["baseline", "ablated", "effect", "control_mean", "control_sd", "p_value", "n", "balance", "draws", "draw_se"] {
      let (values, expected) = (first.numbers(column), second.numbers(column))
      for row in first.rows.indices {
        let place = try #require(rows[key(first, row)])
        guard let value = values[row], let other = expected[place] else {
          #expect(values[row] == nil && expected[place] == nil, "\(column) \(key(first, row))")
          continue
        }
        compared += 1
        #expect(abs(value - other) <= 1e-6 * max(1, abs(other)), "\(column) \(key(first, row))")
      }
    }
    #expect(compared > 100)
  }

  @Test("What cannot be planned or judged is refused in a sentence, and no file is left or replaced")
  func refusals() throws {
    try expectFailure(64, "A plan is of one recording", "plan", "run.h5", "other.h5")
    try expectFailure(64, "--mode noise needs numbers", "plan", "run.h5", "--mode", "noise")
    try expectFailure(64, "--top chooses units, and --mode direction", "plan", "run.h5", "--mode", "direction", "--top", "3")
    try expectFailure(64, "--direction goes with --mode direction", "ablate", "run.h5", "--direction", "self")
    try expectFailure(64, "--draws goes with --mode resample", "plan", "run.h5", "--draws", "3")
    try expectFailure(64, "--targets and --output are both p.json", "plan", "run.h5", "--targets", "p.json", "-o", "p.json")
    try expectFailure(64, "--shapley shares an effect", "ablate", "run.h5", "--mode", "direction", "--shapley", "s.csv")
    try expectFailure(1, "has no layer 'dense_9' to ablate; it has dense_1.", "plan", "run.h5", "--units", "dense_9:1", "-o", "plan.json")
    try expectFailure(1, "not 99", "plan", "run.h5", "--units", "dense_1:99", "-o", "plan.json")
    #expect(try workplace.names() == ["run.h5"])
    let plan = try workplace.run("mirrorscope", "plan", "run.h5", "-o", "plan.json", "--quiet")
    #expect(plan.status == 0 && plan.errors.isEmpty, plan.transcript)
    try expectFailure(1, "plan.json: exists already", "plan", "run.h5", "-o", "plan.json")
    try expectFailure(1, "run.h5: ", "plan", "run.h5", "-o", "run.h5", "--force")
    try expectFailure(1, "nothing.json: there is no such file", "judge", "nothing.json", "outcomes.csv")
    try expectFailure(1, "outcomes.csv: there is no such file", "judge", "plan.json", "outcomes.csv")
    try expectFailure(2, "run.h5: is no plan of 'mirrorscope plan'", "judge", "run.h5", "plan.json")
    try workplace.write("outcomes.csv", "arm,example,outcome,value\n")
    try expectFailure(3, "arms have no outcomes", "judge", "plan.json", "outcomes.csv")
    try expectFailure(1, "--max-memory", "judge", "plan.json", "outcomes.csv", "--max-memory", "1")
    let parts = try #require(JSONSerialization.jsonObject(with: Data(workplace.text("plan.json").utf8)) as? [String: Any])
    let examples = try #require(parts["examples"] as? [[String: Any]]).compactMap { $0["example"] as? String }
    let arms = try #require(parts["arms"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    try workplace.write(
      "outcomes.csv",
      (["arm,example,outcome,value"] + arms.flatMap { arm in examples.map { "\(arm),\($0),hit,1" } }).joined(separator: "\n"))
    for taken in ["plan.json", "outcomes.csv"] {
      try expectFailure(1, "\(taken): ", "judge", "plan.json", "outcomes.csv", "-o", taken, "--force")
    }
    #expect(try workplace.run("mirrorscope", "judge", "plan.json", "outcomes.csv").status == 0)
  }

  @Test("Rows of one example in both halves are refused; as strata they stay whole, and each example is run once")
  func examplesOfSeveralRows() throws {
    guard let python else { return }
    let script = """
      import h5py, sys
      f = h5py.File(sys.argv[1], 'a')
      del f['split']
      f['rows/example'] = [row // 4 for row in range(len(f['phase']))]
      """
    #expect(try workplace.run(executable: python, ["-c", script, workplace.path("run.h5")]).status == 0)
    let count = try File.open(workplace.path("run.h5")).root.dataset("phase").shape[0]
    try expectFailure(2, "would choose units and test them", "plan", "run.h5", "-o", "plan.json")
    let split = """
      import h5py, sys
      f = h5py.File(sys.argv[1], 'a')
      del f['stratum']
      f['split'] = [row // 4 % 2 for row in range(len(f['phase']))]
      """
    #expect(try workplace.run(executable: python, ["-c", split, workplace.path("run.h5")]).status == 0)
    try expectFailure(2, "Take them as strata with --stratum-column example", "plan", "run.h5", "--mode", "direction", "-o", "plan.json")
    let run = try workplace.run("mirrorscope", "plan", "run.h5", "--stratum-column", "example", "-o", "plan.json", "--targets", "t.csv")
    #expect(run.status == 0, run.transcript)
    let examples = Table(try workplace.text("t.csv")).numbers("examples").compactMap { $0 }
    #expect(examples.allSatisfy { Int($0) <= (count + 3) / 4 && Int($0) >= count / 16 })
    let single = try workplace.run("mirrorscope", "plan", "run.h5", "--example-column", "sample", "--quiet")
    #expect(single.status == 0, single.transcript)
  }
}
