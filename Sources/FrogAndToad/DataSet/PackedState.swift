/// One state in 61 bits of a 64-bit word.
///
/// The packing loses nothing: two processed states have the same 100 bytes (unveiled) exactly if they have the same word. So words are
/// compared where states are meant, and no hash can mistake one state for another.
///
/// | bits | content |
/// |---|---|
/// | 0–31 | rough ground, bit `i` for cell `i` |
/// | 32–36, 37–41 | Frog's cell, Toad's cell |
/// | 42–44, 45–47 | what Frog and Toad show: an action's raw value, or 4 in distress |
/// | 48–50 | number of the fly pattern, its lower bits |
/// | 51–55 | energy |
/// | 56–60 | number of the fly pattern, its upper bits |
public struct PackedState: Sendable, Hashable {
  public let word: UInt64

  static let distressSymbol: UInt64 = 4

  init(word: UInt64) {
    self.word = word
  }

  /// Frog's view of a played world, with the energy and the flies that the data set shows in place of the played ones.
  @inline(__always)
  init(_ world: World, energy: Int, flyPattern: Int) {
    let frogShows = world.isInDistress(.frog) ? Self.distressSymbol : UInt64(world.frog.lastAction.rawValue)
    let toadShows = world.isInDistress(.toad) ? Self.distressSymbol : UInt64(world.toad.lastAction.rawValue)
    var word = UInt64(world.roughGround)
    word |= UInt64(truncatingIfNeeded: world.frog.cell) &<< 32
    word |= UInt64(truncatingIfNeeded: world.toad.cell) &<< 37
    word |= frogShows &<< 42
    word |= toadShows &<< 45
    word |= UInt64(truncatingIfNeeded: flyPattern & 7) &<< 48
    word |= UInt64(truncatingIfNeeded: flyPattern &>> 3) &<< 56
    word |= UInt64(truncatingIfNeeded: max(energy, 0)) &<< 51
    self.word = word
  }

  public var roughGround: UInt32 { UInt32(truncatingIfNeeded: word) }
  public var frogCell: Int { field(at: 32, bits: 5) }
  public var toadCell: Int { field(at: 37, bits: 5) }
  public var flyPattern: Int { field(at: 48, bits: 3) | field(at: 56, bits: 5) &<< 3 }
  public var energy: Int { field(at: 51, bits: 5) }
  var frogShows: Int { field(at: 42, bits: 3) }
  var toadShows: Int { field(at: 45, bits: 3) }

  public var scenario: Scenario {
    Scenario(frogInDistress: roughGround.isSet(frogCell), toadInDistress: roughGround.isSet(toadCell))
  }

  /// - Parameter helpFrom: see `Couplings`.
  public func label(helpFrom: Int? = Couplings.helpFrom) -> Action {
    bestAction(energy: energy, frogCell: frogCell, scenario: scenario, roughGround: roughGround, helpFrom: helpFrom)
  }

  /// The author's phase filter, see `partnerIsActing`. On a shared cell Toad's symbol is the one that shows, and neither phase is filtered.
  public var partnerIsActing: Bool {
    switch scenario {
    case .none, .bothInDistress: true
    case .selfInDistress: toadShows == Int(Action.hop.rawValue)
    case .otherInDistress: frogShows == Int(Action.hop.rawValue)
    }
  }

  @inline(__always)
  private func field(at bit: UInt64, bits: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &>> bit) & ((1 &<< bits) &- 1))
  }

  // MARK: The 100 bytes

  private static let frogSymbols: [UInt8] = [4, 6, 7, 8, 9]
  private static let toadSymbols: [UInt8] = [5, 6, 7, 8, 9]

  /// The 100 bytes, unveiled: own symbol in 96, energy in 97, 0 in 98, own cell in 99.
  public var stateVector: [UInt8] {
    var state = [UInt8](repeating: 0, count: StateIndex.count)
    state.withUnsafeMutableBufferPointer { write(to: $0) }
    return state
  }

  /// Writes the 100 bytes to the start of `state`, which must have room for them.
  func write(to state: UnsafeMutableBufferPointer<UInt8>) {
    let rough = roughGround
    let flies = Redraw.flyPatterns[flyPattern]
    for cell in 0..<World.width {
      let bit = UInt32(truncatingIfNeeded: cell)
      state[cell] = StateCode.solid &+ UInt8(truncatingIfNeeded: (rough &>> bit) & 1)
      state[StateIndex.players.lowerBound &+ cell] = 0
      state[StateIndex.flies.lowerBound &+ cell] = StateCode.fly &* UInt8(truncatingIfNeeded: (flies &>> bit) & 1)
    }
    let ownSymbol = Self.frogSymbols[frogShows]
    state[StateIndex.players.lowerBound + frogCell] = ownSymbol
    state[StateIndex.players.lowerBound + toadCell] = Self.toadSymbols[toadShows]
    state[StateIndex.ownSymbol] = ownSymbol
    state[StateIndex.ownEnergy] = UInt8(truncatingIfNeeded: energy)
    state[StateIndex.score] = 0
    state[StateIndex.ownCell] = UInt8(truncatingIfNeeded: frogCell)
  }

  // MARK: What the veil hides

  /// The other states that look the same to a veiled network: the players change places where neither shows its own way of hopping,
  /// and on a shared cell nothing says what Frog did.
  var veiledTwins: [PackedState] {
    if frogCell == toadCell {
      guard !roughGround.isSet(frogCell) else { return [] }
      return (0..<4).filter { $0 != frogShows }.map { replacing($0, at: 42, bits: 3) }
    }
    let hopping = Int(Action.hop.rawValue)
    guard frogShows != hopping, toadShows != hopping else { return [] }
    let exchanged = replacing(toadCell, at: 32, bits: 5).replacing(frogCell, at: 37, bits: 5)
    return [exchanged.replacing(toadShows, at: 42, bits: 3).replacing(frogShows, at: 45, bits: 3)]
  }

  private func replacing(_ value: Int, at bit: UInt64, bits: UInt64) -> PackedState {
    let mask: UInt64 = ((1 &<< bits) &- 1) &<< bit
    return PackedState(word: (word & ~mask) | (UInt64(truncatingIfNeeded: value) &<< bit))
  }
}
