import Foundation
import HDF5
import Testing

/// The analyzer's commands end to end.
@Suite("The analyzer")
struct AnalyzerTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
  }

  @Test(
    "Every command gives the same bytes for one thread and two, and in every format a table",
    arguments: [
      ["cmni", "--permutations", "50"], ["cmni", "--permutations", "50", "--by-layer"], ["stats"], ["units", "--permutations", "50"],
      ["units", "--p-values", "welch"],
      ["divergence"], ["correlate"], ["correlate", "--method", "spearman", "--phase", "self"], ["correlate", "--across-layers"], ["audit"],
      ["direction", "--permutations", "50"], ["decode"], ["circuit"],
      ["ablate", "--controls", "20", "--bootstrap", "20"], ["ablate", "--each", "--mode", "noise", "--controls", "5", "--bootstrap", "0"],
    ])
  func threads(command: [String]) throws {
    let arguments = [command[0], "planted.h5"] + command.dropFirst()
    let one = try workplace.run("mirrorscope", arguments + ["--threads", "1"])
    #expect(one.status == 0, one.transcript)
    #expect(try workplace.run("mirrorscope", arguments + ["--threads", "2"]).output == one.output)
    let json = try workplace.run("mirrorscope", arguments + ["--format", "json", "--quiet"])
    #expect(json.status == 0 && json.errors.isEmpty, json.transcript)
    let objects = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(objects.count == Table(one.output).rows.count)
    #expect(Set(objects.first.map { Array($0.keys) } ?? []) == Set(Table(one.output).header))
  }

  @Test("ablate refuses kernels that do not give the recorded outputs, and says where")
  func wrongKernel() throws {
    let file = try File.open(workplace.path("planted.h5"), writable: true)
    let kernel = try file.root.group("layers").group("dense_2").dataset("kernel")
    try kernel.write(try kernel.read(as: Float.self).map { $0 * 1.1 })
    try file.close()
    let run = try workplace.run("mirrorscope", "ablate", "planted.h5", "--quiet")
    #expect(run.status == 2, run.transcript)
    #expect(run.errors.hasPrefix("error: planted.h5: replaying the recorded kernels gives "), run.transcript)
    #expect(run.errors.contains("of dense_2, but ") && run.errors.split(separator: "\n").count == 1, run.transcript)
  }

  @Test("More memory than allowed is refused before it is taken")
  func memory() throws {
    let run = try workplace.run("mirrorscope", "cmni", "planted.h5", "--max-memory", "10K", "--quiet")
    #expect(run.status == 1, run.transcript)
    #expect(run.errors.hasPrefix("error: planted.h5: the table cmni needs "), run.transcript)
  }

  @Test("--same-rows marks every row and warns")
  func sameRows() throws {
    let run = try workplace.run("mirrorscope", "ablate", "planted.h5", "--same-rows", "--controls", "2", "--bootstrap", "0")
    #expect(run.status == 0 && Table(run.output)["same_rows"].allSatisfy { $0 == "true" }, run.transcript)
    #expect(run.errors.contains("warning: Units are chosen on the rows they are evaluated on"), run.transcript)
  }
}
