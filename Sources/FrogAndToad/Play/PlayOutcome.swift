/// A number that says how games went. The raw value is its name in a table.
public enum PlayOutcome: String, CaseIterable, Sendable {
  /// Mean over games of the cells that Frog gained by hopping; of Toad; of both together.
  case frogScore = "score_frog"
  case toadScore = "score_toad"
  case scoreTogether = "score_together"
  /// Mean over turns of the energy that a player has when Frog's turn comes.
  case frogEnergy = "energy_frog"
  case toadEnergy = "energy_toad"
  /// Share of turns in which a player is in distress when Frog's turn comes.
  case frogDistress = "distress_frog"
  case toadDistress = "distress_toad"
  /// Helps that Frog gave, those with an effect, per 1,000 turns.
  case helps
  /// The same of Toad, for one that decides.
  case toadHelps = "helps_toad"
  /// Of the turns with Toad in distress those in which Frog chooses help, whether or not it can; of the others; the first less the second.
  case helpsInDistress = "helps_in_distress"
  case helpsOtherwise = "helps_otherwise"
  case helpSelectivity = "help_selectivity"
  /// Of the turns with Frog in distress those in which it leaps.
  case leaps
  /// Share of turns in which Frog's action has no effect: without energy, or without room, nothing moves.
  case stalls
  /// Share of turns in which Frog chooses the best action for what it is shown.
  case labelAgreement = "label_agreement"

  /// The number; nil where there is no turn of the kind that it looks at.
  ///
  /// - Parameter sum: gives each count, summed or averaged over games.
  public func value(of sum: (GameTally.Count) -> Double) -> Double? {
    func share(_ part: Double, of whole: Double) -> Double? { whole > 0 ? part / whole : nil }
    let turns = sum(.turns)
    switch self {
    case .frogScore: return share(sum(.frogScore), of: sum(.games))
    case .toadScore: return share(sum(.toadScore), of: sum(.games))
    case .scoreTogether: return share(sum(.frogScore) + sum(.toadScore), of: sum(.games))
    case .frogEnergy: return share(sum(.frogEnergy), of: turns)
    case .toadEnergy: return share(sum(.toadEnergy), of: turns)
    case .frogDistress: return share(sum(.frogDistress), of: turns)
    case .toadDistress: return share(sum(.toadDistress), of: turns)
    case .helps: return share(1000 * sum(.frogHelps), of: turns)
    case .toadHelps: return share(1000 * sum(.toadHelps), of: turns)
    case .helpsInDistress: return share(sum(.helpsInDistress), of: sum(.toadDistress))
    case .helpsOtherwise: return share(sum(.helpsOtherwise), of: turns - sum(.toadDistress))
    case .helpSelectivity:
      guard let with = Self.helpsInDistress.value(of: sum), let without = Self.helpsOtherwise.value(of: sum) else { return nil }
      return with - without
    case .leaps: return share(sum(.leapsInDistress), of: sum(.frogDistress))
    case .stalls: return share(sum(.stalls), of: turns)
    case .labelAgreement: return share(sum(.agreements), of: turns)
    }
  }

  public func value(of tally: GameTally) -> Double? { value { Double(tally[$0]) } }

  /// What the number rests on: games, or turns of the kind that it looks at; the smaller number for a difference.
  public func count(in tally: GameTally) -> Int {
    let otherwise = tally.turns - tally.toadDistress
    return switch self {
    case .frogScore, .toadScore, .scoreTogether: tally.games
    case .helpsInDistress: tally.toadDistress
    case .helpsOtherwise: otherwise
    case .helpSelectivity: min(tally.toadDistress, otherwise)
    case .leaps: tally.frogDistress
    default: tally.turns
    }
  }

  /// Why there is no number.
  public func absence(in tally: GameTally) -> String {
    switch self {
    case .leaps: "no turn in which Frog is in distress"
    case .helpsOtherwise: "no turn in which Toad is not in distress"
    case .helpSelectivity where tally.toadDistress > 0: Self.helpsOtherwise.absence(in: tally)
    case .helpsInDistress, .helpSelectivity: "no turn in which Toad is in distress"
    default: "no turn"
    }
  }
}
