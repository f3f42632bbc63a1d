/// Why a data set could not be generated.
public enum GenerationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The states are too few to take the test set from them, or what it needs of a label.
  case tooFewForTest(label: Action?, needed: Int, available: Int, states: Int)
  /// Play yields hardly any new states.
  case exhausted(found: Int, wanted: Int, turnsPerEpisode: Int)
  /// A count that makes no sense, with the reason.
  case unusableCount(String)

  public var description: String {
    switch self {
    case .tooFewForTest(let label, let needed, let available, let states):
      let labelled = label.map { " labelled \($0)" } ?? ""
      return "The test set needs \(needed) states\(labelled), but only \(available) of the \(states) states can serve. "
        + "Generate more states, or ask for a smaller test set."
    case .exhausted(let found, let wanted, let turns):
      return "Only \(found) of \(wanted) different states were found before play stopped giving new ones. "
        + "Ask for fewer states, or play longer games than \(turns) turns."
    case .unusableCount(let reason):
      return reason
    }
  }
}
