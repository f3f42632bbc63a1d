/// What a player can do on its turn. The raw value is the label in a data set and the number of the network's output.
public enum Action: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  /// One cell forward.
  case hop = 0
  /// Catches a fly on the player's own cell.
  case jump = 1
  /// Five cells forward, for one unit of energy.
  case leap = 2
  /// Gives energy to the partner and may make it leap.
  case help = 3

  public var description: String {
    switch self {
    case .hop: "hop"
    case .jump: "jump"
    case .leap: "leap"
    case .help: "help"
    }
  }
}
