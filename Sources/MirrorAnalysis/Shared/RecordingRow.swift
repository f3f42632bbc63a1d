import ActivationRecording
import Tabular

/// Which recording a row of a table is about: what every table begins with, and joins others on.
public struct RecordingIdentity: Sendable, Equatable {
  /// The path as given.
  public let recording: String
  public let network: String?
  public let epoch: Int?

  public init(recording: String, network: String? = nil, epoch: Int? = nil) {
    self.recording = recording
    self.network = network
    self.epoch = epoch
  }

  public init(_ view: RecordingView) {
    self.init(recording: view.name, network: view.description.model.network, epoch: view.description.model.epoch)
  }

  static let columns = [
    Column("recording", .string, "Path of the recording, as given"),
    Column("network", .string, "Name of the network, which its checkpoints share"),
    Column("epoch", .integer, "Epoch of the checkpoint; 0 is the untrained network"),
  ]

  var cells: [Cell] { [.string(recording), .string(network), .integer(epoch)] }
}

/// A row of an analysis with the recording that it is about.
public struct RecordingRow<Row: TableRow>: TableRow {
  public let identity: RecordingIdentity
  public let row: Row

  public init(_ identity: RecordingIdentity, _ row: Row) {
    self.identity = identity
    self.row = row
  }

  public static var schema: TableSchema {
    TableSchema(name: Row.schema.name, title: Row.schema.title, columns: RecordingIdentity.columns + Row.schema.columns)
  }

  public var cells: [Cell] { identity.cells + row.cells }
}
