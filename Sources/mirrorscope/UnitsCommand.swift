import ArgumentParser
import MirrorAnalysis
import Terminal

struct UnitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "units",
    abstract: "What each unit does in the self and other phases: contrasts, score, class and tests.",
    discussion: """
      EXAMPLES
        mirrorscope units demo/recordings/2x17/epoch-001.h5 --output units.csv
        mirrorscope units demo/recordings/2x17/epoch-001.h5 --layers 'dense_[12]'

      class goes by evidence: mirror (above none in self and in other), suppressed (below in both), opposite, differentiating (self and \
      other differ), each at a quarter of --level after Benjamini-Hochberg over all units; unresponsive where both effects lie within \
      ±--margin; otherwise unresolved. author_class goes by size alone. p_conjunction is the larger of the two one-sided p's, q_value its \
      Benjamini-Hochberg adjustment, p_fwer bounds even one false mirror unit. Labels of rows are permuted inside strata (or pairs) where \
      these hold several phases, those of whole strata where each holds one, and freely without strata.
      """)

  @Option(name: .customLong("p-values"), help: "Test of a contrast.")
  var test = ContrastTest.permutation

  @Option(count: 1...1_000_000, help: "Permutations; the smallest p is 1 / (N + 1).")
  var permutations = 1000

  @Flag(
    name: .long,
    help: "Permute a unit no more after 20 permutations as extreme on either side: p is 20 / how many that took. No p_fwer.")
  var stopEarly = false

  @Option(name: .long, help: "For author_class: share of the layer's largest contrast from which a unit counts as responsive.")
  var responsive = 0.25

  @Option(name: .long, help: "For author_class: largest |selectivity| of a mirror unit.")
  var selectivity = 0.6

  @Option(name: .long, help: "Level of class.")
  var level = 0.05

  @Option(name: .long, help: "Largest |g| that is as good as 0.")
  var margin = 0.1

  @OptionGroup var exchange: ExchangeOptions

  @OptionGroup var seed: SeedOptions
  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    for (name, value) in [("responsive", responsive), ("selectivity", selectivity), ("level", level)] {
      guard (0...1).contains(value) else { throw ValidationError("--\(name) takes a number from 0 to 1, not \(value).") }
    }
    if stopEarly, test == .welch { throw ValidationError("--stop-early is about permutations; --p-values welch has none.") }
    guard margin > 0, margin.isFinite else { throw ValidationError("--margin takes a number above 0, not \(margin).") }
  }

  func run() throws {
    var criteria = UnitCriteria()
    (criteria.responsive, criteria.selectivity, criteria.level, criteria.margin) = (responsive, selectivity, level, margin)
    try accumulator.run(
      UnitsAnalysis(test: test, criteria: criteria, permutations: permutations, exchange: exchange.choice, stopsEarly: stopEarly), options,
      seed: test == .permutation ? seed : nil
    ) { options.recordings.suggestAblation(beside: options.output, options.common) }
  }
}

extension ContrastTest: ExpressibleByArgument {}
