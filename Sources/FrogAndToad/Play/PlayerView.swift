extension World {
  /// The same game with the players' parts exchanged: Toad is Frog and Frog is Toad. The strip stays as it is.
  public var exchanged: World {
    var world = self
    (world.frog, world.toad) = (toad, frog)
    return world
  }

  /// Writes what a player sees as 100 bytes, unveiled, in Frog's part: its own hop is 4 and its partner's 5, own symbol, energy and cell are
  /// its own, and on a shared cell its partner's symbol shows. For Frog that is `stateVector(of: .frog)`, for Toad that of the exchanged
  /// world. The score is 0, as in a data set.
  ///
  /// - Parameters:
  ///   - energy: the player's, or what is shown in its place.
  ///   - flies: bit `i` set where a fly shows on cell `i`.
  ///   - state: has room for 100 bytes.
  func writeView(of player: Player, energy: Int, flies: UInt32, to state: UnsafeMutablePointer<UInt8>) {
    let bytes = UnsafeMutableRawPointer(state)
    for group in 0..<World.width / 8 {
      let shift = UInt32(truncatingIfNeeded: group * 8)
      let rough = bitsAsBytes((roughGround &>> shift) & 255)
      let flying = bitsAsBytes((flies &>> shift) & 255)
      // Eight cells at a time: no byte overflows into the next.
      let solid = UInt64(StateCode.solid) &* 0x0101_0101_0101_0101
      bytes.storeBytes(of: (solid &+ rough).littleEndian, toByteOffset: StateIndex.ground.lowerBound + group * 8, as: UInt64.self)
      bytes.storeBytes(of: 0, toByteOffset: StateIndex.players.lowerBound + group * 8, as: UInt64.self)
      bytes.storeBytes(
        of: (flying &* UInt64(StateCode.fly)).littleEndian, toByteOffset: StateIndex.flies.lowerBound + group * 8, as: UInt64.self)
    }
    let own = self[player]
    let partner = self[player.partner]
    let ownSymbol = StateCode.symbol(of: .frog, after: own.lastAction, inDistress: isInDistress(player))
    state[StateIndex.players.lowerBound + own.cell] = ownSymbol
    state[StateIndex.players.lowerBound + partner.cell] = StateCode.symbol(
      of: .toad, after: partner.lastAction, inDistress: isInDistress(player.partner))
    state[StateIndex.ownSymbol] = ownSymbol
    state[StateIndex.ownEnergy] = UInt8(clamping: energy)
    state[StateIndex.score] = 0
    state[StateIndex.ownCell] = UInt8(truncatingIfNeeded: own.cell)
  }
}

/// Eight bits as eight bytes of 0 or 1, the lowest bit in the lowest byte.
@inline(__always)
private func bitsAsBytes(_ bits: UInt32) -> UInt64 {
  let spread = (UInt64(bits) &* 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201
  return ((spread &+ 0x7f7f_7f7f_7f7f_7f7f) &>> 7) & 0x0101_0101_0101_0101
}
