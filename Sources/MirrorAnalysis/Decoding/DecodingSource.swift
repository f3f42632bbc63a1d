import ActivationRecording
import Statistics

/// What is decoded from.
public enum DecodingSource: Sendable, Equatable {
  /// Each layer.
  case layers
  /// What the network was shown: a layer has to beat it.
  case inputs
  /// Columns of rows by name, together: numbers as they are, text as one feature of 0 and 1 for each value.
  case columns([String])

  /// - Parameter name: `layers`, `inputs`, or columns with commas between them.
  public init?(_ name: String) {
    switch name {
    case "layers": self = .layers
    case "inputs": self = .inputs
    default:
      let names = name.split(separator: ",").map(String.init)
      guard !names.isEmpty else { return nil }
      self = .columns(names)
    }
  }
}

/// A matrix that is decoded from, with what the table calls it.
struct DecodingFeatures: Sendable {
  let name: String
  let matrix: FeatureMatrix

  /// The wanted rows of a layer.
  init(_ layer: RecordedLayer, of recording: RecordingView, rows: [Int], threads: Int) throws {
    name = layer.name
    var isChosen = [Bool](repeating: false, count: recording.rowCount)
    for row in rows { isChosen[row] = true }
    let chosen = isChosen
    matrix =
      layer.storesDoubles
      ? FeatureMatrix(
        try recording.values(of: [layer], where: { chosen[$0] }, as: Double.self, threads: threads), features: layer.unitCount)
      : FeatureMatrix(
        try recording.values(of: [layer], where: { chosen[$0] }, as: Float.self, threads: threads), features: layer.unitCount)
  }

  /// The wanted rows of the inputs; nil where the recording has none.
  ///
  /// - Parameter rows: ascending.
  init?(inputsOf recording: RecordingView, rows: [Int]) throws {
    guard let columns = recording.inputCount, columns > 0 else { return nil }
    name = "inputs"
    matrix =
      try recording.inputsStoreDoubles
      ? FeatureMatrix(try Self.inputs(of: recording, rows: rows, columns: columns, as: Double.self), features: columns)
      : FeatureMatrix(try Self.inputs(of: recording, rows: rows, columns: columns, as: Float.self), features: columns)
  }

  private static func inputs<Value: ActivationValue>(
    of recording: RecordingView, rows: [Int], columns: Int, as type: Value.Type
  ) throws -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(rows.count * columns)
    let blockRows = RecordingSchema.rowsPerBlock(unitCount: columns)
    var next = 0
    for start in stride(from: 0, to: recording.rowCount, by: blockRows) {
      let range = start..<min(start + blockRows, recording.rowCount)
      guard next < rows.count, rows[next] < range.upperBound else { continue }
      let block = try recording.inputs(rows: range, as: Value.self) ?? []
      while next < rows.count, rows[next] < range.upperBound {
        let first = (rows[next] - range.lowerBound) * columns
        let row = block[first..<first + columns]
        if let bad = row.firstIndex(where: { !$0.isFinite }) {
          throw recording.notFinite(Double(row[bad]), inputRow: rows[next], column: bad - first)
        }
        values += row
        next += 1
      }
    }
    return values
  }

  /// Most values of a text column: each is a feature.
  static let mostTexts = 1000

  /// The wanted rows of columns of rows, side by side.
  ///
  /// - Throws: `RecordingError.badInput` for a column that is not there or holds too many texts, `invalid` for a number that is not finite.
  init(columns names: [String], of recording: RecordingView, rows: [Int]) throws {
    name = names.joined(separator: "+")
    var features: [[Double]] = []
    for name in names {
      switch try recording.rowColumn(name) {
      case .integers(let values): features.append(rows.map { Double(values[$0]) })
      case .numbers(let values):
        if let row = rows.first(where: { !values[$0].isFinite }) {
          let (file, number) = recording.origin(of: row)
          throw RecordingError.invalid(file: file, fault: "column \(name) holds \(values[row]) at row \(number). It needs finite values.")
        }
        features.append(rows.map { values[$0] })
      case .strings(let values):
        let texts = Set(rows.map { values[$0] }).sorted()
        guard texts.count <= Self.mostTexts else {
          throw RecordingError.badInput(
            file: recording.path,
            fault: "column \(name) holds \(texts.count) different texts, more than the \(Self.mostTexts) that can be decoded from. "
              + "Decode from one that groups them.")
        }
        for text in texts { features.append(rows.map { values[$0] == text ? 1 : 0 }) }
      }
    }
    matrix = FeatureMatrix(rows.indices.flatMap { row in features.map { $0[row] } }, features: features.count)
  }
}
