import ArgumentParser
import MirrorAnalysis
import Terminal

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Train a decoder of distress on self, test it on other, and back; and decode the right action.",
    discussion: """
      EXAMPLES
        mirrorscope decode demo/recordings/2x17/epoch-000.h5 --permutations 99
        mirrorscope decode demo/recordings/2x17/epoch-000.h5 --from inputs

      Per layer, L2 logistic regression (C 1, standardised) tells self from none and is tested on other against none, and back; no none row \
      is in both, and no stratum where the recording has some. As many rows of each class are drawn (--rows at most), and accuracy is \
      balanced, so chance is 1 / classes. All of this in 10 seeded halves (--halves), of which accuracy is the mean. The ceiling is the \
      cross-validated accuracy within the test phase, strata kept together. p-values permute labels, as strata allow or --exchange says: dealt \
      once for all halves, they train and test simpler decoders of all halves anew; a transfer has the larger p of two, with the labels of \
      either phase dealt. Target action decodes the \
      right action from all phases. --from inputs and --from turn,energy decode from /inputs and from columns of rows, on the same rows \
      and folds: what a layer has to beat.
      """)

  @Option(count: 8...1_000_000_000, help: "Most rows that one decoder is given; more are sampled by the seed.")
  var rows = 4000

  @Option(count: 0...1_000_000, help: "Permutations of each test; 0 makes none.")
  var permutations = 999

  @Option(count: 2...1000, help: "Folds of the cross-validation.")
  var folds = 5

  @Option(count: 1...1000, help: "How often strata, or none rows where there are no strata, are halved anew.")
  var halves = 10

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Decode from layers, from inputs, or from columns of rows with commas between them; may be repeated. By default layers.",
      valueName: "source"), completion: .list(["layers", "inputs"]))
  var from: [String] = []

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    guard rows >= 4 * folds else { throw ValidationError("--rows takes at least 4 rows per fold (\(4 * folds)), not \(rows).") }
    guard from.allSatisfy({ DecodingSource($0) != nil }) else {
      throw ValidationError("--from takes layers, inputs, or names of columns with commas between them.")
    }
    guard Set(from).count == from.count else { throw ValidationError("--from takes each source once.") }
  }

  func run() throws {
    var plan = DecodingPlan()
    (plan.rows, plan.permutations, plan.folds, plan.halves) = (rows, permutations, folds, halves)
    plan.exchange = exchange.choice
    if !from.isEmpty { plan.sources = from.compactMap(DecodingSource.init) }
    try options.run(DecodingAnalysis(plan), seed: seed)
    options.recordings.suggestAblation(beside: options.output, options.common)
  }
}
