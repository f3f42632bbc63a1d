import Files
import HDF5

/// The names of the recording schema, version 1.1 (`schemas/recording.md`). Files of 1.0 are read as before.
public enum RecordingSchema {
  public static let name = identity.name
  public static let version = identity.version
  /// What a recording says of itself.
  static let identity = Schema(name: "mirrorscope-recording", major: 1, minor: 1)

  /// Per-row data sets beside `/sample` and `/phase`; each is optional.
  public enum Column: String, CaseIterable, Sendable {
    case label, prediction
    case partnerActing = "partner_acting"
    case stratum, pair, split, inputs
  }

  static let phaseType = Datatype.enumeration(Phase.allCases.map(\.name))
  static let splitType = Datatype.enumeration(Split.allCases.map(\.name))

  /// Most actions that `/label` and `/prediction` number.
  public static let mostActions = 256

  /// Rows of one block, for a layer of so many units: chunks are written and statistics are taken in blocks of this size, whatever
  /// chunks a file has, so that a file's layout and the number of threads never change a digit. At most 4,096 rows and about 1 MiB.
  public static func rowsPerBlock(unitCount: Int) -> Int {
    var rows = 4096
    while rows > 64 && unitCount > (1 << 18) / rows { rows /= 2 }
    return rows
  }
}
