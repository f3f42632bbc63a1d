/// Where things are in a state, which is 100 small integers, each one byte.
public enum StateIndex {
  public static let count = 100
  public static let ground = 0..<32
  public static let players = 32..<64
  public static let flies = 64..<96
  public static let ownSymbol = 96
  public static let ownEnergy = 97
  /// The score in play; 0 in a data set; in the author's test file the scenario.
  public static let score = 98
  public static let ownCell = 99
}

/// The codes that fill a state.
public enum StateCode {
  public static let solid: UInt8 = 1
  public static let rough: UInt8 = 2
  public static let fly: UInt8 = 3
  public static let frogHopping: UInt8 = 4
  public static let toadHopping: UInt8 = 5
  public static let jumping: UInt8 = 6
  public static let leaping: UInt8 = 7
  public static let helping: UInt8 = 8
  public static let inDistress: UInt8 = 9

  /// What a player shows. On rough ground that is distress, whatever it did.
  public static func symbol(of player: Player, after action: Action, inDistress: Bool) -> UInt8 {
    if inDistress { return Self.inDistress }
    switch action {
    case .hop: return player == .frog ? frogHopping : toadHopping
    case .jump: return jumping
    case .leap: return leaping
    case .help: return helping
    }
  }
}

extension World {
  /// What the player shows in the players row.
  public func symbol(of player: Player) -> UInt8 {
    StateCode.symbol(of: player, after: self[player].lastAction, inDistress: isInDistress(player))
  }

  /// The state as the player sees it, unveiled: 100 bytes as `StateIndex` says.
  ///
  /// If both stand on one cell, the players row shows Toad's symbol only. Energy below 0 is shown as 0, a score above 255 as 255.
  public func stateVector(of player: Player) -> [UInt8] {
    var state = [UInt8](repeating: 0, count: StateIndex.count)
    for cell in 0..<World.width {
      state[StateIndex.ground.lowerBound + cell] = roughGround.isSet(cell) ? StateCode.rough : StateCode.solid
      state[StateIndex.flies.lowerBound + cell] = flies.isSet(cell) ? StateCode.fly : 0
    }
    state[StateIndex.players.lowerBound + frog.cell] = symbol(of: .frog)
    state[StateIndex.players.lowerBound + toad.cell] = symbol(of: .toad)
    state[StateIndex.ownSymbol] = symbol(of: player)
    state[StateIndex.ownEnergy] = UInt8(clamping: self[player].energy)
    state[StateIndex.score] = UInt8(clamping: self[player].score)
    state[StateIndex.ownCell] = UInt8(clamping: self[player].cell)
    return state
  }
}
