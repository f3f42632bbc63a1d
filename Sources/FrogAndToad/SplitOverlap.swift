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

/// Rows found by content: the bytes that a mask leaves. A row is 13 words of 8 bytes, the last one half filled.
///
/// Every row of a training set of millions passes through `mark`, so it works on words and allocates nothing.
private struct RowIndex: Sendable {
  private static let words = 13

  /// `[words]`, 1 where bits count.
  private let mask: [UInt64]
  /// `[rows × words]`, masked.
  private var content: [UInt64]
  let rowCount: Int
  /// Open addressing: 1 + the number of the first row with some content, 0 where free.
  private var slots: [UInt32]
  /// For each first row, how many rows have its content.
  private var multiplicity: [UInt32]
  private var isMarked: [Bool]

  /// - Parameter columns: the bytes of a row that count.
  init(_ rows: [UInt8], comparing columns: [Int]) {
    var maskBytes = [UInt8](repeating: 0, count: StateIndex.count)
    for column in columns { maskBytes[column] = 0xff }
    mask = maskBytes.withUnsafeBytes { bytes in (0..<Self.words).map { Self.word($0, of: bytes, at: 0) } }
    rowCount = rows.count / StateIndex.count
    content = []
    content.reserveCapacity(rowCount * Self.words)
    var capacity = 16
    while capacity < 2 * rowCount { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    multiplicity = [UInt32](repeating: 0, count: rowCount)
    isMarked = [Bool](repeating: false, count: rowCount)
    rows.withUnsafeBytes { bytes in
      for row in 0..<rowCount {
        for word in 0..<Self.words { content.append(Self.word(word, of: bytes, at: row * StateIndex.count) & mask[word]) }
        let slot = find(bytes, at: row * StateIndex.count)
        if slots[slot] == 0 { slots[slot] = UInt32(row + 1) }
        multiplicity[Int(slots[slot]) - 1] += 1
      }
    }
  }

  var markedRows: Int {
    zip(isMarked, multiplicity).reduce(0) { $0 + ($1.0 ? Int($1.1) : 0) }
  }

  mutating func mark(_ rows: [UInt8]) {
    rows.withUnsafeBytes { bytes in
      for row in 0..<rows.count / StateIndex.count {
        let slot = find(bytes, at: row * StateIndex.count)
        if slots[slot] != 0 { isMarked[Int(slots[slot]) - 1] = true }
      }
    }
  }

  /// The slot of the row that begins at `start`, or the free one where it would be.
  @inline(__always)
  private func find(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
    var hash: UInt64 = 0
    for word in 0..<Self.words {
      hash = (hash ^ Self.word(word, of: bytes, at: start) & mask[word]) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash &>> 32
    }
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let known = (Int(slots[slot]) - 1) * Self.words
      if (0..<Self.words).allSatisfy({ content[known + $0] == Self.word($0, of: bytes, at: start) & mask[$0] }) { break }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  @inline(__always)
  private static func word(_ word: Int, of bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
    word < words - 1
      ? bytes.loadUnaligned(fromByteOffset: start + 8 * word, as: UInt64.self)
      : UInt64(bytes.loadUnaligned(fromByteOffset: start + 8 * word, as: UInt32.self))
  }
}
