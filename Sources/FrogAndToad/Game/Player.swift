/// One of the two who play.
public enum Player: UInt8, CaseIterable, Sendable {
  case frog = 0
  case toad = 1

  public var partner: Player { self == .frog ? .toad : .frog }
}

/// Where a player is and how it fares.
public struct PlayerState: Sendable, Equatable {
  /// 0…31, counted from the left end of the strip.
  public internal(set) var cell: Int
  /// −1…20. It falls below 0 in one way only: a leap with the last unit of energy that ends on rough ground.
  public internal(set) var energy: Int
  /// Cells gained by hopping, never lost.
  public internal(set) var score: Int
  /// The last action that had an effect; hop at the start. A stalled player, or one without room, keeps what it showed before.
  public internal(set) var lastAction: Action

  init(cell: Int, energy: Int = World.energyCap, score: Int = 0, lastAction: Action = .hop) {
    self.cell = cell
    self.energy = energy
    self.score = score
    self.lastAction = lastAction
  }

  /// Without energy only a jump has an effect.
  public var isStalled: Bool { energy <= 0 }
}
