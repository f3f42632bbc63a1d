import Crypto
import Files
import Foundation
import HDF5

/// The parts of a data set, each a group of the states file, in the order of the file.
public enum Split: String, CaseIterable, Sendable, CustomStringConvertible {
  /// To learn from.
  case train
  /// To judge networks by.
  case test
  /// To choose the epochs of a training by.
  case validation

  public var description: String { rawValue }
}

/// Where a data set comes from; stored with it.
public struct StatesProvenance: Sendable, Equatable {
  /// nil for imported states.
  public var seed: UInt64?
  public var commandLine: String
  /// How the states came about, such as the program and version, or the name of the imported file.
  public var source: String
  /// Whether the energy is the played one.
  public var keepEnergy: Bool
  /// nil for imported states.
  public var couplings: Couplings?
  public var testDraw: TestDraw?
  /// Labels that the test set has less of than a stratified one should.
  public var shortLabels: [Action]
  public var created: Date

  public init(
    seed: UInt64?, commandLine: String, source: String, keepEnergy: Bool = false, couplings: Couplings? = nil, testDraw: TestDraw? = nil,
    shortLabels: [Action] = [], created: Date = Date()
  ) {
    self.seed = seed
    self.commandLine = commandLine
    self.source = source
    self.keepEnergy = keepEnergy
    (self.couplings, self.testDraw, self.shortLabels) = (couplings, testDraw, shortLabels)
    self.created = created
  }
}

/// The states file, version 1.2: HDF5. Files of version 1.0 have the couplings of the paper's game, and do not say so; those of version
/// 1.1 have no validation set.
///
///     /            attributes: schema = "frogtoad-states", schema_version = "1.2", complete (0 or 1), created_utc, seed (absent if
///                  imported), command_line, source, keep_energy (0 or 1), states_sha256; absent if imported: help_from (a cell, or -1 for
///                  alone), dependency (in thousandths), obstacle_rate, fly_patterns, test_split ("stratified" or "natural"),
///                  test_short_labels (names with commas between; "" for none)
///     /train, /test, /validation
///       states          uint8 [n, 100]   unveiled: own symbol in 96, energy in 97, 0 in 98, own cell in 99
///       label           uint8 [n]        HDF5 enum hop=0 jump=1 leap=2 help=3
///       scenario        uint8 [n]        HDF5 enum none=0 self=1 other=2 both=3
///       partner_acting  uint8 [n]        1 where the row passes the author's phase filter
///       episode         int32 [n]        optional: the number of the game that the state was played in
enum StatesFormat {
  static let schema = Schema(name: "frogtoad-states", major: 1, minor: 2)
  static let states = "states"
  static let label = "label"
  static let scenario = "scenario"
  static let partnerActing = "partner_acting"
  static let episode = "episode"

  static let labelType = Datatype.enumeration(Action.allCases.map(\.description))
  static let scenarioType = Datatype.enumeration(Scenario.allCases.map(\.description))

  /// Rows in a chunk.
  static let chunkRows = 1 << 14
}

/// The hash of a data set, `states_sha256`: SHA-256 over the rows of `/train`, then those of `/test`, then those of `/validation`, in file
/// order. Each row gives 102 bytes: its 100 state bytes as stored (unveiled), its label, its scenario. In Python:
///
///     sha256(b"".join(numpy.column_stack([g["states"], g["label"], g["scenario"]]).tobytes()
///                     for g in (f["train"], f["test"], f["validation"])))
///
/// Two data sets have the same hash exactly if they train, stop and test a network alike; provenance doesn't enter.
struct StatesHash {
  private var hash = SHA256()

  mutating func add(_ rows: StateRows) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * (StateIndex.count + 2))
    for row in 0..<rows.count {
      bytes.append(contentsOf: rows.state(row))
      bytes.append(rows.labels[row])
      bytes.append(rows.scenarios[row])
    }
    hash.update(data: bytes)
  }

  /// 64 hexadecimal digits.
  var digits: String { hexadecimal(hash.finalize()) }
}
