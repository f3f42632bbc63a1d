import Tabular

/// Losses over the epochs of a training, as `frogtoad train` writes them in `training.csv`, or from any table with the columns `epoch` and a loss.
public struct TrainingHistory: Sendable {
  struct Epoch: Sendable {
    let number: Double
    let trainingLoss: Double?
    let validationLoss: Double?
  }

  let epochs: [Epoch]
  let path: String

  public enum Fault: Error, CustomStringConvertible {
    case missingColumn(table: String)
    /// Of the networks given not one alone has several checkpoints.
    case notOneCurve(table: String, curves: Int)
    case notNumber(table: String, place: String, column: String, text: String)

    public var description: String {
      switch self {
      case .missingColumn(let table): "\(table): has no column epoch, or neither training_loss nor validation_loss. Name them so."
      case .notOneCurve(let table, let curves):
        "\(table): losses of one training, but \(curves == 0 ? "no network was" : "\(curves) networks were") given with several checkpoints. "
          + "Give checkpoints of the network that was so trained\(curves == 0 ? "" : " alone"), or leave --training out."
      case .notNumber(let table, let place, let column, let text): "\(table): \(column) on \(place) is '\(text)', no number. Write numbers."
      }
    }
  }

  /// - Throws: `TextTableError`, `Fault`.
  public init(path: String) throws {
    let table = try TextTable(path: path)
    guard let epoch = table.column("epoch") else { throw Fault.missingColumn(table: path) }
    let losses = [table.column("training_loss"), table.column("validation_loss")]
    guard losses.contains(where: { $0 != nil }) else { throw Fault.missingColumn(table: path) }
    func number(_ row: Int, _ column: Int?) throws -> Double? {
      guard let column else { return nil }
      let text = table.text(row: row, column: column)
      guard !text.isEmpty else { return nil }
      guard let value = Double(text), value.isFinite else {
        throw Fault.notNumber(table: path, place: table.place(ofRow: row), column: table.columns[column], text: text)
      }
      return value
    }
    self.path = path
    epochs = try (0..<table.rowCount).compactMap { row in
      guard let value = try number(row, epoch) else { return nil }
      return Epoch(number: value, trainingLoss: try number(row, losses[0]), validationLoss: try number(row, losses[1]))
    }
  }
}
