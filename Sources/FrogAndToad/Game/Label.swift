/// The best action for Frog: the first rule that holds (method: energy, end of the strip, partner in distress, ground ahead).
///
/// 1. energy ≤ 0: jump
/// 2. Frog on the last cell: help
/// 3. Frog on cell `helpFrom` (26) or beyond and not in distress, Toad in distress: help
/// 4. the next cell is solid: hop
/// 5. Frog's cell + 5 < 31: leap
/// 6. otherwise hop
///
/// - Parameters:
///   - energy: Frog's energy as the state shows it, redrawn or played.
///   - frogCell: 0…31.
///   - roughGround: bit `i` set where cell `i` is rough.
///   - helpFrom: nil leaves out rules 2 and 3; on the last cell, which has no next one, Frog hops then.
public func bestAction(
  energy: Int, frogCell: Int, scenario: Scenario, roughGround: UInt32, helpFrom: Int? = Couplings.helpFrom
) -> Action {
  if energy <= 0 { return .jump }
  if let helpFrom {
    if frogCell >= World.width - 1 { return .help }
    if frogCell >= helpFrom && scenario == .otherInDistress { return .help }
  }
  if frogCell >= World.width - 1 || !roughGround.isSet(frogCell + 1) { return .hop }
  return frogCell + PlayerState.leapLength < World.width - 1 ? .leap : .hop
}

extension World {
  /// The best action for Frog, by the rules that label a data set.
  public var bestActionForFrog: Action {
    bestAction(energy: frog.energy, frogCell: frog.cell, scenario: scenario, roughGround: roughGround)
  }
}
