import Crypto
import Files
import Foundation

/// What is to be ablated in a model that lives elsewhere: arms that whoever has the model runs, each on the same examples, and all that their
/// outcomes are judged by (`schemas/plan.schema.json`).
///
/// Everything that could be chosen with effects in view is fixed here: targets, references, the examples, the primary outcome. The name of each arm
/// begins with the plan's own, and the file ends with a hash of all that stands before it.
public struct InterventionPlan: Codable, Sendable {
  public static let schemaName = "mirrorscope-plan"
  public static let currentVersion = "1.0"

  /// The recording that targets were chosen in.
  public struct Source: Codable, Sendable {
    enum CodingKeys: String, CodingKey { case path, sha256, rows, network, epoch }

    public var path: String
    /// Of the file's bytes.
    public var sha256: String
    public var rows: Int
    public var network: String?
    public var epoch: Int?

    public func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(path, forKey: .path)
      try keys.encode(sha256, forKey: .sha256)
      try keys.encode(rows, forKey: .rows)
      // What is not known is null: a key is always there.
      try keys.encode(network, forKey: .network)
      try keys.encode(epoch, forKey: .epoch)
    }
  }

  /// Which rows targets were chosen on, and which the examples come from.
  public struct Halves: Codable, Sendable {
    /// `/split`, `seeded halves`, `strata in seeded halves` (or `pairs`, or `strata or pairs`) or `all rows`.
    public var source: String
    /// Of the numbers of the select rows, joined by commas, a semicolon, and those of the evaluate rows.
    public var sha256: String
    public var selectRows: Int
    public var evaluateRows: Int
    public var sameRows: Bool

    enum CodingKeys: String, CodingKey {
      case source, sha256
      case selectRows = "select_rows"
      case evaluateRows = "evaluate_rows"
      case sameRows = "same_rows"
    }
  }

  /// What the model is run on once in every arm.
  public struct Example: Codable, Sendable {
    enum CodingKeys: String, CodingKey { case example, rows, phase, stratum, pair, pairs }

    /// Its name: a value of the column of examples, or else the number of its row.
    public var example: String
    /// Numbers of its rows in the recording, 0-based.
    public var rows: [Int]
    /// Where all its rows have one.
    public var phase: String?
    public var stratum: Int?
    public var pair: Int?
    /// Where its rows have several, which then hang together.
    public var pairs: [Int]?

    public func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(example, forKey: .example)
      try keys.encode(rows, forKey: .rows)
      try keys.encode(phase, forKey: .phase)
      try keys.encode(stratum, forKey: .stratum)
      try keys.encode(pair, forKey: .pair)
      try keys.encodeIfPresent(pairs, forKey: .pairs)
    }
  }

  /// Units of a layer, or a direction in it, that are ablated together.
  public struct Target: Codable, Sendable {
    public var id: String
    public var layer: String
    public var units: [Int]
    public var direction: PhaseDirection?
    /// Reference arms of each draw.
    public var references: Int
    /// Of a direction what was dealt to make its references, and among how many blocks.
    public var exchange: String?
    public var blocks: Int?
    public var smdActivation: Double?
    public var smdNorm: Double?
    /// Why it has no p whatever its effect is.
    public var obstacle: String?
    /// Why it has fewer units than were asked for.
    public var shortage: String?

    enum CodingKeys: String, CodingKey {
      case id, layer, units, direction, references, exchange, obstacle, shortage
      case blocks = "n_blocks"
      case smdActivation = "smd_activation"
      case smdNorm = "smd_norm"
    }

    public func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(id, forKey: .id)
      try keys.encode(layer, forKey: .layer)
      try keys.encode(units, forKey: .units)
      try keys.encode(direction, forKey: .direction)
      try keys.encode(references, forKey: .references)
      try keys.encode(exchange, forKey: .exchange)
      try keys.encode(blocks, forKey: .blocks)
      try keys.encode(smdActivation, forKey: .smdActivation)
      try keys.encode(smdNorm, forKey: .smdNorm)
      try keys.encode(obstacle, forKey: .obstacle)
      try keys.encode(shortage, forKey: .shortage)
    }
  }

  /// One run of the model over all examples.
  public struct Arm: Codable, Sendable {
    public enum Kind: String, Codable, Sendable { case intact, target, reference }

    public var id: String
    public var kind: Kind
    public var target: String?
    /// From 1, of the target's.
    public var reference: Int?
    /// From 1; absent where nothing is drawn.
    public var draw: Int?
  }

  public var schema = Self.schemaName
  public var schemaVersion = Self.currentVersion
  public var program: String
  public var planID: String
  public var recording: Source
  public var split: Halves
  public var seed: UInt64
  public var mode: String
  public var controls: Int
  public var draws: Int
  public var primaryOutcome: String?
  public var exampleColumn: String?
  /// Whether rows lie in strata, so that examples that share none of theirs are not independent.
  public var hasStrata: Bool
  public var examples: [Example]
  public var arms: [Arm]
  public var targets: [Target]
  /// SHA-256 of all that stands before it in the file.
  public var contentSHA256 = ""

  enum CodingKeys: String, CodingKey {
    case schema, program, recording, split, seed, mode, controls, draws, examples, arms, targets
    case schemaVersion = "schema_version"
    case planID = "plan_id"
    case primaryOutcome = "primary_outcome"
    case exampleColumn = "example_column"
    case hasStrata = "has_strata"
    case contentSHA256 = "content_sha256"
  }
}

