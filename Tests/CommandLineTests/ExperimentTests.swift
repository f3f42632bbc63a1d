import Foundation
import Testing

/// `frogtoad` from the game to the tables.
@Suite("The experiment")
struct ExperimentTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func expectSuccess(_ run: ProgramRun) {
    #expect(run.status == 0, run.transcript)
  }

  @Test("The example of run --help trains a 2x17 network that plays: accuracy above 0.90, help chosen on most rows labelled help")
  func quickRun() throws {
    #expect(try workplace.run("frogtoad", "run", "--help").output.contains("\nEXAMPLE\n  \(HelpExampleTests.wholeExperiment)\n"))
    let run = try workplace.run("frogtoad", HelpExampleTests.wholeExperiment.split(separator: " ").dropFirst().map(String.init))
    expectSuccess(run)
    let lines = run.output.split(separator: "\n").map(String.init)
    let heading = try #require(lines.first { $0.hasPrefix("2x17: best epoch") }, run.transcript)
    let accuracy = try #require(heading.firstMatch(of: /accuracy (0\.\d+)/).flatMap { Double($0.1) })
    #expect(accuracy > 0.90)
    let helpRow = try #require(lines.first { $0.hasPrefix("            help") }).split(separator: " ").dropFirst().compactMap { Int($0) }
    #expect(helpRow.count == 4 && helpRow.reduce(0, +) == 1000 && helpRow[3] > 800)
    #expect(run.output.contains("highest mirror-neuron scores"))
    let play =
      #/In 200 games with a random Toad, energy and flies shown as in training, 2x17 chooses help in [\d.]+ % of the turns in which Toad is in distress, and in [\d.]+ % of/#
    #expect(run.output.contains(play) && run.output.contains(#/Without the 4 units of dense_\d with the highest scores \(\d+, /#))
    #expect(run.errors.contains(#/Next: \S*mirrorscope \w+ demo\/recordings\/2x17\/epoch-/#), run.transcript)

    let cmni = Table(try workplace.text("demo/cmni.csv"))
    #expect(cmni["variant"].prefix(5) == ["author", "formula", "hidden", "standardised", "symmetric"])
    #expect(cmni["epoch"].first == "0")
    #expect(cmni.numbers("cmni").allSatisfy { $0 != nil })
    #expect(Set(cmni["recording"].map { $0.split(separator: "/")[1] }) == ["2x17", "3x10"])
    let stats = Table(try workplace.text("demo/stats.csv"))
    #expect(
      stats.rows.count == (cmni.rows.count / 5 - Set(cmni["recording"].filter { $0.contains("3x10") }).count) * 38 * 4
        + Set(cmni["recording"].filter { $0.contains("3x10") }).count * 34 * 4)
    #expect(try workplace.names().allSatisfy { !$0.hasSuffix(".partial") })

    try expectResumed(run)

    let again = try workplace.run("frogtoad", "run", "--output", "demo")
    #expect(again.status == 1, again.transcript)
    #expect(again.errors == "error: demo/states.h5: exists already. Give --force to replace it, or another --output.\n", again.transcript)
  }

  /// Takes parts of a run away, as if it had been stopped, and has the rest made again.
  private func expectResumed(_ run: ProgramRun) throws {
    let tables = try ["cmni.csv", "stats.csv"].map { try workplace.text("demo/\($0)") }
    _ = try workplace.shell(
      "cd demo; rm cmni.csv recordings/3x10/epoch-000.h5 recordings/2x17/epoch-001.h5; cp recordings/2x17/epoch-000.h5 "
        + "recordings/2x17/epoch-001.h5.partial; rm networks/2x17/training.csv")
    let resumed = try workplace.run("frogtoad", "run", "--output", "demo", "--resume")
    expectSuccess(resumed)
    #expect(resumed.output == run.output)
    #expect(resumed.errors.contains("Recording 2 checkpoints, "), resumed.transcript)
    #expect(try ["cmni.csv", "stats.csv"].map { try workplace.text("demo/\($0)") } == tables)
    #expect(try workplace.names().allSatisfy { !$0.hasSuffix(".partial") })
    let other = try workplace.run("frogtoad", "run", "--output", "demo", "--resume", "--seed", "2")
    #expect(other.status == 1, other.transcript)
    #expect(
      other.errors
        == "error: demo/states.h5: holds 190,000 training, 10,000 test and 10,000 validation states made with seed 1, of another run. "
        + "Give the --preset and --seed that it began with, or begin anew with --force.\n", other.transcript)
    _ = try workplace.shell("cd demo/recordings/2x17; cp epoch-000.h5 epoch-001.h5")
    let exchanged = try workplace.run("frogtoad", "run", "--output", "demo", "--resume", "--quiet")
    #expect(
      exchanged.errors == "error: demo/recordings/2x17/epoch-001.h5: is no recording of demo/networks/2x17/epoch-001.h5. Move it away, or "
        + "begin anew with --force.\n", exchanged.transcript)
  }

  @Test("The same seed gives the same bytes for one thread and for two; another seed does not")
  func threadsChangeNothing() throws {
    func tables(_ folder: String, threads: String, seed: String = "3") throws -> [String] {
      expectSuccess(
        try workplace.run(
          "frogtoad", "generate", "--states", "30000", "--test", "1500", "--seed", seed, "--threads", threads, "--output", "\(folder).h5"))
      expectSuccess(
        try workplace.run(
          "frogtoad", "train", "\(folder).h5", "--hidden", "9,8", "--learning-rate", "1e-3", "--epochs", "2", "--seed", seed, "--output",
          "\(folder)/network", "--threads", threads))
      expectSuccess(
        try workplace.run(
          "frogtoad", "record", "\(folder)/network", "--states", "\(folder).h5", "--output", "recordings", "--threads", threads, "--force"))
      return try ["cmni", "stats"].map { command in
        let run = try workplace.run("mirrorscope", command, "recordings/epoch-000.h5", "recordings/epoch-001.h5", "--threads", threads)
        expectSuccess(run)
        return run.output
      } + [workplace.text("\(folder)/network/training.csv")]
    }
    let one = try tables("one", threads: "1")
    #expect(try tables("two", threads: "2") == one)
    #expect(try tables("three", threads: "2", seed: "4") != one)
  }

  @Test("A training that was stopped and resumed ends as one that was not")
  func resume() throws {
    func train(_ folder: String, epochs: String, _ more: String...) throws {
      expectSuccess(
        try workplace.run(
          "frogtoad",
          ["train", "s.h5", "--hidden", "7", "--learning-rate", "1e-3", "--epochs", epochs, "--output", folder, "--seed", "5"] + more))
    }
    expectSuccess(try workplace.run("frogtoad", "generate", "--states", "20000", "--test", "1000", "--output", "s.h5"))
    try train("whole", epochs: "4")
    try train("parts", epochs: "2")
    try train("parts", epochs: "4", "--resume")
    #expect(try workplace.text("whole/training.csv") == workplace.text("parts/training.csv"))
    let other = try workplace.run(
      "frogtoad", "train", "s.h5", "--hidden", "8", "--learning-rate", "1e-3", "--epochs", "4", "--output", "parts", "--seed", "5",
      "--resume")
    #expect(other.status == 1 && other.errors.contains("parts/state.h5: was trained with other options"), other.transcript)
  }

  @Test("Epochs are chosen on the validation set, or on the test set where asked for; the weights of the epochs are the same")
  func validationSet() throws {
    expectSuccess(try workplace.run("frogtoad", "generate", "--states", "4000", "--output", "s.h5"))
    func train(_ folder: String, _ more: String...) throws -> Table {
      let options = ["--hidden", "5", "--learning-rate", "1e-2", "--epochs", "6", "--output", folder]
      expectSuccess(try workplace.run("frogtoad", ["train", "s.h5"] + options + more))
      return Table(try workplace.text("\(folder)/training.csv"))
    }
    let (own, test) = (try train("own"), try train("test", "--validation", "test"))
    #expect(own["training_loss"] == test["training_loss"])
    for measure in ["loss", "accuracy"] {
      #expect(own["test_\(measure)"] == test["test_\(measure)"] && test["test_\(measure)"] == test["validation_\(measure)"])
      #expect(own["validation_\(measure)"] != own["test_\(measure)"])
    }
    // Weighted rows: the same way through training, another loss, and the same one where all rows weigh the same.
    let weights = ["--balance", "1,1,3,20"]
    let (plain, weighted) = (
      try train("plain", weights[0], weights[1]), try train("weighted", weights[0], weights[1], "--validation", "weighted")
    )
    #expect(plain["training_loss"] == weighted["training_loss"] && plain["test_loss"] == weighted["test_loss"])
    #expect(plain["validation_loss"] != weighted["validation_loss"])
    #expect(try train("equal", "--validation", "weighted")["validation_loss"] == own["validation_loss"])
    let without = try workplace.run("frogtoad", "generate", "--states", "4000", "--validation", "0", "--output", "old.h5")
    expectSuccess(without)
    let refused = try workplace.run("frogtoad", "train", "old.h5", "--hidden", "5", "--output", "none")
    #expect(refused.status == 3, refused.transcript)
    #expect(
      refused.errors.hasSuffix(
        "error: old.h5: has no validation states. Generate the states again, or choose epochs on the test set with --validation test.\n"),
      refused.transcript)
    let inspected = try workplace.run("frogtoad", "inspect", "s.h5")
    #expect(inspected.output.contains("3,800 training, 200 test and 200 validation states\n"), inspected.transcript)
    #expect(inspected.output.contains("validation states also in training: 0;"), inspected.transcript)
  }

  @Test("play shows a game and is the same for the same seed")
  func play() throws {
    let run = try workplace.run("frogtoad", "play", "--turns", "30", "--delay", "0", "--seed", "9")
    expectSuccess(run)
    #expect(run.output.hasPrefix("seed 9\nturn 1\n|"), run.transcript)
    #expect(run.output.split(separator: "\n").count == 1 + 30 * 6, run.transcript)
    #expect(try workplace.run("frogtoad", "play", "--turns", "30", "--delay", "0", "--seed", "9").output == run.output)
  }
}
