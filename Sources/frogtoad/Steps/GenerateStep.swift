import ActivationRecording
import FrogAndToad
import Terminal

/// Generates a states file and says what is in it.
struct GenerateStep {
  var count: Int
  var testCount: Int?
  var validationCount: Int?
  var seed: UInt64
  var options = GenerationOptions()

  func run(to path: String, overwrite: Bool, common: CommonOptions) throws {
    let log = common.logger
    try requireRoom(common)
    log.info("Generating \(grouped(count)) states with seed \(seed).")
    let bar = ProgressBar("states", unit: "states", quiet: common.quiet)
    let generated = try generateStates(
      count: count, testCount: testCount, validationCount: validationCount, seed: seed, options: options, threads: common.threads
    ) {
      bar.update(done: $0, total: $1)
    }
    bar.finish()
    let writing = ProgressBar("writing", unit: "states", quiet: common.quiet)
    try generated.write(to: path, commandLine: commandLine, overwrite: overwrite, threads: common.threads) {
      writing.update(done: $0, total: $1)
    }
    writing.finish()
    let judged = "\(grouped(generated.train.count)) training and \(grouped(generated.test.count)) test states"
    log.info(
      "\(path): \(judged) from \(grouped(generated.episodes)) games, \(grouped(generated.validation.count)) validation states from later ones."
    )
    if !generated.shortLabels.isEmpty {
      let labels = generated.shortLabels.map(\.description).joined(separator: " and ")
      log.info("\(path): too few states are labelled \(labels) for their share of the test set: half of them are in it, hop has the rest.")
    }
    // Reads all of the file again: nearly half of the time.
    if !common.quiet { for line in try statesSummary(of: path, common: common) { log.info("  \(line)") } }
  }

  /// Ends the command before anything is played, where the states take more memory than there may be.
  func requireRoom(_ common: CommonOptions) throws {
    try common.requireRoom(
      bytes: generationMemory(states: count, validation: validationCount, options: options, threads: common.threads),
      for: "\(grouped(count)) states",
      alternative: "generate fewer states")
  }
}

/// Shares of labels and scenarios in the sets of a states file, and how much of the test set is also in training: a line each.
func statesSummary(of path: String, common: CommonOptions) throws -> [String] {
  let bar = ProgressBar("reading", unit: "states", quiet: common.quiet)
  let summary = try StatesSummary(StatesFile(path, threads: common.threads), memory: common.memoryForRows) {
    bar.update(done: $0, total: $1)
  }
  bar.finish()
  let tallies = FrogAndToad.Split.allCases.map { ($0.rawValue, summary.tally($0)) }
  var lines = tallies.filter { $0.1.count > 0 }.map { name, tally in
    let labels = Action.allCases.map { "\($0) \(percent(tally.count($0), of: tally.count))" }.joined(separator: ", ")
    let scenarios = Scenario.allCases.map { "\($0) \(percent(tally.count($0), of: tally.count))" }.joined(separator: ", ")
    return "\(name): \(labels); distress: \(scenarios)"
  }
  if let bits = summary.complexity.bitsPerBoard {
    lines.append("signal complexity: \(rounded(bits, 2)) bits a board (Lempel-Ziv, \(grouped(summary.complexity.count)) distinct boards)")
  }
  for (split, overlap) in summary.overlaps {
    lines.append(
      "\(split) states also in training: \(grouped(overlap.sharedStates)); "
        + "\(split) boards (ground and players) also in training: \(percent(overlap.sharedBoards, of: overlap.count))")
  }
  return lines
}

extension StatesProvenance {
  /// The game that the states are of, and how the test set was drawn; nil where nobody knows.
  var game: String? {
    guard let couplings else { return nil }
    var line = couplings.sentence
    if let testDraw { line += "; test set \(testDraw.rawValue)" }
    if !shortLabels.isEmpty { line += ", short of \(shortLabels.map(\.description).joined(separator: " and "))" }
    return line
  }
}

/// "a", "a and b", "a, b and c".
func listed(_ parts: [String]) -> String {
  parts.count > 1 ? parts.dropLast().joined(separator: ", ") + " and " + parts[parts.count - 1] : parts.joined()
}

extension Couplings {
  var sentence: String {
    let help = helpFrom.map { "Frog helps from cell \($0) on" } ?? "Toad never matters (alone)"
    return "\(help), dependency \(Double(dependency) / 1000), obstacle rate \(obstacleRate), "
      + "\(flyPatterns) fly pattern\(flyPatterns == 1 ? "" : "s")"
  }
}

func percent(_ count: Int, of total: Int) -> String {
  total > 0 ? "\((1000 * Double(count) / Double(total)).rounded() / 10) %" : "none"
}

/// The command line as typed, for provenance.
var commandLine: String { CommandLine.arguments.map(quoted).joined(separator: " ") }