/// Why a plan or its outcomes cannot be judged.
public struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable { case notThere, badFile, notEnoughData }

  public let kind: Kind
  public let file: String
  public let fault: String

  public init(_ kind: Kind = .badFile, file: String, fault: String) {
    (self.kind, self.file, self.fault) = (kind, file, fault)
  }

  public var description: String { "\(file): \(fault)" }
}

extension InterventionPlan {
  /// Reads a plan and checks that it is whole.
  ///
  /// - Throws: `PlanError`.
  public init(path: String) throws(PlanError) {
    func fail(_ fault: String) -> PlanError { PlanError(file: path, fault: fault) }
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw PlanError(
        .notThere, file: path, fault: FileManager.default.fileExists(atPath: path) ? "cannot be read." : "there is no such file.")
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw fail(Self.complaint(about: data, error))
    }
    guard schema == Self.schemaName else { throw fail(Self.isNoPlan) }
    guard Self.contentHash(of: data) == contentSHA256 else {
      throw fail(
        "was changed since it was written: it does not have the content that its content_sha256 was taken of. Write the plan again.")
    }
    if let fault = structuralFault { throw fail("is damaged: \(fault). Write the plan again.") }
  }

  private static let isNoPlan = "is no plan of 'mirrorscope plan'. Give the file that it wrote."

  /// What is wrong with a file that does not read as a plan.
  private static func complaint(about data: Data, _ error: any Error) -> String {
    struct Beginning: Decodable {
      let schema: String
      let schemaVersion: String

      enum CodingKeys: String, CodingKey {
        case schema
        case schemaVersion = "schema_version"
      }
    }
    guard let beginning = try? JSONDecoder().decode(Beginning.self, from: data), beginning.schema == schemaName else {
      let isTorn = data.starts(with: Data("{\n\"schema\": \"\(schemaName)\"".utf8))
      return isTorn ? "is damaged: it is no whole JSON. Write the plan again." : isNoPlan
    }
    guard beginning.schemaVersion.split(separator: ".").first == currentVersion.split(separator: ".").first else {
      return "is a plan of version \(beginning.schemaVersion), and this program reads \(currentVersion). Take a newer program."
    }
    return "is damaged: \((error as? DecodingError)?.place ?? "it cannot be read"). Write the plan again."
  }

  /// What stands before the hash, where it is the last thing in the file.
  static let beforeHash = ",\n\"content_sha256\": "

  private static func contentHash(of data: Data) -> String? {
    guard let end = data.range(of: Data(beforeHash.utf8), options: .backwards) else { return nil }
    let rest = String(decoding: data[end.upperBound...], as: UTF8.self)
    // Nothing but the hash and the end may follow.
    guard rest.hasPrefix("\""), rest.hasSuffix("\"\n}\n"), rest.utf8.count == 64 + 5 else { return nil }
    return hexadecimal(SHA256.hash(data: data[..<end.lowerBound]))
  }

  /// What does not fit together; nil where all does.
  private var structuralFault: String? {
    if Set(arms.map(\.id)).count != arms.count { return "two arms have one id" }
    if Set(examples.map(\.example)).count != examples.count { return "two examples have one name" }
    if Set(targets.map(\.id)).count != targets.count { return "two targets have one id" }
    if examples.isEmpty || targets.isEmpty { return "it has no examples or no targets" }
    if !(1...max(1, arms.count)).contains(draws) || controls < 0 { return "it has \(draws) draws and \(controls) controls" }
    if arms.count(where: { $0.kind == .intact }) != 1 { return "it needs one intact arm" }
    if let arm = arms.first(where: { !$0.id.hasPrefix(planID + "/") }) { return "arm \(arm.id) does not begin with the plan's id" }
    let known = Set(targets.map(\.id))
    if let arm = arms.first(where: { $0.kind != .intact && !known.contains($0.target ?? "") }) { return "arm \(arm.id) has no target" }
    let wanted: [Int?] = mode == AblationMode.resample.name ? (1...draws).map { $0 } : [nil]
    let byTarget = Dictionary(grouping: arms.filter { $0.kind != .intact }) { $0.target ?? "" }
    for target in targets {
      let own = byTarget[target.id] ?? []
      guard (0...arms.count).contains(target.references) else { return "target \(target.id) has \(target.references) references" }
      let cells = own.map { ArmPlace(reference: $0.kind == .target ? 0 : $0.reference ?? -1, draw: $0.draw) }
      if target.references >= arms.count || own.count > arms.count { return "target \(target.id) has \(target.references) references" }
      let expected = wanted.flatMap { draw in (0...target.references).map { ArmPlace(reference: $0, draw: draw) } }
      if cells.count != expected.count || Set(cells) != Set(expected) { return "arms of target \(target.id) are missing or not numbered" }
    }
    return nil
  }

  private struct ArmPlace: Hashable {
    let reference: Int
    let draw: Int?
  }
}

extension DecodingError {
  /// Which part is missing or of another kind.
  fileprivate var place: String {
    func path(_ context: Context, _ last: String? = nil) -> String {
      (context.codingPath.map(\.stringValue) + [last].compactMap { $0 }).joined(separator: ".")
    }
    return switch self {
    case .keyNotFound(let key, let context): "\(path(context, key.stringValue)) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) is of another kind"
    case .dataCorrupted(let context): context.codingPath.isEmpty ? "it is no whole JSON" : "\(path(context)) cannot be read"
    @unknown default: "it cannot be read"
    }
  }
}
