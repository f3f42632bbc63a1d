import ArgumentParser
import MirrorAnalysis
import Terminal

/// How units get the class that they are chosen by.
struct UnitClassOptions: ParsableArguments {
  @Option(count: 1...1_000_000, help: "Permutations behind classes by evidence.")
  var permutations = 1000

  @OptionGroup var exchange: ExchangeOptions

  var plan: UnitClassPlan {
    var plan = UnitClassPlan()
    (plan.permutations, plan.exchange) = (permutations, exchange.choice)
    return plan
  }
}

extension UnitClassChoice: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }

  public var defaultValueDescription: String { name }

  public static var allValueStrings: [String] { allCases.map(\.name) }
}
