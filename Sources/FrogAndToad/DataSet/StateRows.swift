/// Rows of a data set, column by column.
public struct StateRows: Sendable, Equatable {
  /// `[rows × 100]`, row after row, unveiled.
  public var states: [UInt8]
  /// `[rows]`, raw values of `Action`.
  public var labels: [UInt8]
  /// `[rows]`, raw values of `Scenario`.
  public var scenarios: [UInt8]
  /// `[rows]`, 1 where the row passes the author's phase filter, see `partnerIsActing`.
  public var partnerActing: [UInt8]
  /// `[rows]`, the number of the episode that a state was played in; nil where nobody knows it.
  public var episodes: [Int32]?

  public init(states: [UInt8] = [], labels: [UInt8] = [], scenarios: [UInt8] = [], partnerActing: [UInt8] = [], episodes: [Int32]? = nil) {
    self.states = states
    self.labels = labels
    self.scenarios = scenarios
    self.partnerActing = partnerActing
    self.episodes = episodes
  }

  public var count: Int { labels.count }

  /// Adds rows at the end. Episodes are kept only if both sides have them.
  public mutating func append(_ other: StateRows) {
    if count == 0 {
      episodes = other.episodes
    } else if let ours = episodes, let theirs = other.episodes {
      episodes = ours + theirs
    } else {
      episodes = nil
    }
    states += other.states
    labels += other.labels
    scenarios += other.scenarios
    partnerActing += other.partnerActing
  }

  /// The 100 bytes of one row.
  public func state(_ row: Int) -> ArraySlice<UInt8> {
    states[row * StateIndex.count..<(row + 1) * StateIndex.count]
  }
}

/// Rows of a data set that was generated here, 12 bytes a row, in file order.
public struct PackedRows: Sendable {
  public internal(set) var states: [PackedState]
  /// The number of the episode that each state was played in.
  public internal(set) var episodes: [Int32]
  /// What the labels go by; see `Couplings`.
  var helpFrom: Int? = Couplings.helpFrom

  public var count: Int { states.count }

  /// The rows of `range`, unpacked; all of them without one.
  public func rows(_ range: Range<Int>? = nil) -> StateRows {
    let range = range ?? 0..<count
    var rows = StateRows(episodes: Array(episodes[range]))
    rows.states = [UInt8](unsafeUninitializedCapacity: range.count * StateIndex.count) { buffer, filled in
      for (row, index) in range.enumerated() {
        let start = row * StateIndex.count
        states[index].write(to: UnsafeMutableBufferPointer(rebasing: buffer[start..<start + StateIndex.count]))
      }
      filled = range.count * StateIndex.count
    }
    rows.labels = states[range].map { $0.label(helpFrom: helpFrom).rawValue }
    rows.scenarios = states[range].map { $0.scenario.rawValue }
    rows.partnerActing = states[range].map { $0.partnerIsActing ? 1 : 0 }
    return rows
  }
}
