/// Who is in distress. The raw value is the author's scenario column and the phase of a recording.
public enum Scenario: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case none = 0
  /// Frog, whose view the state is.
  case selfInDistress = 1
  /// Toad.
  case otherInDistress = 2
  case bothInDistress = 3

  public init(frogInDistress: Bool, toadInDistress: Bool) {
    switch (frogInDistress, toadInDistress) {
    case (false, false): self = .none
    case (true, false): self = .selfInDistress
    case (false, true): self = .otherInDistress
    case (true, true): self = .bothInDistress
    }
  }

  public var frogInDistress: Bool { self == .selfInDistress || self == .bothInDistress }
  public var toadInDistress: Bool { self == .otherInDistress || self == .bothInDistress }

  public var description: String {
    switch self {
    case .none: "none"
    case .selfInDistress: "self"
    case .otherInDistress: "other"
    case .bothInDistress: "both"
    }
  }
}

extension World {
  public var scenario: Scenario {
    Scenario(frogInDistress: isInDistress(.frog), toadInDistress: isInDistress(.toad))
  }
}

/// Whether a state passes the author's phase filter: in a self state Toad is seen hopping (a 5 in the players row), in an other state
/// Frog is (a 4). The states of the none and both phases are not filtered and always pass.
///
/// - Parameter players: the players row, 32 codes (indices 32–63 of a state).
public func partnerIsActing(_ scenario: Scenario, players: some Sequence<UInt8>) -> Bool {
  switch scenario {
  case .none, .bothInDistress: true
  case .selfInDistress: players.contains(StateCode.toadHopping)
  case .otherInDistress: players.contains(StateCode.frogHopping)
  }
}
