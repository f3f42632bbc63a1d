import FrogAndToad
import MirrorAnalysis
import Statistics
import Tabular

/// Which network plays, and with whom.
public struct GamesSubject: Sendable, Equatable {
  /// Its path.
  public var checkpoint: String
  /// A name that checkpoints of one training share.
  public var network: String?
  public var epoch: Int?
  /// `random`, `self` or a checkpoint.
  public var partner: String
  /// Under which it sees the game, as `--veil` takes it.
  public var veil: String?
  /// The game, as a sentence; nil where nobody asks.
  public var game: String?

  public init(checkpoint: String, network: String?, epoch: Int?, partner: String, veil: String? = nil, game: String? = nil) {
    (self.checkpoint, self.network, self.epoch, self.partner) = (checkpoint, network, epoch, partner)
    (self.veil, self.game) = (veil, game)
  }
}

/// A row of `games`: one outcome of the games that an intact or ablated network plays.
public struct GamesRow: TableRow {
  public var subject: GamesSubject
  /// `intact`, `zero` or `mean`.
  public var ablation: String
  public var layer: String?
  public var units: [Int]
  public var outcome: PlayOutcome
  public var games: Int
  /// Of one game.
  public var turns: Int
  /// How the games are shown, and their seed.
  public var options: PlayOptions
  /// Games or turns that the value rests on.
  public var count: Int
  public var value: Double?
  public var interval: PercentileInterval?
  /// The outcome of the intact network, in the same games.
  public var baseline: Double?
  /// The outcome under each reference set, in the same games; nil for the intact network.
  public var references: [Double]?
  /// Whether the target may be compared with its reference sets (`ReferenceSets.obstacle`).
  public var isTestable: Bool
  /// Why a number does not exist.
  public var reason: String?

  /// A row without numbers.
  init(
    subject: GamesSubject, ablation: String, layer: String?, units: [Int], outcome: PlayOutcome, games: Int, options: PlayOptions
  ) {
    (self.subject, self.ablation, self.layer, self.units, self.outcome) = (subject, ablation, layer, units, outcome)
    (self.games, turns, self.options, count, isTestable) = (games, options.turns, options, 0, false)
  }

  public var referenceMean: Double? {
    guard let references, !references.isEmpty else { return nil }
    return references.reduce(0, +) / Double(references.count)
  }

  /// Sample standard deviation (ddof 1).
  public var referenceDeviation: Double? {
    guard let references, let mean = referenceMean, references.count > 1 else { return nil }
    return (references.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(references.count - 1)).squareRoot()
  }

  public static let schema = TableSchema(
    name: "games", title: "What a network does when it plays, intact and ablated",
    columns: [
      Column("checkpoint", .string, "The network that plays Frog, as given"),
      Column("network", .string, "A name that its checkpoints share: their folder's"),
      Column("epoch", .integer, "Epoch of the checkpoint; 0 is the untrained network"),
      Column("partner", .string, "Who plays Toad: random, self (the same network, intact) or a checkpoint"),
      Column("ablation", .string, "intact, or what takes the place of the units of Frog's network: zero or mean"),
      Column("layer", .string, "Layer of the ablated units"),
      Column("units", .string, "Ablated units, 0-based, joined by semicolons"),
      Column(
        "outcome", .string,
        "score_*, energy_*, distress_* (share of turns), helps per 1,000 turns, helps_in_distress, helps_otherwise, help_selectivity, leaps, "
          + "stalls or label_agreement; see docs/games.md"),
      Column("games", .integer, "Games played; the same ones under every ablation"),
      Column("turns", .integer, "Turns of a game; each player acts once a turn"),
      Column("n", .integer, "What the value rests on: games for scores, otherwise turns of the kind (of a difference the smaller number)"),
      Column("value", .number, "The outcome"),
      Column("ci_low", .number, "Lower end of its 95 % bootstrap interval over games"),
      Column("ci_high", .number, "Upper end"),
      Column("control_mean", .number, "Mean of the outcome under the reference sets: as many units of the same layer in each of its bins"),
      Column("control_sd", .number, "Standard deviation of it over reference sets (ddof 1)"),
      Column("controls", .integer, "Reference sets in which the outcome exists"),
      Column(
        "p_value", .number,
        "(b + 1) / (B + 1), b of B reference sets that change the intact network's outcome at least as much; empty below 19 sets or where "
          + "matching failed"),
      Column("reason", .string, "Why a number does not exist"),
      Column("as_trained", .boolean, "Whether players were shown energy and flies drawn anew, as states show them"),
      Column("veil", .string, "Under which Frog's network sees the game"),
      Column("game", .string, "The game that was played"),
      Column("seed", .string, "Seed of the games"),
    ])

  /// See `ReferenceSets.pValue`: of the change from the intact network.
  public var pValue: Double? {
    guard isTestable, let value, let baseline, let references else { return nil }
    return ReferenceSets.pValue(baseline: baseline, effect: value - baseline, references: references.map { $0 - baseline })
  }

  public var cells: [Cell] {
    [
      .string(subject.checkpoint), .string(subject.network), .integer(subject.epoch), .string(subject.partner), .string(ablation),
      .string(layer), .string(units.isEmpty ? nil : units.map(String.init).joined(separator: ";")), .string(outcome.rawValue),
      .integer(games), .integer(turns), .integer(count), .number(value), .number(interval?.lower), .number(interval?.upper),
      .number(referenceMean), .number(referenceDeviation), .integer(references?.count), .number(pValue), .string(reason),
      .boolean(options.showsRedrawn), .string(subject.veil), .string(subject.game), .string("\(options.seed)"),
    ]
  }
}
