/// How much of a test set is also in a training set.
///
/// Rows are compared byte by byte; hashes only say where to look. Memory grows with the test set, the training set streams by.
public struct SplitOverlap: Sendable {
  private var wholeStates: RowIndex
  private var veiledStates: RowIndex
  private var boards: RowIndex

  /// - Parameter test: `[rows × 100]`, unveiled.
  public init(test: [UInt8]) {
    wholeStates = RowIndex(test, comparing: Array(0..<StateIndex.count))
    let hidden = [StateIndex.ownSymbol, StateIndex.score, StateIndex.ownCell]
    veiledStates = RowIndex(test, comparing: (0..<StateIndex.count).filter { !hidden.contains($0) })
    boards = RowIndex(test, comparing: Array(StateIndex.ground.lowerBound..<StateIndex.players.upperBound))
  }

  /// Looks for training rows among the test rows; call it block by block. `train` is `[rows × 100]`.
  public mutating func add(train: [UInt8]) {
    wholeStates.mark(train)
    veiledStates.mark(train)
    boards.mark(train)
  }

  public var testCount: Int { wholeStates.rowCount }
  /// Test rows whose 100 bytes are those of a training row.
  public var sharedStates: Int { wholeStates.markedRows }
  /// Test rows that look the same as a training row to a veiled network.
  public var sharedVeiledStates: Int { veiledStates.markedRows }
  /// Test rows whose board, ground and players, is that of a training row: the state without energy and flies.
  public var sharedBoards: Int { boards.markedRows }
}

/// Rows found by content: those of some columns only.
private struct RowIndex: Sendable {
  private let columns: [Int]
  /// The chosen columns of every row, row after row.
  private let content: [UInt8]
  let rowCount: Int
  /// Open addressing: 1 + the number of the first row with some content, 0 where free.
  private var slots: [UInt32]
  /// For each first row, how many rows have its content.
  private var multiplicity: [UInt32]
  private var isMarked: [Bool]

  init(_ rows: [UInt8], comparing columns: [Int]) {
    self.columns = columns
    rowCount = rows.count / StateIndex.count
    content = (0..<rowCount).flatMap { row in columns.map { rows[row * StateIndex.count + $0] } }
    var capacity = 16
    while capacity < 2 * rowCount { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    multiplicity = [UInt32](repeating: 0, count: rowCount)
    isMarked = [Bool](repeating: false, count: rowCount)
    for row in 0..<rowCount {
      let slot = find(content, at: row * columns.count)
      if slots[slot] == 0 { slots[slot] = UInt32(row + 1) }
      multiplicity[Int(slots[slot]) - 1] += 1
    }
  }

  var markedRows: Int {
    zip(isMarked, multiplicity).reduce(0) { $0 + ($1.0 ? Int($1.1) : 0) }
  }

  mutating func mark(_ rows: [UInt8]) {
    var row = [UInt8](repeating: 0, count: columns.count)
    for start in stride(from: 0, to: rows.count - rows.count % StateIndex.count, by: StateIndex.count) {
      for (position, column) in columns.enumerated() { row[position] = rows[start + column] }
      let slot = find(row, at: 0)
      if slots[slot] != 0 { isMarked[Int(slots[slot]) - 1] = true }
    }
  }

  /// The slot of the row that begins at `start`, or the free one where it would be.
  private func find(_ bytes: [UInt8], at start: Int) -> Int {
    let width = columns.count
    return bytes.withUnsafeBufferPointer { bytes in
      content.withUnsafeBufferPointer { content in
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for position in start..<start + width { hash = (hash ^ UInt64(bytes[position])) &* 0x100_0000_01b3 }
        var slot = Int(truncatingIfNeeded: hash ^ (hash &>> 32)) & (slots.count - 1)
        while slots[slot] != 0 {
          let known = (Int(slots[slot]) - 1) * width
          if (0..<width).allSatisfy({ content[known + $0] == bytes[start + $0] }) { break }
          slot = (slot + 1) & (slots.count - 1)
        }
        return slot
      }
    }
  }
}
