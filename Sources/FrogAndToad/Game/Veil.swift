/// What the network may not see of its own state.
public enum Veil: Sendable, Equatable {
  /// The paper's, of ignorance: own symbol, score and own cell are 0 (indices 96, 98 and 99), so that it must infer who it is. Who hops still
  /// shows as Frog or Toad.
  case ofIgnorance
  /// The author's recording scripts: as `ofIgnorance`, but index 98 holds the scenario, so the network sees the answer. Only to compare
  /// with published values.
  case withScenarioLeak
  /// Hides all that tells who is who in this share of the states: own symbol and own cell are 0, and who hops shows as 4, Frog or Toad. In the
  /// others own symbol and own cell stand. The score is 0 in all.
  case hidingIdentity(share: Double)

  /// Veils states in place.
  ///
  /// - Parameters:
  ///   - states: `[rows × 100]`, row after row, unveiled.
  ///   - scenarios: `[rows]`, raw values of `Scenario`; read for the leak only. Rows beyond its end get 0.
  public func apply(to states: inout [UInt8], scenarios: [UInt8] = []) {
    states.withUnsafeMutableBufferPointer { states in
      for row in 0..<states.count / StateIndex.count {
        let state = UnsafeMutableBufferPointer(rebasing: states[row * StateIndex.count..<(row + 1) * StateIndex.count])
        apply(toState: state, scenario: row < scenarios.count ? scenarios[row] : 0)
      }
    }
  }

  /// Veils one state of 100 bytes in place.
  func apply(toState state: UnsafeMutableBufferPointer<UInt8>, scenario: UInt8) {
    if case .hidingIdentity(let share) = self {
      // A data set has no score, and in play it is not to decide.
      state[StateIndex.score] = 0
      let isHidden = Self.draw(state) < share
      guard isHidden else { return }
      for place in StateIndex.players where state[place] == StateCode.toadHopping { state[place] = StateCode.frogHopping }
    } else {
      state[StateIndex.score] = self == .withScenarioLeak ? scenario : 0
    }
    state[StateIndex.ownSymbol] = 0
    state[StateIndex.ownCell] = 0
  }

  /// A number in 0..<1 that the bytes of a state decide: FNV-1a, mixed as MurmurHash3 ends. So a state is hidden under every larger share too.
  static func draw(_ state: some Sequence<UInt8>) -> Double {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in state { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    hash = (hash ^ (hash &>> 33)) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ (hash &>> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return Double((hash ^ (hash &>> 33)) &>> 11) * 0x1p-53
  }
}
