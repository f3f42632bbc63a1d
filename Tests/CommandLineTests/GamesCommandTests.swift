import DenseNetwork
import Foundation
import Testing

/// `frogtoad games`: rows, reproducibility, recordings, and what it says of what it cannot use.
@Suite("Games on the command line")
struct GamesCommandTests {
  private let workplace: Workplace

  /// A folder with two networks: one untrained, and one that sees identity in some states.
  init() throws {
    workplace = try Workplace()
    try FileManager.default.createDirectory(atPath: workplace.path("net"), withIntermediateDirectories: true)
    let network = try Network(inputCount: 100, hidden: [9, 7], outputCount: 4, seed: 4)
    try Checkpoint(network: network, hyperparameters: Hyperparameters(seed: 4), epoch: 0).write(to: workplace.path("net/epoch-000.h5"))
    try Checkpoint(network: network, hyperparameters: Hyperparameters(hiddenIdentityShare: 0.5), epoch: 2).write(
      to: workplace.path("seen.h5"))
    try Checkpoint(network: Network(inputCount: 99, hidden: [3], outputCount: 4, seed: 1)).write(to: workplace.path("narrow.h5"))
  }

  private func games(_ status: Int32, _ arguments: String...) throws -> ProgramRun {
    let run = try workplace.run("frogtoad", ["games", "--games", "70", "--turns", "30"] + arguments)
    #expect(run.status == status, run.transcript)
    return run
  }

  private func error(_ status: Int32, _ sentence: String, _ arguments: String...) throws {
    let run = try workplace.run("frogtoad", ["games", "--games", "7", "--turns", "9"] + arguments)
    #expect(run.status == status && run.output.isEmpty && run.errors == "error: \(sentence)\n", run.transcript)
  }

  @Test("A table of the intact network and each target, the same for any number of threads and for one seed")
  func table() throws {
    let arguments = ["--checkpoint", "net/epoch-000.h5", "--ablate", "dense_1:3,7", "--ablate", "dense_*:1", "--controls", "20"]
    let first = try workplace.run("frogtoad", ["games", "--games", "70", "--turns", "30", "--threads", "1"] + arguments)
    #expect(first.status == 0 && first.errors.contains("seed 1"), first.transcript)
    let second = try workplace.run("frogtoad", ["games", "--games", "70", "--turns", "30", "--threads", "2", "--quiet"] + arguments)
    #expect(second.output == first.output && second.errors.isEmpty, second.transcript)
    let lines = first.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    #expect(lines.count == 1 + 4 * 14)
    #expect(lines[1].prefix(7) == ["net/epoch-000.h5", "net", "0", "random", "intact", "", ""])
    #expect(lines[15].prefix(7) == ["net/epoch-000.h5", "net", "0", "random", "zero", "dense_1", "3;7"])
    #expect(lines[57 - 1][5...6] == ["dense_2", "1"])
    let json = try games(0, "--checkpoint", "net/epoch-000.h5", "--format", "json", "--partner", "self", "--as-trained", "--mode", "mean")
    let rows = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
    #expect(rows?.count == 15 && rows?.first?["partner"] as? String == "self")
  }

  @Test("Activations recorded in play are a valid recording, and the table is the same")
  func recording() throws {
    let alone = try games(0, "--checkpoint", "net/epoch-000.h5", "-o", "a.csv")
    #expect(alone.output.isEmpty)
    _ = try games(0, "--checkpoint", "net/epoch-000.h5", "--record", "r.h5", "-o", "b.csv")
    #expect(try workplace.text("a.csv") == workplace.text("b.csv"))
    for arguments in [["validate", "r.h5"], ["cmni", "r.h5", "--permutations", "0"], ["audit", "r.h5"]] {
      let run = try workplace.run("mirrorscope", arguments)
      #expect(run.status == 0, run.transcript)
    }
    let inspected = try workplace.run("mirrorscope", "inspect", "r.h5")
    #expect(inspected.output.contains("2100") && inspected.output.contains("turn"), inspected.transcript)
    #expect(try games(1, "--checkpoint", "net/epoch-000.h5", "--record", "r.h5").errors.contains("r.h5: exists already."))
  }

  @Test("Each network plays under its own veil, and under another only where that is forced")
  func veils() throws {
    _ = try games(0, "--checkpoint", "net/epoch-000.h5", "--partner", "seen.h5")
    try error(
      1, "seen.h5: was trained under the veil 0.5, not paper. Leave --veil out, or give --force-veil to let it play under another.",
      "--checkpoint", "net/epoch-000.h5", "--partner", "seen.h5", "--veil", "paper")
    _ = try games(0, "--checkpoint", "net/epoch-000.h5", "--partner", "seen.h5", "--veil", "paper", "--force-veil")
  }

  @Test("The game is the one that the checkpoint was trained on, but for what is asked for")
  func couplings() throws {
    for arguments in [
      ["generate", "--states", "2000", "--help-from", "alone", "--dependency", "0.2", "--obstacle-rate", "0.2", "--output", "s.h5"],
      ["train", "s.h5", "--hidden", "5", "--epochs", "1", "--output", "trained"],
    ] {
      let run = try workplace.run("frogtoad", arguments)
      #expect(run.status == 0, run.transcript)
    }
    let checkpoint = ["--checkpoint", "trained/epoch-000.h5"]
    func played(_ more: String...) throws -> String {
      let run = try workplace.run("frogtoad", ["games", "--games", "30", "--turns", "60"] + checkpoint + more)
      #expect(run.status == 0, run.transcript)
      return run.output
    }
    let own = try played()
    #expect(try played("--help-from", "alone", "--dependency", "0.2", "--obstacle-rate", "0.2") == own)
    let paper = try played("--help-from", "26", "--dependency", "1", "--obstacle-rate", "0.075", "--fly-patterns", "6")
    #expect(paper != own)
    #expect(try played("--dependency", "1") != own)
  }

  @Test("What cannot be used is named")
  func errors() throws {
    let checkpoint = ["--checkpoint", "net/epoch-000.h5"]
    try error(
      1, "net/epoch-000.h5: has no hidden layer 'dense_3' to ablate; it has dense_1, dense_2. Name one with --ablate.",
      checkpoint[0], checkpoint[1], "--ablate", "dense_3:0")
    try error(
      1, "net/epoch-000.h5: layer dense_2 has units 0 to 6, not 7. Name units of the layer with --ablate.",
      checkpoint[0], checkpoint[1], "--ablate", "dense_2:1,7")
    try error(
      2, "narrow.h5: the network takes 99 inputs, and a state has 100 values. Choose one trained on states.", "--checkpoint", "narrow.h5")
    try error(
      2, "narrow.h5: the network takes 99 inputs, and a state has 100 values. Choose one trained on states.", checkpoint[0], checkpoint[1],
      "--partner", "narrow.h5")
    for arguments in [
      ["--games", "0"], ["--turns", "0"], ["--ablate", "dense_1"], ["--mode", "noise"], ["--force-veil"], ["--dependency", "2"],
    ] {
      let run = try workplace.run("frogtoad", ["games"] + checkpoint + arguments)
      #expect(run.status == 64 && run.output.isEmpty, run.transcript)
    }
  }
}
