extension StatesFile {
  /// Whether each row of a split looks like a training row under a veil: a test on such a row is none.
  ///
  /// Rows are compared by hashes of 64 bits, as in `SplitOverlap`. `generate` draws test sets without such rows for the paper's veil alone.
  ///
  /// - Throws: as `rows`.
  public func looksTrained(_ split: Split, under veil: Veil) throws -> [Bool] {
    var seen = HashedRows(comparing: 0..<StateIndex.count, expecting: count(split), part: 0, of: 1)
    func forEachVeiled(_ split: Split, _ body: (inout HashedRows, [UInt8]) -> Void) throws {
      try forEachBlock(of: split) { rows in
        var states = rows.states
        veil.apply(to: &states, scenarios: rows.scenarios)
        body(&seen, states)
      }
    }
    try forEachVeiled(split) { $0.insert($1) }
    try forEachVeiled(.train) { _ = $0.mark($1) }
    var result: [Bool] = []
    try forEachVeiled(split) { result += $0.marks(of: $1) }
    return result
  }

  /// Whether each of some rows looks like a row of this file under a veil, in whatever split; compared as in `looksTrained`.
  ///
  /// - Throws: as `rows`.
  public func contains(_ rows: StateRows, under veil: Veil) throws -> [Bool] {
    var seen = HashedRows(comparing: 0..<StateIndex.count, expecting: rows.count, part: 0, of: 1)
    var states = rows.states
    veil.apply(to: &states, scenarios: rows.scenarios)
    seen.insert(states)
    for split in Split.allCases {
      try forEachBlock(of: split) { block in
        var states = block.states
        veil.apply(to: &states, scenarios: block.scenarios)
        _ = seen.mark(states)
      }
    }
    return seen.marks(of: states)
  }

  /// Bytes that `looksTrained` takes beside a block of rows.
  public func looksTrainedMemory(_ split: Split) -> Int { count(split) * (HashedRows.bytesPerRow + 1) }
}

extension StateRows {
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
