import FrogAndToad
import Terminal

/// Generates a states file and says what is in it.
struct GenerateStep {
  var count: Int
  var testCount: Int?
  var seed: UInt64
  var options = GenerationOptions()

  func run(to path: String, overwrite: Bool, common: CommonOptions) throws {
    let log = common.logger
    log.info("Generating \(grouped(count)) states with seed \(seed).")
    let bar = ProgressBar("states", unit: "states", quiet: common.quiet)
    let generated = try generateStates(count: count, testCount: testCount, seed: seed, options: options, threads: common.threads) {
      bar.update(done: $0, total: $1)
    }
    bar.finish()
    try generated.write(to: path, commandLine: commandLine, overwrite: overwrite)
    log.info(
      "\(path): \(grouped(generated.train.count)) training and \(grouped(generated.test.count)) test states from \(grouped(generated.episodes)) games.")
    let file = try StatesFile(path)
    for split in Split.allCases { log.info("  \(split.rawValue): \(try summary(of: split, in: file))") }
    log.info("  \(try overlap(in: file))")
  }
}

/// Shares of the labels and scenarios of a split, in one line.
func summary(of split: Split, in file: StatesFile) throws -> String {
  var tally = StateTally()
  try file.forEachBlock(of: split) { tally.add($0) }
  let share = { (count: Int) in percent(count, of: tally.count) }
  let labels = Action.allCases.map { "\($0) \(share(tally.count($0)))" }.joined(separator: ", ")
  let scenarios = Scenario.allCases.map { "\($0) \(share(tally.count($0)))" }.joined(separator: ", ")
  return "\(labels); distress: \(scenarios)"
}

/// How much of the test set the training set holds, in one line.
func overlap(in file: StatesFile) throws -> String {
  var overlap = SplitOverlap(test: try file.rows(.test).states)
  try file.forEachBlock(of: .train) { overlap.add(train: $0.states) }
  return "test states also in training: \(grouped(overlap.sharedStates)); "
    + "test boards (ground and players) also in training: \(percent(overlap.sharedBoards, of: overlap.testCount))"
}

func percent(_ count: Int, of total: Int) -> String {
  total > 0 ? "\((1000 * Double(count) / Double(total)).rounded() / 10) %" : "none"
}

/// The command line as typed, for provenance.
var commandLine: String {
  CommandLine.arguments.map { argument in
    argument.contains(where: { " '\"\\$*?[]".contains($0) }) ? "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" : argument
  }.joined(separator: " ")
}
