/// Where the phases of a recording's rows come from.
public enum PhaseSource: Sendable, Equatable {
  /// `/phase`.
  case recorded
  /// The values of a column that stand for phases, each of which has to occur; nil for the phases' own names, as far as they occur. A row with
  /// another value belongs to none of them.
  case column(String, names: [String: Phase]?)
}
