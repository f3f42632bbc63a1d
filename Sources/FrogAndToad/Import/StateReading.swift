/// Where the players of a foreign state may stand, read from its players row.
///
/// The row shows two symbols, or one where both share a cell. 4 can only be Frog and 5 only Toad; 6 to 9 can be either, unless the
/// state is unveiled: a nonzero own symbol (96) means that 99 holds Frog's cell.
struct StateReading {
  struct Placement: Equatable {
    let frog: Int
    let toad: Int
    let scenario: Scenario
  }

  let first: Placement
  /// The players the other way round, where that is possible too.
  let second: Placement?

  /// - Parameter state: 100 bytes with known codes.
  init(_ state: UnsafeBufferPointer<UInt8>) throws(CSVFault) {
    var cells = (0, 0)
    var count = 0
    for cell in 0..<World.width where state[StateIndex.players.lowerBound + cell] != 0 {
      cells = (cells.1, cell)
      count += 1
    }
    guard count == 1 || count == 2 else { throw .players(count: count) }
    if count == 1 { cells.0 = cells.1 }
    let candidates = (Self.placement(cells.0, cells.1, state), count == 2 ? Self.placement(cells.1, cells.0, state) : nil)
    var possible = candidates
    if state[StateIndex.ownSymbol] != 0 {
      let ownCell = Int(state[StateIndex.ownCell])
      guard cells.0 == ownCell || cells.1 == ownCell else { throw .ownCellEmpty(cell: ownCell) }
      if candidates.0?.frog != ownCell { possible.0 = nil }
      if candidates.1?.frog != ownCell { possible.1 = nil }
    }
    guard let first = possible.0 ?? possible.1 else { throw .players(count: 2) }
    self.first = first
    second = possible.0 == nil ? nil : possible.1
  }

  private static func placement(_ frog: Int, _ toad: Int, _ state: UnsafeBufferPointer<UInt8>) -> Placement? {
    let frogShows = state[StateIndex.players.lowerBound + frog]
    let toadShows = state[StateIndex.players.lowerBound + toad]
    if frog != toad && (frogShows == StateCode.toadHopping || toadShows == StateCode.frogHopping) { return nil }
    let scenario = Scenario(
      frogInDistress: frogShows == StateCode.inDistress, toadInDistress: toadShows == StateCode.inDistress)
    return Placement(frog: frog, toad: toad, scenario: scenario)
  }

  /// Whether Frog and Toad may be the other way round, with another scenario.
  var isAmbiguous: Bool {
    guard let second else { return false }
    return second.scenario != first.scenario
  }

  func allows(_ scenario: Scenario) -> Bool {
    first.scenario == scenario || second?.scenario == scenario
  }

  /// The scenario where it is not given. An ambiguous state is one of Frog in distress: in files of the author's layout without own
  /// cells Frog shows nothing but hopping and distress, so the acting player is Toad.
  var scenario: Scenario {
    isAmbiguous ? .selfInDistress : first.scenario
  }

  /// Whether the labelling rules give this label to a placement that has this scenario.
  func agrees(label: Action, scenario: Scenario, energy: Int, roughGround: UInt32) -> Bool {
    [first, second].contains { placement in
      guard let placement, placement.scenario == scenario else { return false }
      return bestAction(energy: energy, frogCell: placement.frog, scenario: scenario, roughGround: roughGround) == label
    }
  }
}

/// The scenario that a state's players row shows, or nil if the row can't be read, or if Frog and Toad could be the other way round with
/// another scenario. An unveiled state (own symbol and own cell kept) is never ambiguous.
///
/// - Parameter state: 100 bytes.
public func scenario(ofState state: some Collection<UInt8>) -> Scenario? {
  Array(state).withUnsafeBufferPointer { bytes in
    guard bytes.count == StateIndex.count, bytes[StateIndex.ownCell] < UInt8(World.width),
      let reading = try? StateReading(bytes), !reading.isAmbiguous
    else { return nil }
    return reading.scenario
  }
}
