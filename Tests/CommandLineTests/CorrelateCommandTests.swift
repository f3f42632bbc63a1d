import Foundation
import Testing

/// `correlate` and `similarity` end to end.
@Suite("correlate and similarity")
struct CorrelateCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/strata.h5", as: "strata.h5")
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "small.h5")
  }

  @Test(
    "The same bytes for one thread and two",
    arguments: [
      ["correlate", "strata.h5", "--quiet"],
      ["correlate", "strata.h5", "--phase", "self,other", "--phase", "all", "--across-layers", "--quiet"],
      ["correlate", "strata.h5", "--phases", "self,other", "--method", "spearman", "--quiet"],
      ["correlate", "strata.h5", "--matrix", "--across-layers", "--quiet"], ["similarity", "strata.h5", "small.h5", "--quiet"],
      ["similarity", "strata.h5", "--permutations", "19", "--phase", "self,other", "--quiet"],
    ])
  func threads(arguments: [String]) throws {
    let one = try workplace.run("mirrorscope", arguments + ["--threads", "1"])
    #expect(one.status == 0 && one.errors.isEmpty, one.transcript)
    #expect(Table(one.output).rows.count > 10)
    #expect(try workplace.run("mirrorscope", arguments + ["--threads", "2"]).output == one.output)
  }

  @Test("Phases given twice are taken once, in the order given")
  func phases() throws {
    let run = try workplace.run("mirrorscope", "correlate", "strata.h5", "--phase", "other,all", "--phase", "other", "--layers", "dense_2")
    #expect(run.status == 0, run.transcript)
    let table = Table(run.output)
    #expect(
      table.header.joined(separator: ",")
        == "recording,network,epoch,layer_a,unit_a,layer_b,unit_b,phase_a,phase_b,method,n,r,reason,precision")
    #expect(table["phase_a"] == ["other", "all"] && table["phase_b"] == ["other", "all"])
  }

  @Test("--matrix writes one square where a table goes, and several to files of their own")
  func matrices() throws {
    let one = try workplace.run("mirrorscope", "correlate", "strata.h5", "--matrix", "--layers", "dense_2")
    #expect(one.status == 0 && one.output.hasPrefix("unit,dense_2:0,dense_2:1\ndense_2:0,1.0,"), one.transcript)

    let refused = try workplace.run("mirrorscope", "correlate", "strata.h5", "--matrix", "--phase", "self,other")
    #expect(refused.status == 1 && refused.output.isEmpty, refused.transcript)
    #expect(refused.errors.hasPrefix("error: strata.h5: --matrix makes 6 squares. Give --output PATH"), refused.transcript)

    let several = try workplace.run("mirrorscope", "correlate", "strata.h5", "--matrix", "--phase", "self,other", "--output", "r.csv")
    #expect(several.status == 0 && several.output.isEmpty, several.transcript)
    let expected = ["dense_1", "dense_2", "dense_3"].flatMap { ["r.\($0).other.csv", "r.\($0).self.csv"] }
    #expect(try workplace.names().filter { $0.hasPrefix("r.") } == expected)
    #expect(Table(try workplace.text("r.dense_3.self.csv")).header == ["unit", "dense_3:0", "dense_3:1", "dense_3:2", "dense_3:3"])

    let again = try workplace.run("mirrorscope", "correlate", "strata.h5", "--matrix", "--phase", "self,other", "--output", "r.csv")
    #expect(again.status == 1 && again.errors.hasPrefix("error: r.dense_1.self.csv: exists already."), again.transcript)
  }

  @Test("Across phases without strata is a part missing, RSA alone likewise; both at once leave what needs strata empty")
  func withoutStrata() throws {
    let across = try workplace.run("mirrorscope", "correlate", "small.h5", "--phases", "self,other")
    #expect(across.status == 2 && across.errors.hasPrefix("error: small.h5: has no /stratum. "), across.transcript)
    let rsa = try workplace.run("mirrorscope", "similarity", "small.h5", "--measure", "rsa")
    #expect(rsa.status == 2 && rsa.errors.contains("error: small.h5: has no /stratum. "), rsa.transcript)
    let both = try workplace.run("mirrorscope", "similarity", "small.h5", "--phase", "self,other")
    let table = Table(both.output)
    #expect(both.status == 0 && table.header[9..<13] == ["value", "reason", "p_value", "permutations"], both.transcript)
    #expect(zip(table["value"], table["reason"]).allSatisfy { $0.isEmpty != $1.isEmpty })
  }

  @Test(
    "What makes no sense is a usage error",
    arguments: [["--phase", "nobody"], ["--phases", "self"], ["--phases", "self,self"], ["--phase", "self", "--phases", "self,other"]])
  func usage(arguments: [String]) throws {
    let run = try workplace.run("mirrorscope", ["correlate", "strata.h5"] + arguments)
    #expect(run.status == 64 && run.output.isEmpty, run.transcript)
  }

  @Test("What does not fit into --max-memory is refused before it is read, with what it needs; negative permutations are a usage error")
  func similarityMemory() throws {
    let run = try workplace.run("mirrorscope", "similarity", "strata.h5", "--max-memory", "20K")
    #expect(run.status == 1 && run.output.isEmpty, run.transcript)
    #expect(
      run.errors.contains("error: strata.h5: the table similarity needs ")
        && run.errors.contains("allowed. Choose fewer layers or phases,") && run.errors.contains("(--max-memory)"), run.transcript)
    #expect(try workplace.run("mirrorscope", "similarity", "strata.h5", "--permutations", "-1").status == 64)
  }

  @Test("Spearman's rows need memory, Pearson's do not")
  func memory() throws {
    let arguments = ["correlate", "strata.h5", "--max-memory", "5M"]
    #expect(try workplace.run("mirrorscope", arguments).status == 0)
    let run = try workplace.run("mirrorscope", ["correlate", "strata.h5", "--max-memory", "50K", "--method", "spearman"])
    #expect(run.status == 1 && run.errors.hasPrefix("error: strata.h5: the table correlate needs "), run.transcript)
  }

  @Test("--matrix is held against --max-memory too, and takes joined recordings as one")
  func matrixMemory() throws {
    let run = try workplace.run("mirrorscope", "correlate", "strata.h5", "--matrix", "--layers", "dense_2", "--max-memory", "10K")
    #expect(run.status == 1 && run.errors.hasPrefix("error: strata.h5: the table correlate needs "), run.transcript)
    try workplace.copyFixture("MirrorAnalysis/strata.h5", as: "again.h5")
    let two = ["correlate", "strata.h5", "again.h5", "--matrix", "--layers", "dense_2"]
    #expect(try workplace.run("mirrorscope", two).status == 64)
    let joined = try workplace.run("mirrorscope", two + ["--join"])
    #expect(joined.status == 0 && joined.output.hasPrefix("unit,dense_2:0,dense_2:1\ndense_2:0,1.0,"), joined.transcript)
  }
}
