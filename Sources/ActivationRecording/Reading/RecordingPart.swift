/// One file of a view, and the rows of it that are kept.
struct RecordingPart: Sendable {
  let recording: Recording
  /// Ascending; nil where all are.
  let keptRows: [Int]?
  private let inputs = ReadOnce<StoredInputs?>()

  var rowCount: Int { keptRows?.count ?? recording.rowCount }

  init(_ recording: Recording, condition: RowCondition?) throws {
    self.recording = recording
    guard let condition else {
      keptRows = nil
      return
    }
    do {
      var columns: [String: RowColumn] = [:]
      for name in condition.columns { columns[name] = try recording.rowColumn(name) }
      let isKept = try condition.rows(recording.rowCount, columns: columns)
      keptRows = isKept.indices.filter { isKept[$0] }
    } catch let malformed as RowCondition.Malformed {
      throw RecordingError.badInput(file: recording.path, fault: "the condition on rows does not fit: \(malformed).")
    }
  }

  /// Nil where the recording has no inputs.
  var storedInputs: StoredInputs? {
    get throws { try inputs.value { try recording.layout.columns[.inputs].map { try StoredInputs($0, file: recording.path) } } }
  }

  /// Only the values of rows that are kept.
  func kept<Value>(_ values: [Value]) -> [Value] { keptRows.map { rows in rows.map { values[$0] } } ?? values }

  func kept(_ column: RowColumn) -> RowColumn { keptRows.map { column.selecting($0) } ?? column }

  /// Reads rows, given by their positions among those that are kept.
  func read<Value>(_ rows: Range<Int>, width: Int, _ read: (Range<Int>) throws -> [Value]) throws -> [Value] {
    guard let keptRows else { return try read(rows) }
    var result: [Value] = []
    result.reserveCapacity(rows.count * width)
    var position = rows.lowerBound
    while position < rows.upperBound {
      // At most some thousand rows of the file at a time, however far apart those that are kept lie.
      let first = keptRows[position]
      var end = position + 1
      while end < rows.upperBound, keptRows[end] - first < RecordingSchema.rowsPerBlock(unitCount: width) { end += 1 }
      let values = try read(first..<keptRows[end - 1] + 1)
      for row in keptRows[position..<end] { result += values[(row - first) * width..<(row - first + 1) * width] }
      position = end
    }
    return result
  }

  /// The layer of this part that goes by the same name.
  func layer(like layer: RecordedLayer) throws -> RecordedLayer {
    guard let own = recording.layers.first(where: { $0.name == layer.name }) else {
      throw RecordingError.missingPart(file: recording.path, part: layer.path, advice: "Join recordings of one network.")
    }
    return own
  }

  /// The rows of a block that are kept, `[layers][kept rows × units]`.
  func keptValues<Value>(of blocks: [UnsafeBufferPointer<Value>], rows: Range<Int>, widths: [Int]) -> [[Value]] {
    guard let keptRows else { return blocks.map { Array($0) } }
    // Rows ascend: those of the block are found by halving.
    var (low, high) = (0, keptRows.count)
    while low < high {
      let middle = (low + high) / 2
      if keptRows[middle] < rows.lowerBound { low = middle + 1 } else { high = middle }
    }
    let kept = keptRows[low...].prefix { $0 < rows.upperBound }
    return zip(blocks, widths).map { block, width in
      var values: [Value] = []
      values.reserveCapacity(kept.count * width)
      for row in kept { values += block[(row - rows.lowerBound) * width..<(row - rows.lowerBound + 1) * width] }
      return values
    }
  }
}
