import HDF5
import Testing

@Suite("mirrorscope decode")
struct DecodeCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "golden.h5")
  }

  @Test("Writes the contract's columns, five rows per layer, the same bytes for any number of threads")
  func table() throws {
    let runs = try ["1", "2"].map {
      try workplace.run("mirrorscope", "decode", "golden.h5", "--quiet", "--permutations", "19", "--halves", "2", "--threads", $0)
    }
    #expect(runs[0].status == 0 && runs[0].errors.isEmpty, runs[0].transcript)
    let table = Table(runs[0].output)
    let start = "recording,network,epoch,layer,train_phase,test_phase,accuracy,auc,chance,p_value,ceiling"
    #expect(table.header.joined(separator: ",").hasPrefix(start))
    #expect(Array(table["train_phase"].prefix(5)) == ["self", "other", "self", "other", "all"])
    #expect(table["target"].count == 15 && Set(table["chance"]) == ["0.5", "0.25"])
    #expect(runs[0].output == runs[1].output)
  }

  @Test("A phase with fewer rows than folds ends with 3")
  func tooFewRows() throws {
    let file = try File.open(workplace.path("golden.h5"), writable: true)
    let phase = try file.root.dataset("phase")
    try phase.write(try phase.read(as: UInt8.self).map { $0 == 2 ? 0 : $0 })
    try file.close()
    let run = try workplace.run("mirrorscope", "decode", "golden.h5", "--quiet")
    #expect(run.status == 3 && run.output.isEmpty, run.transcript)
    #expect(run.errors.hasPrefix("error: golden.h5: phase other has no rows"), run.transcript)
  }

  @Test("Columns are decoded beside layers; inputs that are not recorded are an error")
  func sources() throws {
    let common = ["decode", "golden.h5", "--quiet", "--permutations", "0", "--halves", "1"]
    let run = try workplace.run("mirrorscope", common + ["--from", "layers", "--from", "label,sample"])
    #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    let table = Table(run.output)
    #expect(Array(table["layer"].suffix(5)) == [String](repeating: "label+sample", count: 5), run.transcript)
    #expect(table["layer"].count == 20, run.transcript)
    let missing = try workplace.run("mirrorscope", common + ["--from", "inputs"])
    #expect(missing.status == 1 && missing.output.isEmpty, missing.transcript)
    #expect(missing.errors == "error: golden.h5: has no /inputs to decode from. Record what the network sees.\n", missing.transcript)
  }

  @Test("Folds that cannot be are a usage error")
  func usage() throws {
    #expect(try workplace.run("mirrorscope", "decode", "golden.h5", "--folds", "1").status == 64)
    #expect(try workplace.run("mirrorscope", "decode", "golden.h5", "--halves", "0").status == 64)
    let run = try workplace.run("mirrorscope", "decode", "golden.h5", "--from", "inputs", "--from", "inputs")
    #expect(run.status == 64 && run.errors.contains("--from takes each source once."), run.transcript)
  }

  @Test("Rows that do not fit into --max-memory end with 1 and say what they need; fewer rows fit")
  func memory() throws {
    let arguments = ["decode", "golden.h5", "--quiet", "--threads", "1", "--permutations", "9", "--halves", "2", "--max-memory", "4M"]
    let run = try workplace.run("mirrorscope", arguments)
    #expect(run.status == 1 && run.output.isEmpty, run.transcript)
    #expect(run.errors.hasPrefix("error: golden.h5: the table decode needs "), run.transcript)
    #expect(run.errors.contains(", more than the 4.0 MB that are allowed. Take fewer rows, leave wide layers out,"), run.transcript)
    #expect(run.errors.hasSuffix(" (--max-memory).\n"), run.transcript)
    #expect(try workplace.run("mirrorscope", arguments + ["--rows", "100"]).status == 0)
  }
}
