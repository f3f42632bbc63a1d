import Foundation
import Testing

/// What ends a program from outside: signals, and a reader that goes away.
@Suite("Interruptions", .serialized)
struct SignalTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
  }

  private func makeStates(_ count: Int = 20000) throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "\(count)", "--test", "1000", "--output", "s.h5")
    try #require(run.status == 0, run.transcript)
  }

  private static let signals = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)]

  @Test("A signal ends an analysis at once, with its code and without its partial table", arguments: signals)
  func analysis(signal: Int32, status: Int) throws {
    for command in ["cmni", "decode", "units"] {
      let program = try workplace.start("mirrorscope", command, "planted.h5", "--permutations", "1000000", "--output", "o.csv")
      try program.wait(for: "o.csv.partial")
      let run = try program.end(by: signal)
      #expect(run.status == status && run.errors.hasSuffix("error: Interrupted.\n"), run.transcript)
      #expect(program.seconds < 2, run.transcript)
      #expect(try workplace.names() == ["planted.h5"])
    }
  }

  @Test("The first signal ends generate, and import, with nothing left", arguments: signals)
  func generation(signal: Int32, status: Int) throws {
    let program = try workplace.start("frogtoad", "generate", "--states", "5000000", "--output", "o.h5")
    usleep(200_000)
    let run = try program.end(by: signal)
    #expect(run.status == status && run.errors.hasSuffix("error: Interrupted.\n"), run.transcript)
    #expect(program.seconds < 2, run.transcript)
    #expect(try workplace.names() == ["planted.h5"])
  }

  @Test("A recording that a signal ends says how many rows its partial file holds, and so many are recovered", arguments: signals)
  func recording(signal: Int32, status: Int) throws {
    try makeStates(200_000)
    try #require(try workplace.run("frogtoad", "train", "s.h5", "--hidden", "40,40", "--epochs", "0", "--output", "net").status == 0)
    let program = try workplace.start(
      "frogtoad", "record", "net/epoch-000.h5", "--states", "s.h5", "--split", "train", "--output", "o.h5", "--threads", "1")
    try program.wait(for: "o.h5.partial", bytes: 500_000)
    let run = try program.end(by: signal)
    #expect(run.status == status && program.seconds < 2, run.transcript)
    let said = try #require(
      run.errors.firstMatch(
        of: /error: Interrupted. o.h5.partial holds (\d+) rows; 'mirrorscope recover o.h5.partial' makes a recording of them.\n/),
      run.transcript)
    let recovery = try workplace.run("mirrorscope", "recover", "o.h5.partial")
    #expect(recovery.errors.hasPrefix("o.h5: \(said.1) rows recovered\nNext: "), recovery.transcript)
    #expect(try workplace.run("mirrorscope", "validate", "o.h5").output == "o.h5: valid\n")
  }

  @Test("A training that a signal ends keeps what it has, and is resumed to the same result")
  func training() throws {
    try makeStates()
    let arguments = ["train", "s.h5", "--hidden", "17,17", "--epochs", "12", "--learning-rate", "1e-3", "--output"]
    try #require(try workplace.run("frogtoad", arguments + ["whole"]).status == 0)
    for (signal, status) in Self.signals {
      let program = try workplace.start("frogtoad", arguments + ["net-\(signal)"])
      try program.wait(for: "net-\(signal)/epoch-001.h5")
      let run = try program.end(by: signal)
      #expect(Int(run.status) == status && program.seconds < 2, run.transcript)
      #expect(run.errors.contains("The checkpoints are kept. --resume goes on from there.\n"), run.transcript)
      let resumed = try workplace.run("frogtoad", arguments + ["net-\(signal)", "--resume"])
      #expect(resumed.status == 0, resumed.transcript)
      #expect(try workplace.text("net-\(signal)/training.csv") == workplace.text("whole/training.csv"))
    }
    #expect(try workplace.names().allSatisfy { !$0.hasSuffix(".partial") })
  }

  @Test("A training that is killed at any time leaves what --resume takes, with the result of one that was not")
  func killedTraining() throws {
    try makeStates()
    let arguments = ["train", "s.h5", "--hidden", "17,17", "--epochs", "4", "--learning-rate", "1e-3", "--output"]
    let start = Date()
    try #require(try workplace.run("frogtoad", arguments + ["whole"]).status == 0)
    let duration = Date().timeIntervalSince(start)
    var random = SystemRandomNumberGenerator()
    for kill in 1...5 {
      let after = Double.random(in: 0..<duration, using: &random)
      let program = try workplace.start("frogtoad", arguments + ["net-\(kill)"])
      usleep(UInt32(after * 1e6))
      _ = try program.end(by: SIGKILL)
      let resumed = try workplace.run("frogtoad", arguments + ["net-\(kill)", "--resume"])
      #expect(resumed.status == 0, "killed after \(after) s: \(resumed.errors)")
      #expect(try workplace.text("net-\(kill)/training.csv") == workplace.text("whole/training.csv"), "killed after \(after) s")
      let checkpoints = { (folder: String) in try workplace.names().filter { $0.hasPrefix(folder + "/epoch-") }.map { $0.suffix(12) } }
      #expect(try checkpoints("net-\(kill)").filter { !$0.hasSuffix(".partial") } == checkpoints("whole"), "killed after \(after) s")
    }
  }

  @Test("A reader that goes away ends a program without a word, even where nothing is written for long")
  func closedPipe() throws {
    let run = try workplace.shell("mirrorscope decode planted.h5 --permutations 1000000 --quiet 2>errors | true; cat errors")
    #expect(run.status == 0 && run.output.isEmpty, run.transcript)
    let many = String(repeating: "planted.h5 ", count: 30)
    for command in ["mirrorscope stats", "mirrorscope inspect", "mirrorscope validate --quiet"] {
      let run = try workplace.shell("\(command) \(many) 2>errors | head -1 >first; cat errors")
      #expect(run.output.isEmpty, run.transcript)
      #expect(try !workplace.text("first").isEmpty)
    }
  }
}
