import Foundation
import Testing

@Suite("mirrorscope compare")
struct CompareCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/compare_outcomes.csv", as: "outcomes.csv")
    try workplace.copyFixture("MirrorAnalysis/compare_networks.csv", as: "networks.csv")
  }

  private func compare(_ arguments: String...) throws -> ProgramRun {
    try workplace.run("mirrorscope", ["compare"] + arguments + ["--quiet"])
  }

  private func refuses(_ arguments: String..., status: Int32, _ sentence: String) throws {
    let run = try workplace.run("mirrorscope", ["compare"] + arguments + ["--quiet"])
    #expect(run.status == status && run.output.isEmpty, run.transcript)
    #expect(run.errors == "error: \(sentence)\n", run.transcript)
  }

  private static let joined = [
    "compare", "outcomes.csv", "--networks", "networks.csv", "--by", "hidden,kind", "--outcome", "index,loss", "--epoch", "last",
    "--baseline",
    "untrained", "--bootstrap", "200",
  ]

  @Test("Columns of the condition, then the contract's; the same bytes for any number of threads and any order of rows")
  func table() throws {
    let one = try workplace.run("mirrorscope", Self.joined + ["--threads", "1"])
    #expect(one.status == 0 && one.errors == "seed 1\n", one.transcript)
    #expect(
      one.output.hasPrefix(
        "hidden,kind,outcome,seeds,mean,iqm,ci_low,ci_high,baseline,difference,difference_low,difference_high,improvement,p_value,p_holm,reason,"
          + "pairs,test,missing,trend\n2x17,shuffled,index,4,0.05985,"), one.transcript)
    let lines = try workplace.text("outcomes.csv").split(separator: "\n")
    try workplace.write("turned.csv", ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n"))
    let turned = try workplace.run("mirrorscope", ["compare", "turned.csv"] + Self.joined.dropFirst(2) + ["--threads", "2"])
    #expect(turned.output == one.output, turned.transcript)
    let other = try workplace.run("mirrorscope", Self.joined + ["--seed", "2"])
    #expect(other.output != one.output && Table(other.output)["p_value"] == Table(one.output)["p_value"])
  }

  @Test("JSON has the same columns, and numbers where a condition is a number")
  func json() throws {
    try workplace.write("t.csv", "seed,dependency,y\n" + (1...6).map { "\($0),26.0,\($0)\n\($0),0,\(2 * $0)\n" }.joined())
    let run = try compare("t.csv", "--by", "dependency", "--outcome", "y", "--baseline", "0", "--format", "json", "-o", "out.json")
    #expect(run.status == 0 && run.output.isEmpty, run.transcript)
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(workplace.text("out.json").utf8)) as? [[String: Any]])
    #expect(rows.map { $0["dependency"] as? Int } == [0, 26] && rows[1]["baseline"] as? String == "dependency=0")
    #expect(rows[1]["difference"] as? Double == -3.5 && rows[1]["p_value"] as? Double == 2 / 64.0)
  }

  @Test("Several rows of one network are refused, with the columns in which they differ")
  func replicates() throws {
    try refuses(
      "outcomes.csv", "--networks", "networks.csv", "--by", "kind", "--seed-column", "seed,hidden", "--outcome", "index", status: 1,
      "outcomes.csv: 3 rows are of kind=trained,seed=5,hidden=3x50 and outcome index (line 2, line 24, line 108), which differ in epoch, loss. Rows of "
        + "one network are no replicates. Choose one of them by a condition or by epoch, make a column part of the condition or of the seed, or "
        + "ask for a trend over it (--where, --epoch last, --by, --seed-column, --trend).")
    let chosen = try compare(
      "outcomes.csv", "--networks", "networks.csv", "--by", "kind,hidden", "--outcome", "index", "--where", "epoch == 2", "--bootstrap", "0"
    )
    #expect(chosen.status == 0 && Table(chosen.output)["seeds"] == ["4", "6", "8", "8", "8", "8"], chosen.transcript)
    let trend = try compare(
      "outcomes.csv", "--networks", "networks.csv", "--by", "kind,hidden", "--outcome", "loss", "--trend", "epoch", "--bootstrap", "0")
    #expect(trend.status == 0 && Table(trend.output)["baseline"] == Array(repeating: "no slope", count: 6), trend.transcript)
  }

  @Test("Columns that are not there: the nearest are named")
  func columns() throws {
    try refuses(
      "outcomes.csv", "--by", "kind", "--outcome", "index", status: 1,
      "outcomes.csv: has no column kind: there are network, epoch, index, loss. Name another, or give a table of networks that has it (--networks)."
    )
    try refuses(
      "outcomes.csv", "--networks", "networks.csv", "--by", "kidn", "--outcome", "index", status: 1,
      "outcomes.csv: has no column kidn, nor has networks.csv: nearest is kind.")
    try refuses(
      "networks.csv", "--by", "kind", status: 1,
      "networks.csv: has no columns outcome and value, so its outcomes have to be named; columns of numbers are . Say which are outcomes (--outcome)."
    )
    try workplace.write("long.csv", "seed,kind,outcome,value\n1,a,score,1\n2,a,score,2\n")
    try refuses(
      "long.csv", "--by", "kind", "--outcome", "scores", status: 1,
      "long.csv: has no outcome 'scores': nearest is score. Say which are outcomes (--outcome).")
    try refuses(
      "long.csv", "--by", "kind", "--baseline", "b", status: 1,
      "The baseline 'b' is no value of kind: nearest is a. Name another baseline (--baseline).")
    try refuses(
      "long.csv", "--by", "kind", "--baseline", "a", status: 1,
      "No condition has the baseline kind=a with its other columns alike. Name another baseline (--baseline).")
    try refuses(
      "long.csv", "--by", "kind", "--where", "kind < 3", status: 1,
      "long.csv: the condition does not fit: column kind is text, which has no order: compare it by == or !=.")
    try refuses("long.csv", "--by", "kind", "--where", "seed > 3", status: 3, "long.csv: no row is left. Choose other rows (--where).")
    try workplace.write("mean.csv", "seed,mean,y\n1,a,1\n")
    try refuses(
      "mean.csv", "--by", "mean", "--outcome", "y", status: 1,
      "The column 'mean' can be no condition: the table that is written has one of that name. Call it otherwise.")
  }

  @Test("Cells that are no numbers, headers with a name twice, ragged rows, tables without rows")
  func badTables() throws {
    for (cell, shown) in [("inf", "inf"), ("nan", "nan"), ("NA", "NA"), ("1e999", "1e999"), ("0x10", "0x10"), ("1;5", "1;5")] {
      try workplace.write("t.csv", "seed,kind,y\n1,a,2\n2,a,\(cell)\n")
      try refuses(
        "t.csv", "--by", "kind", "--outcome", "y", status: 2,
        "t.csv: line 3 has '\(shown)' in y, which is no finite number. Leave a cell without a value empty.")
    }
    for (text, status, sentence) in [
      ("seed,kind,kind,y\n1,a,a,2\n", 2, "two columns are called 'kind'. Give each a name of its own."),
      ("seed,kind,y\n1,a\n", 2, "line 2 has 2 cells, and the header 3. Give every row a cell for each column."),
      ("seed,kind,y\n", 3, "has no rows."), ("", 2, "is empty. A table begins with a line of column names."),
      ("seed,kind,y\n,a,2\n", 2, "line 2 has nothing in seed, which tells the seeds. Fill it in."),
      ("[\n{\"seed\": 1}\n]\n", 2, "is JSON, and tables are read from CSV or TSV. Write it as one of these."),
    ] {
      try workplace.write("t.csv", text)
      try refuses("t.csv", "--by", "kind", "--outcome", "y", status: Int32(status), "t.csv: \(sentence)")
    }
    try refuses("no.csv", "--by", "kind", "--outcome", "y", status: 1, "no.csv: there is no such file.")
    try workplace.write("big.csv", "seed,kind,y\n" + String(repeating: "1,a,2\n", count: 1000))
    let run = try compare("big.csv", "--by", "kind", "--outcome", "y", "--max-memory", "10K")
    #expect(run.status == 1 && run.errors.hasPrefix("error: big.csv: its cells need "), run.transcript)
    #expect(run.errors.hasSuffix("Raise it, or give a table of fewer rows.\n"), run.transcript)
  }

  @Test("Networks that are not listed, or listed twice")
  func networks() throws {
    try workplace.write("few.csv", "network,kind,hidden,seed\n2x17-trained-1,trained,2x17,1\n")
    try refuses(
      "outcomes.csv", "--networks", "few.csv", "--by", "kind", "--outcome", "index", status: 2,
      "outcomes.csv: line 2 is of network=3x50-trained-5, which few.csv does not list. Add it there.")
    try workplace.write("twice.csv", try workplace.text("networks.csv") + "2x17-trained-1,2x17,trained,9\n")
    try refuses(
      "outcomes.csv", "--networks", "twice.csv", "--by", "kind", "--outcome", "index", status: 2,
      "twice.csv: 2 rows are of network=2x17-trained-1 (line 2, line 44). Give each a row of its own.")
    try workplace.write("nameless.csv", "kind,seed\na,1\n")
    try refuses(
      "outcomes.csv", "--networks", "nameless.csv", "--by", "kind", "--outcome", "index", status: 1,
      "nameless.csv: has no column network, on which tables are joined with it.")
    // By network and epoch, where a network has several rows.
    try workplace.write("t.csv", "network,epoch,y\n" + (1...5).flatMap { ["n\($0),0,1\n", "n\($0),3,\($0)\n"] }.joined())
    try workplace.write(
      "n.csv", "network,epoch,seed,kind\n" + (1...5).flatMap { ["n\($0),0,\($0),untrained\n", "n\($0),3,\($0),trained\n"] }.joined())
    let run = try compare("t.csv", "--networks", "n.csv", "--by", "kind", "--outcome", "y", "--baseline", "untrained", "--bootstrap", "50")
    #expect(run.status == 0 && Table(run.output)["difference"] == ["2.0", ""], run.transcript)
  }

  @Test("What cannot be meant is a usage error")
  func usage() throws {
    for (arguments, sentence) in [
      (["--by", "", "--outcome", "index"], "Error: --by takes names of columns, separated by commas."),
      (["--by", "kind,,hidden", "--outcome", "index"], "Error: --by takes names of columns, separated by commas."),
      (["--by", "kind", "--outcome", "kind"], "Error: 'kind' is named twice in --by, --seed-column, --outcome and --trend"),
      (["--by", "kind,seed", "--outcome", "index"], "Error: 'seed' is named twice in --by, --seed-column, --outcome and --trend"),
      (["--by", "kind", "--outcome", "index", "--trend", "epoch", "--epoch", "last"], "Error: --trend is over several epochs"),
      (["--outcome", "index"], "Error: Missing expected argument '--by <col,…>'"),
    ] {
      let run = try workplace.run("mirrorscope", ["compare", "outcomes.csv"] + arguments)
      #expect(run.status == 64 && run.output.isEmpty && run.errors.hasPrefix(sentence), run.transcript)
    }
    let run = try compare(
      "outcomes.csv", "--networks", "networks.csv", "--by", "kind,hidden", "--outcome", "index", "--epoch", "last", "--force", "-o",
      "networks.csv")
    #expect(run.status == 1 && run.errors.contains("networks.csv"), run.transcript)
  }

  @Test("Recordings: their outcomes are those of cmni, their kind and seed what they say")
  func recordings() throws {
    try #require(try workplace.run("frogtoad", "generate", "--states", "6000", "--test", "1000", "--output", "s.h5").status == 0)
    for seed in ["1", "2"] {
      for arguments in [
        ["train", "s.h5", "--hidden", "5", "--learning-rate", "1e-3", "--epochs", "2", "--seed", seed, "--output", "networks/\(seed)"],
        ["record", "networks/\(seed)", "--states", "s.h5", "--output", "recordings/\(seed)"],
      ] {
        let run = try workplace.run("frogtoad", arguments)
        try #require(run.status == 0, run.transcript)
      }
    }
    let recordings = try workplace.names().filter { $0.hasPrefix("recordings/") && $0.hasSuffix(".h5") }
    #expect(recordings.count >= 4)
    let arguments = recordings + ["--by", "kind", "--epoch", "last", "--baseline", "untrained", "--permutations", "30"]
    let run = try workplace.run("mirrorscope", ["compare"] + arguments)
    #expect(run.status == 0, run.transcript)
    let table = Table(run.output)
    #expect(table["kind"] == (0..<5).flatMap { _ in ["trained", "untrained"] }, run.transcript)
    #expect(
      table["outcome"] == ["cmni", "cmni_crossfit", "cmni_standardised", "least_overlap_excess", "validation_loss"].flatMap { [$0, $0] })
    #expect(table["seeds"] == Array(repeating: "2", count: 10), run.transcript)
    let cmni = Table(try workplace.run("mirrorscope", ["cmni"] + recordings + ["--permutations", "30"]).output)
    for (variant, column, row) in [("author", "cmni", 1), ("standardised", "least_overlap_excess", 7), ("standardised", "cmni", 5)] {
      let untrained = cmni.rows.indices.filter { cmni["variant"][$0] == variant && cmni["epoch"][$0] == "0" }
      let values = untrained.compactMap { cmni.numbers(column)[$0] }
      #expect(values.count == 2 && abs((table.numbers("mean")[row] ?? .nan) - values.reduce(0, +) / 2) <= 1e-15, run.transcript)
    }
    // By a hyperparameter, beside a table.
    let other = try workplace.run(
      "mirrorscope", ["compare"] + recordings + ["--by", "kind,learningRate", "--outcome", "cmni", "--epoch", "last"])
    #expect(other.status == 0 || other.errors.contains("has no column learningRate: "), other.transcript)
  }
}
