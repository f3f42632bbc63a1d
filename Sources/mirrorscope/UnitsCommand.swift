import ArgumentParser
import MirrorAnalysis
import Terminal

struct UnitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "units",
    abstract: "What each unit does in the self and other phases: contrasts, score, class and tests.",
    discussion: """
      EXAMPLE
        mirrorscope units demo/recordings/2x17/epoch-001.h5 --output units.csv

      class goes by size: responsive units (a quarter of the layer's largest contrast) are mirror units if both contrasts are above 0 and \
      the selectivity is at most 0.6, otherwise differentiating. taxonomy goes by significance. p_conjunction is the larger of the two \
      one-sided p's, q_value its Benjamini-Hochberg adjustment over all units tested. Permutations stay inside strata where there are any.
      """)

  @Option(name: .customLong("p-values"), help: "Test of a contrast.")
  var test = ContrastTest.permutation

  @Option(count: 1...1_000_000, help: "Permutations; the smallest p is 1 / (N + 1).")
  var permutations = 1000

  @Flag(name: .customLong("no-strata"), help: "Permute over all rows even where the recording has strata.")
  var noStrata = false

  @Option(name: .long, help: "Share of the layer's largest contrast from which a unit counts as responsive.")
  var responsive = 0.25

  @Option(name: .long, help: "Largest |selectivity| of a mirror unit.")
  var selectivity = 0.6

  @Option(name: .long, help: "Level of the taxonomy.")
  var level = 0.05

  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    for (name, value) in [("responsive", responsive), ("selectivity", selectivity), ("level", level)] {
      guard (0...1).contains(value) else { throw ValidationError("--\(name) takes a number from 0 to 1, not \(value).") }
    }
  }

  func run() throws {
    var criteria = UnitCriteria()
    (criteria.responsive, criteria.selectivity, criteria.level) = (responsive, selectivity, level)
    var plan = ResamplingPlan()
    (plan.permutations, plan.usesStrata) = (permutations, !noStrata)
    try options.run(UnitsAnalysis(test: test, criteria: criteria, plan: plan), seed: test == .permutation ? seed : nil)
  }
}

extension ContrastTest: ExpressibleByArgument {}
