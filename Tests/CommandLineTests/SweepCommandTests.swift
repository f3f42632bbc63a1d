import Foundation
import HDF5
import Testing

/// `frogtoad sweep`: many networks from one file.
@Suite("Sweeps")
struct SweepCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private static let small = """
    generate: {states: 6000, test: 0, seed: [1, 2], help-from: [alone, 26]}
    train: {hidden: "4,4", learning-rate: 1e-2, epochs: 3, seed: 1..2, veil: [0.5, paper]}
    test: {states: 1500}
    measure: {permutations: 20, games: 3, turns: 40}
    """

  private func sweep(_ output: String, _ more: String...) throws -> ProgramRun {
    try workplace.run("frogtoad", ["sweep", "sweep.yaml", "--output", output] + more)
  }

  private func tables(_ folder: String, _ names: [String] = ["networks.csv", "cmni.csv"]) throws -> [String] {
    try names.map { try workplace.text("\(folder)/\($0)") }
  }

  @Test("The tables are the same bytes for any number of threads, and after kills at any moment")
  func kills() throws {
    try workplace.write("sweep.yaml", Self.small)
    let whole = try sweep("whole", "--threads", "2")
    #expect(whole.status == 0, whole.transcript)
    let one = try sweep("one", "--threads", "1", "--quiet")
    #expect(one.status == 0 && one.errors.isEmpty, one.transcript)
    #expect(try tables("one") == tables("whole"))
    // 2 data seeds x 2 rules x 2 seeds x 2 veils x 3 kinds.
    let networks = Table(try workplace.text("whole/networks.csv"))
    #expect(networks.rows.count == 48 && Set(networks["network"]).count == 48)
    #expect(networks.rows.filter { $0.contains("untrained") }.count == 16)

    for bytes in [1, 9_000, 25_000] {
      let running = try workplace.start("frogtoad", "sweep", "sweep.yaml", "--output", "killed", "--resume", "--quiet")
      try running.wait(for: "killed/results.jsonl", bytes: bytes)
      #expect(try running.end(by: SIGKILL).status == SIGKILL)
    }
    let damaged = try FileHandle(forWritingTo: URL(filePath: workplace.path("killed/results.jsonl")))
    try damaged.seekToEnd()
    try damaged.write(contentsOf: Data("{\"network\":\"half a li".utf8))
    try damaged.close()
    let resumed = try sweep("killed", "--resume")
    #expect(resumed.status == 0, resumed.transcript)
    #expect(try tables("killed") == tables("whole"))
    #expect(!workplace.exists("killed/.sweep-work"))
    let manifest = try JSONSerialization.jsonObject(with: Data(workplace.text("killed/manifest.json").utf8)) as? [String: Any]
    #expect(manifest?["done"] as? Int == 48 && manifest?["total"] as? Int == 48)

    let again = try sweep("whole")
    #expect(again.status == 1, again.transcript)
    #expect(
      again.errors == "error: whole/results.jsonl: is of an earlier sweep. Give --resume to go on with it, or another --output.\n",
      again.transcript)
  }

  @Test("Shares made side by side, one of them killed and gone on with, give the tables of one machine, and no network is made twice")
  func shares() throws {
    try workplace.write("sweep.yaml", Self.small)
    #expect(try sweep("whole", "--keep", "networks").status == 0)
    let prepared = try sweep("out", "--keep", "networks", "--prepare")
    #expect(prepared.status == 0 && prepared.errors.hasSuffix("out/states: the states of 48 networks.\n"), prepared.transcript)
    #expect(!workplace.exists("out/networks.csv"))
    let states = try workplace.names().filter { $0.hasPrefix("out/states/") }
    #expect(states.count == 8)

    func start(_ share: String) throws -> RunningProgram {
      try workplace.start(
        "frogtoad",
        ["sweep", "sweep.yaml", "--output", "out", "--keep", "networks", "--share", share, "--resume", "--threads", "1", "--quiet"])
    }
    let killed = try start("2/3")
    try killed.wait(for: "out/shares/2-of-3.jsonl", bytes: 4_000)
    let early = try sweep("out", "--keep", "networks", "--resume")
    #expect(early.status == 1, early.transcript)
    #expect(
      early.errors == "error: out/results.jsonl: another sweep is writing to it. Wait until it has ended, or choose another --output.\n",
      early.transcript)
    #expect(try killed.end(by: SIGKILL).status == SIGKILL)
    let beside = try start("1/3")
    let resumed = try sweep("out", "--keep", "networks", "--share", "2/3", "--resume")
    #expect(resumed.status == 0 && resumed.errors.contains("sweep.yaml: share 2/3, 16 networks, "), resumed.transcript)
    let last = try sweep("out", "--keep", "networks", "--share", "3/3")
    #expect(last.status == 0 && last.errors.hasSuffix("out/shares/3-of-3.jsonl: 16 networks.\n"), last.transcript)
    #expect(try beside.end(by: 0).status == 0)
    #expect(!workplace.exists("out/networks.csv"))

    // Cut otherwise, all is there already.
    let again = try sweep("out", "--keep", "networks", "--share", "1/2")
    #expect(again.status == 0 && again.errors.contains("24 networks, 24 done."), again.transcript)
    let joined = try sweep("out", "--keep", "networks", "--resume")
    #expect(joined.status == 0 && joined.errors.contains("sweep.yaml: 48 networks, 48 done."), joined.transcript)
    #expect(try tables("out") == tables("whole"))
    func kept(_ folder: String) throws -> [String] {
      try workplace.names().filter { $0.hasPrefix("\(folder)/networks/") || $0.hasPrefix("\(folder)/states/") }
        .map { String($0.dropFirst(folder.count)) }
    }
    #expect(try kept("out") == kept("whole"))
    #expect(!workplace.exists("out/.sweep-work"))
    let lines = try workplace.names().filter { $0.hasPrefix("out/shares/") && $0.hasSuffix("of-3.jsonl") }
      .flatMap { try workplace.text($0).split(separator: "\n").dropFirst() }
    #expect(lines.count == 48)
  }

  @Test("A share begins nothing: without the states of the sweep it says what to do first")
  func sharesOfNothing() throws {
    try workplace.write("sweep.yaml", Self.small)
    let absent = try sweep("out", "--share", "1/3")
    #expect(absent.status == 1 && !workplace.exists("out"), absent.transcript)
    #expect(
      absent.errors == "error: out/results.jsonl: is not there. Begin the sweep with --prepare, then make its share 1/3.\n",
      absent.transcript)
    #expect(try sweep("out", "--prepare").status == 0)
    for name in try workplace.names().filter({ $0.hasPrefix("out/states/states-") }) {
      try FileManager.default.removeItem(atPath: workplace.path(name))
    }
    let unmade = try sweep("out", "--share", "1/3")
    #expect(unmade.status == 1, unmade.transcript)
    #expect(
      unmade.errors.contains(".h5: is not there. Make the states of the sweep with --prepare, before its shares.\n"), unmade.transcript)
    let other = try sweep("out", "--share", "1/3", "--resume", "--keep", "best")
    #expect(other.status == 1 && other.errors.contains("the sweep was begun with another --keep"), other.transcript)
    for share in ["0/3", "4/3", "3", "1/0", "a/b", "1/100001"] {
      let run = try sweep("out", "--share", share)
      #expect(run.status == 64 && run.errors.contains("The value '\(share)' is invalid for '--share <K/N>'"), run.transcript)
    }
    let both = try sweep("out", "--share", "1/3", "--prepare")
    #expect(both.status == 64 && both.errors.contains("--prepare is for all shares: leave --share out."), both.transcript)
  }

  @Test("A control-C leaves the tables of what is done, says how to go on, and exits with 130")
  func interrupted() throws {
    try workplace.write("sweep.yaml", Self.small)
    let running = try workplace.start("frogtoad", "sweep", "sweep.yaml", "--output", "out")
    try running.wait(for: "out/results.jsonl", bytes: 4_000)
    let run = try running.end(by: SIGINT)
    #expect(run.status == 130, run.transcript)
    #expect(run.errors.contains(" of 48 networks. What is finished is kept; --resume goes on from there.\n"), run.transcript)
    #expect(try Table(workplace.text("out/networks.csv")).rows.count > 0)
  }

  @Test("A network of a sweep is the one that generate, train, record and cmni make of the same options")
  func sameAsByHand() throws {
    try workplace.write(
      "sweep.yaml",
      """
      generate: {states: 6000, test: 0, seed: 3}
      train: {hidden: "8,8", learning-rate: 3e-3, epochs: 4, seed: 5}
      kinds: [untrained, trained]
      test: {states: 1500, seed: 8}
      measure: {permutations: 20, all-rows: true, games: 20, turns: 100}
      """)
    let run = try sweep("out", "--keep", "all")
    #expect(run.status == 0, run.transcript)
    let networks = Table(try workplace.text("out/networks.csv"))
    #expect(networks["kind"] == ["untrained", "trained"])
    for arguments in [
      ["generate", "--states", "6000", "--test", "0", "--seed", "3", "--output", "s.h5"],
      ["train", "s.h5", "--hidden", "8,8", "--learning-rate", "3e-3", "--epochs", "4", "--seed", "5", "--output", "net"],
    ] {
      let run = try workplace.run("frogtoad", arguments)
      #expect(run.status == 0, run.transcript)
    }
    let test = try #require(workplace.names().first { $0.hasPrefix("out/states/test-") })
    for (row, epoch) in networks["epoch"].enumerated() {
      let name = "epoch-00\(epoch).h5"
      let recorded = try workplace.run("frogtoad", "record", "net/\(name)", "--states", test, "--output", name)
      #expect(recorded.status == 0, recorded.transcript)
      for (filter, suffix) in [([], ""), (["--no-partner-filter"], "_all_rows")] {
        let cmni = try workplace.run("mirrorscope", ["cmni", name] + filter)
        let table = Table(cmni.output)
        let standardised = try #require(table["variant"].firstIndex(of: "standardised"))
        #expect(table["cmni"][standardised] == networks["standardised\(suffix)"][row])
        #expect(table["validation_loss"][standardised] == networks["validation_loss"][row])
      }
      let games = try workplace.run(
        "frogtoad",
        ["games", "--checkpoint", "net/\(name)", "--games", "20", "--turns", "100", "--as-trained", "--seed", "8", "--bootstrap", "0"])
      let play = Table(games.output)
      #expect(play.rows.count > 10, games.transcript)
      for (outcome, value) in zip(play["outcome"], play["value"]) { #expect(networks[outcome][row] == value, "\(outcome)") }
      // And the recording that was kept is the same one.
      let kept = "out/recordings/\(networks["network"][row])/\(name)"
      let both = try workplace.run("mirrorscope", "stats", kept, name)
      let stats = Table(both.output)
      let half = stats.rows.count / 2
      #expect(half > 0 && stats["mean"].prefix(half) == stats["mean"].suffix(half))
    }
  }

  @Test("No test state looks like one that a network of the sweep learns from, under its veil")
  func testSet() throws {
    try workplace.write("sweep.yaml", Self.small)
    #expect(try sweep("out").status == 0)
    func veiled(_ name: String, _ split: String) throws -> Set<[UInt8]> {
      let states = try File.open(workplace.path(name)).root.dataset("\(split)/states").read(as: UInt8.self)
      return Set(
        stride(from: 0, to: states.count, by: 100).map { start in
          var row = Array(states[start..<start + 100])
          for index in [96, 98, 99] { row[index] = 0 }
          return row
        })
    }
    let files = try workplace.names().filter { $0.hasPrefix("out/states/") }
    let learnt = files.filter { $0.contains("/states-") }
    let tests = files.filter { $0.contains("/test-") }
    // Two rules and two veils; two seeds and two rules.
    #expect(learnt.count == 4 && tests.count == 4)
    let seen = try learnt.reduce(into: Set<[UInt8]>()) { try $0.formUnion(veiled($1, "train").union(veiled($1, "validation"))) }
    // Those of the veil that hides half of the identities lose other rows: two of the four have no paper twin.
    #expect(try tests.count { try seen.isDisjoint(with: veiled($0, "test")) } >= 2)
  }

  @Test("A network that several parts ask for is made once, and its options are read as those of the commands are")
  func parts() throws {
    try workplace.write(
      "sweep.yaml",
      """
      generate: {states: 2000, test: 0}
      train: {hidden: "3", epochs: 1}
      kinds: trained
      test: {states: 500}
      measure: {permutations: 5}
      parts:
        rates: {train: {learning-rate: [3e-4, 0.001]}}
        again: {train: {learning-rate: [0.0003, 0.01]}}
      """)
    let run = try sweep("out")
    #expect(run.status == 0, run.transcript)
    #expect(try Table(workplace.text("out/networks.csv"))["learning_rate"] == ["0.0003", "0.001", "0.01"])
  }

  @Test("A sweep whose file has changed goes on with the networks that it still asks for, each under its own options")
  func changed() throws {
    func file(_ train: String) throws {
      try workplace.write(
        "sweep.yaml",
        """
        generate: {states: 2000, test: 0}
        train: {hidden: "5", epochs: 1, \(train)}
        kinds: [trained, untrained]
        test: {states: 500}
        measure: {permutations: 5}
        """)
    }
    try file("veil: [paper, 0.5], seed: 1")
    #expect(try sweep("out").status == 0)
    try file("l2: [0.01, 0.1], seed: [1, 2]")
    let resumed = try sweep("out", "--resume")
    #expect(resumed.status == 0 && resumed.errors.contains("sweep.yaml: 8 networks, 2 done."), resumed.transcript)
    #expect(try sweep("anew").status == 0)
    #expect(try tables("out") == tables("anew"))
    #expect(try Set(Table(workplace.text("out/networks.csv"))["l2"]) == ["0.01", "0.1"])
  }

  @Test("A results file or states file that is not what the sweep wrote is refused, and the last line at most is dropped")
  func tampered() throws {
    try workplace.write(
      "sweep.yaml",
      """
      generate: {states: 2000, test: 0}
      train: {hidden: "5", epochs: 1}
      test: {states: 500}
      measure: {permutations: 5}
      """)
    #expect(try sweep("out").status == 0)
    let results = try workplace.text("out/results.jsonl")
    let lines = results.split(separator: "\n").map(String.init)
    let names = try lines.dropFirst().map { line in String(try #require(line.firstMatch(of: /"network":"([^"]+)"/)).1) }
    // Another network's name, a cell of another kind, a cell that is no column's, a short line of cmni.
    for (old, new) in [
      ("\"network\":\"\(names[0])", "\"network\":\"\(names[1])"), ("\"epoch\":\"i", "\"epoch\":\"s"), ("\"live_units\":", "\"units\":"),
      ("\"sauthor\",", ""),
    ] {
      var changed = lines
      changed[1] = changed[1].replacing(old, with: new, maxReplacements: 1)
      #expect(changed[1] != lines[1])
      try workplace.write("out/results.jsonl", changed.joined(separator: "\n") + "\n")
      let run = try sweep("out", "--resume")
      #expect(run.status == 2, run.transcript)
      #expect(
        run.errors == "error: out/results.jsonl: line 2 is damaged. Remove it, and its network is made again.\n", run.transcript)
    }
    let tables = try tables("out")
    try workplace.write("out/results.jsonl", lines.dropLast().joined(separator: "\n") + "\n{\"network\":\"half\n")
    #expect(try sweep("out", "--resume").status == 0)
    #expect(try self.tables("out") == tables)

    try workplace.write("out/results.jsonl", lines.dropLast().joined(separator: "\n") + "\n")
    let states = try #require(workplace.names().first { $0.hasPrefix("out/states/states-") })
    #expect(try workplace.run("frogtoad", "generate", "--states", "2000", "--test", "0", "--output", states, "--force").status == 0)
    let run = try sweep("out", "--resume")
    #expect(run.status == 2, run.transcript)
    #expect(
      run.errors.hasSuffix("error: \(states): is not the file that this sweep made. Remove it, and it is made again.\n"), run.transcript)
  }

  @Test("States that cannot be made are a row with the reason, and the others go on")
  func impossible() throws {
    try workplace.write(
      "sweep.yaml",
      """
      generate: {states: 3000, test: 0, turns-per-game: [1, 1000]}
      train: {hidden: "5", epochs: 1}
      kinds: untrained
      test: {states: 500}
      measure: {permutations: 5}
      """)
    let run = try sweep("out")
    #expect(run.status == 0, run.transcript)
    let table = Table(try workplace.text("out/networks.csv"))
    #expect(table.rows.count == 2)
    #expect(table["reason"][0].contains("before play stopped giving new ones") && table["accuracy"][0].isEmpty, run.transcript)
    #expect(!table["accuracy"][1].isEmpty)
  }

  @Test(
    "What is wrong with the file is said with its line",
    arguments: [
      ("train: [", "sweep.yaml: is no YAML: line "),
      ("", "sweep.yaml: holds no options. Give it generate and train, at least."),
      ("generate: {states: 100}\n", "sweep.yaml: train has no hidden, the units of each hidden layer. Add it, such as hidden: \"17,17\"."),
      ("train: {hidden: \"3\"}\n", "sweep.yaml: generate has no states. Add it, such as states: 300000."),
      ("a: 1\n", "sweep.yaml: line 1: the file has no a; it may hold generate, train, kinds, test, measure, parts."),
      ("train:\n  hiden: \"3\"\n", "sweep.yaml: line 2: train has no hiden; it may hold hidden, learning-rate, "),
      ("generate: {states: 100}\ntrain:\n  hidden: \"3,x\"\n", "sweep.yaml: line 3: hidden: 3,x does not name the units of each layer"),
      (
        "generate:\n  states: 100\n  dependency: 2\ntrain: {hidden: \"3\"}\n", "sweep.yaml: line 3: --dependency takes a number from 0 to 1"
      ),
      ("generate: {states: 100}\ntrain: {hidden: \"3\", seed: 9..1}\n", "sweep.yaml: line 2: 9..1 is no range of up to 100,000 numbers"),
      ("generate: {states: 100}\ntrain: {hidden: [\"3\", \"3\"]}\n", "sweep.yaml: line 2: an option has the same value twice."),
      (
        "generate: {states: 100, seed: 0}\ntrain: {hidden: \"3\"}\n",
        "sweep.yaml: the test set has the seed 0, as the states to learn from."
      ),
      ("kinds: [trained, random]\n", "sweep.yaml: line 1: kinds may be trained, untrained, shuffled, each once."),
      ("test: {states: 1}\n", "sweep.yaml: line 1: states is a whole number from 100 to 100000000."),
      (
        "generate: {states: 100}\ntrain: {hidden: \"3\", seed: 1..90000, epochs: 1..1000}\n",
        "sweep.yaml: asks for more than 100,000 networks."
      ),
      (
        "generate: {states: 100, test: 0}\ntrain: {hidden: \"3\", validation: test}\n",
        "sweep.yaml: 1x3 is to choose epochs on the test set of its states, and test is 0."
      ),
      (
        "generate: {states: 100, validation: 0}\ntrain: {hidden: \"3\"}\n",
        "sweep.yaml: 1x3 has no validation states to choose epochs on."
      ),
      (
        "generate: {states: 100, keep-energy: true}\ntrain: {hidden: \"3\"}\nmeasure: {games: 5}\n",
        "sweep.yaml: games show energy drawn anew,"
      ),
      ("measure: {epochs: [best, kept]}\n", "sweep.yaml: line 1: epochs is one of best and kept."),
    ])
  func badFiles(text: String, sentence: String) throws {
    try workplace.write("sweep.yaml", text)
    let run = try sweep("out")
    #expect(run.status == 2, run.transcript)
    #expect(run.errors.hasPrefix("error: " + sentence), run.transcript)
    #expect(run.errors.split(separator: "\n").count == 1 && !workplace.exists("out"), run.transcript)
  }

  @Test("A folder with files of somebody else is left as it is")
  func strangers() throws {
    try workplace.write("sweep.yaml", Self.small)
    try FileManager.default.createDirectory(atPath: workplace.path("out"), withIntermediateDirectories: true)
    try workplace.write("out/networks.csv", "mine\n")
    let run = try sweep("out")
    #expect(run.status == 1 && run.errors.hasPrefix("error: out/networks.csv: exists already."), run.transcript)
    try workplace.write("out/results.jsonl", "mine\n")
    let resumed = try sweep("out", "--resume")
    #expect(resumed.status == 1, resumed.transcript)
    #expect(resumed.errors == "error: out/results.jsonl: is nothing that a sweep wrote. Move it away, or choose another --output.\n")
    #expect(try workplace.text("out/networks.csv") == "mine\n" && workplace.text("out/results.jsonl") == "mine\n")
    try FileManager.default.createDirectory(atPath: workplace.path("other/states/mine"), withIntermediateDirectories: true)
    let states = try sweep("other")
    #expect(states.status == 1 && states.errors.hasPrefix("error: other/states: exists already."), states.transcript)
  }
}
