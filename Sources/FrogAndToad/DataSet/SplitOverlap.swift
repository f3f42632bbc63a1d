/// How much of a test or validation set is also in a training set.
public struct SplitOverlap: Sendable, Equatable {
  /// Rows of the set.
  public internal(set) var count = 0
  /// Rows whose 100 bytes are those of a training row.
  public internal(set) var sharedStates = 0
  /// Rows that look the same as a training row to a veiled network.
  public internal(set) var sharedVeiledStates = 0
  /// Rows whose board, ground and players, is that of a training row: the state without energy and flies.
  public internal(set) var sharedBoards = 0
}

/// Counts the overlap of two sets of any size: one is held, as 64-bit hashes, the other streams by.
///
/// Two different rows count as the same with a probability of at most rows × rows / 2⁶⁴: 5 in a million for two sets of ten million. Where
/// memory is short the search is done in parts, each of which holds the rows of one range of hashes: the results add up to the whole.
struct OverlapSearch: Sendable {
  /// Bytes for each row that is held.
  static let bytesPerHeldRow = 3 * HashedRows.bytesPerRow

  /// Whether the training set is the one that is held.
  let holdsTraining: Bool
  private var whole: HashedRows
  private var veiled: HashedRows
  private var boards: HashedRows
  private var found = SplitOverlap()

  /// - Parameters:
  ///   - holdingTraining: whether the training set is to be given to `hold`; the smaller of the two needs less memory.
  ///   - rowCount: how many rows it has.
  ///   - part: which of `parts` ranges of hashes to look at.
  init(holdingTraining: Bool, rowCount: Int, part: Int = 0, of parts: Int = 1) {
    holdsTraining = holdingTraining
    let hidden = [StateIndex.ownSymbol, StateIndex.score, StateIndex.ownCell]
    func rows(_ columns: some Sequence<Int>) -> HashedRows {
      HashedRows(comparing: columns, expecting: rowCount / max(parts, 1), part: part, of: parts)
    }
    whole = rows(0..<StateIndex.count)
    veiled = rows((0..<StateIndex.count).filter { !hidden.contains($0) })
    boards = rows(StateIndex.ground.lowerBound..<StateIndex.players.upperBound)
  }

  /// Takes in rows of the held set, block by block, `[rows × 100]`, unveiled.
  mutating func hold(_ states: [UInt8]) {
    if !holdsTraining { found.count += states.count / StateIndex.count }
    whole.insert(states)
    veiled.insert(states)
    boards.insert(states)
  }

  /// Looks for rows of the other set, once all of the held one are there.
  mutating func compare(_ states: [UInt8]) {
    let counts = (whole.mark(states), veiled.mark(states), boards.mark(states))
    guard holdsTraining else { return }
    found.count += states.count / StateIndex.count
    found.sharedStates += counts.0
    found.sharedVeiledStates += counts.1
    found.sharedBoards += counts.2
  }

  var overlap: SplitOverlap {
    guard !holdsTraining else { return found }
    var overlap = found
    overlap.sharedStates = whole.markedRows
    overlap.sharedVeiledStates = veiled.markedRows
    overlap.sharedBoards = boards.markedRows
    return overlap
  }
}
