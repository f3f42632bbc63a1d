/// The state of one game: a strip of 32 cells, two players, flies, and the source of new ground.
///
/// Cell `i` of the ground and of the flies is bit `i` of a 32-bit word.
public struct World: Sendable, Equatable {
  /// Cells in the strip.
  public static let width = 32
  /// Energy never rises above it.
  public static let energyCap = 20

  /// Bit `i` is set where cell `i` is rough.
  public internal(set) var roughGround: UInt32
  /// Bit `i` is set where a fly is on cell `i`.
  public internal(set) var flies: UInt32
  public internal(set) var frog: PlayerState
  public internal(set) var toad: PlayerState
  var terrain: Terrain
  /// See `Couplings`.
  var dependency = 1000

  /// The start of a game: Frog on cell 15, Toad on 16, both with full energy, solid ground everywhere, no flies.
  public init(_ couplings: Couplings = Couplings()) {
    self.init(
      frog: PlayerState(cell: 15), toad: PlayerState(cell: 16), terrain: Terrain(highestProbability: couplings.obstacleRate))
    dependency = couplings.dependency
  }

  init(roughGround: UInt32 = 0, flies: UInt32 = 0, frog: PlayerState, toad: PlayerState, terrain: Terrain = Terrain()) {
    self.roughGround = roughGround
    self.flies = flies
    self.frog = frog
    self.toad = toad
    self.terrain = terrain
  }

  public internal(set) subscript(player: Player) -> PlayerState {
    get { player == .frog ? frog : toad }
    set {
      if player == .frog {
        frog = newValue
      } else {
        toad = newValue
      }
    }
  }

  /// Distress lasts as long as a player stands on rough ground.
  public func isInDistress(_ player: Player) -> Bool {
    roughGround.isSet(self[player].cell)
  }
}

extension UInt32 {
  /// Whether the bit of `cell` (0…31) is set.
  @inline(__always)
  func isSet(_ cell: Int) -> Bool {
    (self &>> UInt32(truncatingIfNeeded: cell)) & 1 == 1
  }
}
