import ActivationRecording
import Foundation
import HDF5
import Testing

/// `--accumulator` and `mirrorscope merge` end to end.
@Suite("merge")
struct MergeCommandTests {
  private let workplace: Workplace

  /// Three recordings of one network, a.h5, b.h5 and c.h5: the second has no row of other, the third a single row.
  init() throws {
    workplace = try Workplace()
    var state: UInt64 = 11
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24) - 0.5
    }
    for (name, count) in [("a", 90), ("b", 60), ("c", 1)] {
      var description = RecordingDescription()
      (description.model.network, description.model.epoch, description.model.checkpointID) = ("net", 3, "id-\(name)")
      var columns = Recorder.Columns()
      (columns.hasStrata, columns.hasPairs) = (true, true)
      let recorder = try Recorder(
        path: workplace.path("\(name).h5"),
        layers: [
          LayerDescription(name: "dense_1", unitCount: 4, activationFunction: "relu", isOutput: false),
          LayerDescription(name: "dense_2", unitCount: 2, activationFunction: "linear", isOutput: true),
        ], columns: columns, description: description)
      let phases = (0..<count).map { row in Phase.allCases[name == "b" ? row % 2 : row % 3] }
      var batch = RowBatch(
        phases: phases,
        activations: [
          (0..<4 * count).map { Float(max(0, next() + (phases[$0 / 4] == .neither ? 0 : 0.3))) },
          (0..<2 * count).map { _ in Float(next()) },
        ])
      (batch.strata, batch.pairs) = ((0..<count).map { Int32($0 / 6) }, (0..<count).map { Int32($0 / 3) })
      try recorder.append(batch)
      try recorder.finish()
    }
  }

  private static let names = ["a", "b", "c"]

  @discardableResult
  private func run(_ line: String, status: Int32 = 0) throws -> ProgramRun {
    let run = try workplace.run("mirrorscope", line.split(separator: " ").map(String.init))
    #expect(run.status == status, run.transcript)
    return run
  }

  /// Writes what each recording adds.
  private func accumulate(_ command: String) throws {
    for (number, name) in Self.names.enumerated() {
      try run(
        "\(command) --accumulator \(name).acc --shard \(number + 1)/3 --force --quiet".replacing(
          " ", with: " \(name).h5 ", maxReplacements: 1))
    }
  }

  @Test(
    "What recordings add, merged in any order, is the table of --join to the byte",
    arguments: [
      "stats", "units --p-values welch", "correlate --phase all,none,self --across-layers", "correlate --no-partner-filter",
      "overlap --permutations 50 --seed 4",
    ])
  func shards(command: String) throws {
    let command = command.contains(" ") ? command : command + " --no-partner-filter"
    try accumulate(command)
    let words = command.replacing(" ", with: " a.h5 b.h5 c.h5 --join --quiet ", maxReplacements: 1)
    let joined = try run(words)
    #expect(try run("merge b.acc c.acc a.acc --quiet").output == joined.output)
    #expect(joined.output.contains("\na.h5,net,3,"))
    try run("merge a.acc b.acc c.acc --quiet --output t.json")
    #expect(try workplace.text("t.json") == run(words + " --format json").output)
    // Nothing is replaced unless it is asked for.
    #expect(try run("merge a.acc b.acc c.acc --output t.json", status: 1).errors.contains("t.json: exists already."))
  }

  @Test("The sums of all layers count for --max-memory, where a table has those of one layer at a time")
  func memory() throws {
    let (layers, units, rows) = (8, 500, 12)
    let recorder = try Recorder(
      path: workplace.path("wide.h5"),
      layers: (0..<layers).map {
        LayerDescription(name: "dense_\($0)", unitCount: units, activationFunction: "relu", isOutput: false)
      }, columns: Recorder.Columns(), description: RecordingDescription())
    try recorder.append(
      RowBatch(
        phases: (0..<rows).map { Phase.allCases[$0 % 3] },
        activations: (0..<layers).map { layer in (0..<rows * units).map { Float(($0 * 7 + layer) % 11) } }))
    try recorder.finish()
    // A matrix of 500 units has 2 MB.
    try run("correlate wide.h5 --output table.csv --max-memory 14M --threads 1 --quiet")
    let refused = try run("correlate wide.h5 --accumulator wide.acc --max-memory 14M --threads 1 --quiet", status: 1)
    #expect(refused.errors.hasPrefix("error: wide.h5: the table correlate needs "), refused.transcript)
    #expect(try !workplace.names().contains { $0.hasPrefix("wide.acc") })
    try run("correlate wide.h5 --accumulator wide.acc --max-memory 40M --threads 1 --quiet")
  }

  @Test("More accumulators than files that may be open at once are merged")
  func openFiles() throws {
    let count = 30
    for number in 1...count { try run("units a.h5 --permutations 60 --share \(number)/\(count) --accumulator \(number).acc --quiet") }
    let program = try #require(workplace.program("mirrorscope"))
    let names = (1...count).map { "\($0).acc" }.joined(separator: " ")
    let merged = try workplace.run(
      executable: URL(filePath: "/bin/sh"), ["-c", "ulimit -n 20; exec \"$0\" merge \(names) --threads 1 --quiet", program])
    #expect(merged.status == 0, merged.transcript)
    #expect(try merged.output == run("units a.h5 --permutations 60 --quiet").output)
  }

  @Test("cmni merges the index and says what shards do not have")
  func index() throws {
    try accumulate("cmni --by-layer")
    let merged = Table(try run("merge a.acc b.acc c.acc").output)
    let joined = Table(try run("cmni a.h5 b.h5 c.h5 --join --by-layer").output)
    // Before the reason, which holds a comma.
    for column in ["recording", "checkpoint_id", "variant", "cmni", "total_mns", "unit_count", "n_none", "n_self", "n_other"] {
      #expect(merged[column] == joined[column] && !merged[column].isEmpty)
    }
    #expect(
      try run("merge a.acc b.acc c.acc --format tsv").output.contains(
        "\tmerged from shards: no cmni_crossfit, whose halves are of all rows\t"))
  }

  @Test("divergence takes the range of a first pass over all shards, and no other one")
  func divergence() throws {
    try accumulate("stats")
    for name in Self.names {
      try FileManager.default.moveItem(atPath: workplace.path("\(name).acc"), toPath: workplace.path("\(name).range"))
    }
    let alone = try run("divergence a.h5 --accumulator a.acc --shard 1/3", status: 64)
    #expect(alone.errors.contains("bins reach over the range of all rows, which a first pass has to find"))
    try accumulate("divergence --bins 8 --ranges a.range --ranges b.range --ranges c.range")
    let joined = try run("divergence a.h5 b.h5 c.h5 --join --bins 8")
    #expect(try run("merge a.acc b.acc c.acc").output == joined.output)
    // A first pass over other rows.
    let others = try workplace.run(
      "mirrorscope", "divergence", "a.h5", "--accumulator", "a.acc", "--shard", "1/3", "--bins", "8", "--ranges", "a.range", "--ranges",
      "b.range", "--ranges", "c.range", "--no-partner-filter", "--force")
    #expect(others.status != 0 && others.errors.contains("had 'on' for 'partner filter', and this one has 'off'"), others.transcript)
    let strata = try run("overlap a.h5 --join --join-strata --accumulator s.acc --shard 1/2", status: 64)
    #expect(strata.errors.contains("--join-strata has no shards"))
    // Two of them alone are no whole.
    try run("stats a.h5 --accumulator a2.range --shard 1/2")
    try run("stats b.h5 --accumulator b2.range --shard 2/2")
    let beyond = try workplace.run(
      "mirrorscope", "divergence", "b.h5", "--accumulator", "b.acc", "--shard", "2/3", "--bins", "8", "--ranges", "a2.range", "--ranges",
      "b2.range", "--force")
    #expect(beyond.status == 0, beyond.transcript)
    let other = try run("merge a.acc b.acc c.acc", status: 1)
    #expect(other.errors.contains("its option 'recordings of the first pass' is"))
  }

  @Test(
    "Shares of the permutations are those of one machine to the byte",
    arguments: [
      "units --permutations 300", "cmni --permutations 300 --by-layer", "divergence --permutations 100", "cmni --permutations 200",
    ])
  func shares(command: String) throws {
    let words = command.replacing(" ", with: " a.h5 b.h5 --join --exchange free --seed 7 ", maxReplacements: 1)
    for share in 1...4 { try run("\(words) --accumulator s\(share).acc --share \(share)/4 --threads \(share % 2 + 1)") }
    #expect(try run("merge s3.acc s1.acc s4.acc s2.acc").output == run("\(words) --quiet").output)
  }

  @Test("Accumulators that do not make up a whole are refused, naming them")
  func refusals() throws {
    try accumulate("stats")
    func expect(_ line: String, _ sentence: String, status: Int32 = 1) throws {
      let run = try self.run(line, status: status)
      #expect(run.errors.contains(sentence), run.transcript)
      #expect(run.output.isEmpty, run.transcript)
    }
    try expect("merge a.acc c.acc", "error: a.acc: is shard 1 of 3, and shard 2 is missing.")
    try expect("merge c.acc", "error: c.acc: is shard 3 of 3, and shards 1, 2 are missing.")
    try expect("merge a.acc b.acc c.acc a.acc", "error: a.acc: is shard 1 of 3, and so is a.acc. Give each once.")
    try run("stats b.h5 --accumulator other.acc --shard 1/3")
    try expect("merge a.acc other.acc c.acc", "error: other.acc: is shard 1 of 3, and so is a.acc. Give each once.")
    try run("stats a.h5 --accumulator plain.acc")
    try run("stats b.h5 --accumulator plain2.acc")
    try expect("merge plain.acc plain2.acc", "Say with --shard 2/3 which of how many each is.")
    try FileManager.default.copyItem(atPath: workplace.path("a.h5"), toPath: workplace.path("copy.h5"))
    try run("stats copy.h5 --accumulator copy.acc --shard 2/3")
    try expect(
      "merge a.acc copy.acc c.acc",
      "error: copy.acc: holds the rows of copy.h5, which a.acc holds already (as a.h5, the same bytes). Rows are to be counted once.")
    try run("stats b.h5 --accumulator two.acc --shard 2/2")
    try expect("merge a.acc two.acc c.acc", "it is shard 2 of 2, and that is shard 1 of 3.")
    try run("stats b.h5 --accumulator layer.acc --shard 2/3 --layers dense_1")
    try expect("merge a.acc layer.acc c.acc", "it has the layers dense_1, and that has dense_1, dense_2. Choose the same layers.")
    try run("stats b.h5 --accumulator filter.acc --shard 2/3 --no-partner-filter")
    try expect("merge a.acc filter.acc c.acc", "its option 'partner filter' is 'off', and there it is 'on'.")
    try run("cmni b.h5 --accumulator cmni.acc --shard 2/3")
    try expect("merge a.acc cmni.acc c.acc", "error: cmni.acc: cannot be merged with a.acc: it is of 'cmni', and that is of 'stats'.")
    for (number, options) in ["--margin 0.1", "--margin 0.2"].enumerated() {
      try run("units \(number == 0 ? "a" : "b").h5 --p-values welch \(options) --accumulator u\(number).acc --shard \(number + 1)/2")
    }
    try expect("merge u0.acc u1.acc", "its option 'margin' is '0.2', and there it is '0.1'.")
    for number in 1...2 {
      try run("units \(number == 1 ? "a" : "copy").h5 --permutations 200 --exchange free --accumulator s\(number).acc --share \(number)/2")
    }
    #expect(try run("merge s1.acc s2.acc").output.hasPrefix("recording,network"))
    try run("units b.h5 --no-partner-filter --permutations 200 --exchange free --accumulator s3.acc --share 2/2", status: 3)
    try run("cmni a.h5 --permutations 200 --exchange free --accumulator c1.acc --share 1/2")
    try run("cmni a.h5 --permutations 200 --exchange free --seed 2 --accumulator c2.acc --share 2/2")
    try expect("merge c1.acc c2.acc", "its option 'seed' is '2', and there it is '1'.")
    try expect("merge s1.acc c2.acc", "it is of 'cmni', and that is of 'units'.")
    try expect("merge a.h5", "error: a.h5: is no accumulator, but a mirrorscope-recording. Give files that --accumulator wrote.", status: 2)
    try workplace.write("text.acc", "no accumulator")
    try run("merge text.acc", status: 2)
    try run("merge nowhere.acc", status: 2)
    try expect("merge a.acc b.acc c.acc --max-memory 1K", "more than --max-memory")
  }

  @Test(
    "What cannot be done shard by shard, or share by share, is said before anything is read",
    arguments: [
      ("units a.h5 --accumulator x.acc", "permutations move labels among all rows"),
      ("units a.h5 --p-values welch --accumulator x.acc --share 1/2", "Welch's test has no permutations to share"),
      ("units a.h5 --stop-early --accumulator x.acc --share 1/2", "permutations that stop early depend on all those before"),
      ("stats a.h5 --accumulator x.acc --share 1/2", "moments have no permutations to share"),
      ("cmni a.h5 --permutations 9 --accumulator x.acc --shard 1/2", "permutations move labels among all rows"),
      ("cmni a.h5 --accumulator x.acc --share 1/2", "there are no permutations to share"),
      ("correlate a.h5 --method spearman --accumulator x.acc", "ranks are among all rows"),
      ("correlate a.h5 --phases self,other --accumulator x.acc", "are over the strata of all rows"),
      ("overlap a.h5 --permutations 9 --accumulator x.acc --share 1/2", "and are not shared"),
      ("stats a.h5 --shard 1/2", "--shard goes with --accumulator."),
      ("units a.h5 --share 1/2", "--share goes with --accumulator."),
      ("stats a.h5 --accumulator x.acc --shard 1/2 --share 1/2", "not both"),
      ("stats a.h5 --accumulator x.acc --shard 3/2", "--shard"),
      ("stats a.h5 --accumulator x.acc --output t.csv", "writes no table"),
      ("stats a.h5 b.h5 --accumulator x.acc", "takes one recording; write one for each"),
      ("stats a.h5 b.h5 --join --accumulator x.acc", "takes one recording; write one for each"),
      ("correlate a.h5 --matrix --accumulator x.acc", "--matrix is a table"), ("divergence a.h5 --ranges b.h5", "--ranges goes with"),
      ("similarity a.h5 --share 1/2", "Unknown option '--share'"), ("decode a.h5 --accumulator x.acc", "Unknown option '--accumulator'"),
      ("direction a.h5 --accumulator x.acc", "halves of the rows, intervals and axes are of all rows"),
      ("direction a.h5 --permutations 9 --write d.h5 --accumulator x.acc --share 1/2", "--write goes with the table"),
    ])
  func usage(line: String, sentence: String) throws {
    let run = try self.run(line, status: 64)
    #expect(run.errors.contains(sentence), run.transcript)
    #expect(!workplace.exists("x.acc") && !workplace.exists("x.acc.partial"))
  }

  @Test("An accumulator replaces no file unless it is asked to, and never a recording that is read")
  func replacing() throws {
    try run("stats a.h5 --accumulator a.acc")
    #expect(try run("stats a.h5 --accumulator a.acc", status: 1).errors.contains("a.acc: exists already. Give --force"))
    try run("stats a.h5 --accumulator a.acc --force")
    try run("stats a.h5 --accumulator a.h5 --force", status: 1)
    try run("merge a.acc --output a.acc --force", status: 1)
    try run("merge a.acc")
  }

  @Test("A flipped byte changes no number: the table is the same, or there is none")
  func flips() throws {
    try run("units a.h5 --permutations 100 --exchange free --layers dense_1 --accumulator s1.acc --share 1/2")
    try run("units a.h5 --permutations 100 --exchange free --layers dense_1 --accumulator s2.acc --share 2/2")
    let expected = try run("merge s1.acc s2.acc").output
    let url = URL(filePath: workplace.path("s2.acc"))
    let whole = try Data(contentsOf: url)
    for flip in 0..<60 {
      var flipped = whole
      let position = flip * (whole.count - 1) / 59
      flipped[position] ^= UInt8(1 << (flip % 8))
      try flipped.write(to: url)
      let run = try workplace.run("mirrorscope", "merge", "s1.acc", "s2.acc")
      let isFine = run.status == 0 ? run.output == expected : [1, 2].contains(run.status) && run.errors.hasPrefix("error: ")
      #expect(isFine, "byte \(position)\n\(run.transcript)")
    }
  }

  @Test("A file that declares more than it holds, lacks a part or holds another number of values is refused with its part")
  func hostile() throws {
    func write(_ name: String, _ change: (Group) throws -> Void) throws {
      try run("stats a.h5 --accumulator \(name) --layers dense_1")
      let file = try File.open(workplace.path(name), writable: true)
      try change(file.root)
      try file.close()
    }
    func expect(_ name: String, _ sentence: String) throws {
      let run = try self.run("merge \(name)", status: 2)
      #expect(run.errors.contains(sentence), run.transcript)
    }
    try write("units.acc") { root in
      let units = try root.dataset("layers/n_units")
      try units.write([1 << 40])
      try units.seal()
    }
    try expect("units.acc", "error: units.acc: declares impossible numbers of files, layers or units. Write it again.")
    try write("more.acc") { root in
      let units = try root.dataset("layers/n_units")
      try units.write([5])
      try units.seal()
    }
    try expect("more.acc", "moments/0/sums holds 112 values, and has to hold 140")
    try write("changed.acc") { try $0.dataset("sums/rows").write([1, 2, 3, 4]) }
    try expect("changed.acc", "/sums/rows does not have the checksum in content_sha256")
    try write("huge.acc") { root in
      try root.createDataset("sums/zz", type: .float64, shape: [1 << 40], chunk: [1 << 16]).attributes.set("content_sha256", "0")
    }
    try expect("huge.acc", "huge.acc: /sums/zz declares 1099511627776 elements, but the file holds 0 bytes of them")
    try write("newer.acc") { try $0.attributes.set("schema_version", "2.0") }
    try expect("newer.acc", "has accumulator schema 2.0, newer than 1.0. Update Mirrorscope.")
    try write("begun.acc") { try $0.attributes.set("complete", 0) }
    try expect("begun.acc", "was not finished")
    try write("strange.acc") { try $0.attributes.set("analysis", "tarot") }
    try expect("strange.acc", "is of 'tarot', which this version does not merge.")
  }
}
