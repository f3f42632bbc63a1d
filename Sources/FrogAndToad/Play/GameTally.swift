/// What happened in one game, or in several together.
///
/// Where players stand, in distress or not, is what Frog sees when its turn comes, once a turn; what Frog chooses is held against that.
public struct GameTally: Sendable, Equatable {
  /// Games that are counted here.
  public var games = 0
  public var turns = 0
  /// Cells gained by hopping, until the end.
  public var frogScore = 0
  public var toadScore = 0
  /// Summed over turns.
  public var frogEnergy = 0
  public var toadEnergy = 0
  public var frogDistress = 0
  public var toadDistress = 0
  /// Helps that had an effect.
  public var frogHelps = 0
  public var toadHelps = 0
  /// Frog chose to help, whether or not it could, while Toad was in distress; and while it was not.
  public var helpsInDistress = 0
  public var helpsOtherwise = 0
  /// Frog leapt while in distress.
  public var leapsInDistress = 0
  /// Frog's action had no effect: it had no energy, or there was no room.
  public var stalls = 0
  /// Frog's choice was the best action for what it was shown.
  public var agreements = 0

  public init() {}

  public static func += (sum: inout GameTally, other: GameTally) {
    sum.games += other.games
    sum.turns += other.turns
    sum.frogScore += other.frogScore
    sum.toadScore += other.toadScore
    sum.frogEnergy += other.frogEnergy
    sum.toadEnergy += other.toadEnergy
    sum.frogDistress += other.frogDistress
    sum.toadDistress += other.toadDistress
    sum.frogHelps += other.frogHelps
    sum.toadHelps += other.toadHelps
    sum.helpsInDistress += other.helpsInDistress
    sum.helpsOtherwise += other.helpsOtherwise
    sum.leapsInDistress += other.leapsInDistress
    sum.stalls += other.stalls
    sum.agreements += other.agreements
  }

  /// The counts by name.
  public enum Count: Int, CaseIterable, Sendable {
    case games, turns, frogScore, toadScore, frogEnergy, toadEnergy, frogDistress, toadDistress, frogHelps, toadHelps, helpsInDistress
    case helpsOtherwise, leapsInDistress, stalls, agreements
  }

  public subscript(count: Count) -> Int {
    switch count {
    case .games: games
    case .turns: turns
    case .frogScore: frogScore
    case .toadScore: toadScore
    case .frogEnergy: frogEnergy
    case .toadEnergy: toadEnergy
    case .frogDistress: frogDistress
    case .toadDistress: toadDistress
    case .frogHelps: frogHelps
    case .toadHelps: toadHelps
    case .helpsInDistress: helpsInDistress
    case .helpsOtherwise: helpsOtherwise
    case .leapsInDistress: leapsInDistress
    case .stalls: stalls
    case .agreements: agreements
    }
  }
}
