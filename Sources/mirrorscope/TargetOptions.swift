import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Terminal

/// What is ablated, how, and how many references it is compared with.
struct TargetOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "These units together, such as dense_1:3,7, beside what --top and its like choose; may be repeated.", valueName: "layer:units"),
    completion: .layerUnits)
  var units: [UnitSet] = []

  @Option(count: 1...1_000_000, help: "In each hidden layer the K units with the highest mirror-neuron scores. (default: 4)")
  var top: Int?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      """
      In each hidden layer all units of a class, by evidence on the select rows or, after author:, by the author's rule of thumb.
      """, valueName: "class"))
  var unitClass: UnitClassChoice?

  @Flag(name: .long, help: "Each unit alone.")
  var each = false

  @Option(count: 1...1_000_000, help: "The one, two, … K units with the highest scores: a dose-response curve.")
  var dose: Int?

  @Option(
    name: .long,
    help:
      "What takes the units' place: zero, mean, mean:PHASE, resample (from the none phase) or noise; or direction, which projects one out.",
    completion: .list(["zero", "mean", "mean:none", "mean:self", "mean:other", "resample", "noise", "direction"]))
  var mode = AblationMode.zero

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Of --mode direction which of each layer: self, other (their means less that of none) or shared (both); may be repeated. (default: all)",
      valueName: "name"))
  var direction: [PhaseDirection] = []

  @Option(count: 0...1_000_000, help: "Reference sets per target; where there are fewer, all of them.")
  var controls = 200

  @Flag(name: .long, help: "Choose and evaluate on the same rows: marks every row of the table.")
  var sameRows = false

  @OptionGroup var classes: UnitClassOptions

  func validate() throws {
    if mode == .direction {
      let chooses = [
        ("--units", !units.isEmpty), ("--top", top != nil), ("--class", unitClass != nil), ("--each", each), ("--dose", dose != nil),
      ]
      if let (option, _) = chooses.first(where: \.1) {
        throw ValidationError("\(option) chooses units, and --mode direction ablates directions. Leave one of them out.")
      }
    } else if !direction.isEmpty {
      throw ValidationError("--direction goes with --mode direction.")
    }
  }

  /// What is common to all that ablate.
  var plan: AblationPlan {
    var plan = AblationPlan()
    plan.selections =
      units.map { .units(layer: $0.layer, $0.units) } + (top.map { [.top($0)] } ?? []) + (unitClass.map { [.unitClass($0)] } ?? [])
      + (each ? [.each] : []) + (dose.map { [.dose($0)] } ?? [])
    if plan.selections.isEmpty { plan.selections = [.top(4)] }
    (plan.mode, plan.controls, plan.sameRows, plan.classes) = (mode, controls, sameRows, classes.plan)
    if !direction.isEmpty { plan.directions = PhaseDirection.allCases.filter { direction.contains($0) } }
    return plan
  }
}

extension PhaseDirection: ExpressibleByArgument {}

extension AblationMode: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "zero": self = .zero
    case "mean", "mean:all": self = .mean(nil)
    case "resample": self = .resample
    case "noise": self = .noise
    case "direction": self = .direction
    default:
      guard argument.hasPrefix("mean:"), let phase = Phase(name: String(argument.dropFirst(5))) else { return nil }
      self = .mean(phase)
    }
  }

  public var defaultValueDescription: String { name }
}
