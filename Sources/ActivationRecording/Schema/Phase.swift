/// Who is in distress while a row of activations is recorded.
///
/// The raw value is the code in a recording's `/phase`.
public enum Phase: UInt8, CaseIterable, Sendable {
  /// Nobody; written `none`.
  case neither = 0
  /// The agent itself; written `self`.
  case own = 1
  /// The agent that is watched; written `other`.
  case other = 2
  /// Both; written `both`.
  case both = 3

  /// The name in tables and in the recording's enum: none, self, other or both.
  public var name: String {
    switch self {
    case .neither: "none"
    case .own: "self"
    case .other: "other"
    case .both: "both"
    }
  }

  public init?(name: String) {
    guard let phase = Phase.allCases.first(where: { $0.name == name }) else { return nil }
    self = phase
  }
}

/// What a row may be used for when units are first selected and then evaluated; the raw value is the code in `/split`.
public enum Split: UInt8, CaseIterable, Sendable {
  case select = 0
  case evaluate = 1

  public var name: String { self == .select ? "select" : "evaluate" }
}
