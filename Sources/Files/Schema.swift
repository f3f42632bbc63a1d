/// A kind of file of ours and the version of its layout: what each says of itself in the attributes `schema`, `schema_version` and `complete`.
public struct Schema: Sendable, Equatable {
  /// Such as `mirrorscope-recording`.
  public let name: String
  /// The version that is written; files of the same major version and up to this minor one are read, later minor ones too: they only add.
  public let major: Int
  public let minor: Int

  public init(name: String, major: Int, minor: Int) {
    self.name = name
    self.major = major
    self.minor = minor
  }

  /// As it is stored: `1.0`.
  public var version: String { "\(major).\(minor)" }

  /// What is wrong with a file that is to be of this schema.
  public enum Mismatch: Error, Sendable, Equatable {
    /// It says that it is something else; nil where it says nothing.
    case otherKind(found: String?)
    /// It has no version, or one that is none.
    case noVersion(found: String?)
    /// Only a newer program reads it.
    case newer(found: String)
    /// Only an older program reads it.
    case older(found: String)
    /// Its writer was stopped before the end.
    case incomplete
  }

  /// Compares what a file says of itself.
  ///
  /// - Parameters:
  ///   - kind: its attribute `schema`.
  ///   - version: its attribute `schema_version`.
  ///   - complete: its attribute `complete`; nil where there is none, which is as good as 0.
  /// - Returns: the first thing that is wrong, in the order of the cases; nil for a file to be read.
  public func mismatch(kind: String?, version: String?, complete: Int?) -> Mismatch? {
    guard kind == name else { return .otherKind(found: kind) }
    guard let version, let found = Self.number(version) else { return .noVersion(found: version) }
    if found > major { return .newer(found: version) }
    if found < major { return .older(found: version) }
    return complete == 1 ? nil : .incomplete
  }

  /// The major version of `1.0` or `1`; nil for what is no version.
  private static func number(_ version: String) -> Int? {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else { return nil }
    return parts.first.flatMap { Int($0) }
  }
}
