extension StatesFile {
  /// Whether each row of a split looks like a training row under a veil: a test on such a row is none.
  ///
  /// Rows are compared by hashes of 64 bits, as in `SplitOverlap`. `generate` draws test sets without such rows for the paper's veil alone.
  ///
  /// - Throws: as `rows`.
  public func looksTrained(_ split: Split, under veil: Veil) throws -> [Bool] {
    var seen = HashedRows(comparing: 0..<StateIndex.count, expecting: count(split), part: 0, of: 1)
    try forEachBlock(of: split) { seen.insert($0.states(under: veil)) }
    try forEachBlock(of: .train) { _ = seen.mark($0.states(under: veil)) }
    var result: [Bool] = []
    try forEachBlock(of: split) { result += seen.marks(of: $0.states(under: veil)) }
    return result
  }

  /// Whether each of some rows looks like a row of this file under a veil, in whatever split; compared as in `looksTrained`.
  ///
  /// - Throws: as `rows`.
  public func contains(_ rows: StateRows, under veil: Veil) throws -> [Bool] {
    var seen = HashedRows(comparing: 0..<StateIndex.count, expecting: rows.count, part: 0, of: 1)
    let states = rows.states(under: veil)
    seen.insert(states)
    for split in Split.allCases { try forEachBlock(of: split) { _ = seen.mark($0.states(under: veil)) } }
    return seen.marks(of: states)
  }

  /// Bytes that `looksTrained` takes beside a block of rows.
  public func looksTrainedMemory(_ split: Split) -> Int { count(split) * (HashedRows.bytesPerRow + 1) }
}

extension StateRows {
  /// The states as a network sees them, `[rows × 100]`.
  fileprivate func states(under veil: Veil) -> [UInt8] {
    var states = states
    veil.apply(to: &states, scenarios: scenarios)
    return states
  }

  /// The rows that are kept, in order.
  ///
  /// - Parameter isKept: of each row.
  public func filtered(_ isKept: some Collection<Bool>) -> StateRows {
    var result = StateRows(episodes: episodes == nil ? nil : [])
    for (row, isKept) in zip(0..<count, isKept) where isKept {
      result.states += state(row)
      result.labels.append(labels[row])
      result.scenarios.append(scenarios[row])
      result.partnerActing.append(partnerActing[row])
      if let episodes { result.episodes?.append(episodes[row]) }
    }
    return result
  }
}
