/// What is in a states file, and how much of its other sets is also in the training set. Works on any states file, imported ones too.
public struct StatesSummary: Sendable {
  private let tallies: [Split: StateTally]
  /// Of the sets beside the training set, in the order of the file; none without a training set.
  public let overlaps: [(split: Split, overlap: SplitOverlap)]
  /// Of the training set, without one of all others.
  public let complexity: SignalComplexity

  /// Reads the whole file, with little memory as often as need be.
  ///
  /// Memory holds a block of rows and 54 bytes for each row of the smaller of two sets that are compared.
  ///
  /// - Parameters:
  ///   - memory: bytes to take for that; nil for as many as one reading takes.
  ///   - progress: rows read and rows to read, after each block.
  public init(_ file: StatesFile, memory: Int? = nil, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws {
    var done = 0
    var tallies: [Split: StateTally] = [:]
    var complexity = SignalComplexity()
    let compared = file.count(.train) > 0 ? [Split.test, .validation].filter { file.count($0) > 0 } : []
    let alone = Split.allCases.filter { !compared.contains($0) && (compared.isEmpty || $0 != .train) }
    let passes = compared.map { (split: $0, parts: Self.parts(file, $0, memory: memory)) }
    let total =
      passes.map { (file.count(.train) + file.count($0.split)) * $0.parts }.reduce(0, +) + alone.map { file.count($0) }.reduce(0, +)
    func forEachBlock(of split: Split, counts: Bool, _ body: ([UInt8]) -> Void = { _ in }) throws {
      try file.forEachBlock(of: split) { rows in
        if counts { tallies[split, default: StateTally()].add(rows) }
        if counts, split == .train || file.count(.train) == 0 { complexity.add(states: rows.states) }
        body(rows.states)
        done += rows.count
        progress(done, total)
      }
    }
    for split in alone { try forEachBlock(of: split, counts: true) }
    var overlaps: [(split: Split, overlap: SplitOverlap)] = []
    for (split, parts) in passes {
      var overlap = SplitOverlap()
      let held = file.count(.train) < file.count(split) ? Split.train : split
      let other = held == .train ? split : Split.train
      for part in 0..<parts {
        var search = OverlapSearch(holdingTraining: held == .train, rowCount: file.count(held), part: part, of: parts)
        func counts(_ split: Split) -> Bool { part == 0 && (split != .train || overlaps.isEmpty) }
        try forEachBlock(of: held, counts: counts(held)) { search.hold($0) }
        try forEachBlock(of: other, counts: counts(other)) { search.compare($0) }
        overlap.sharedStates += search.overlap.sharedStates
        overlap.sharedVeiledStates += search.overlap.sharedVeiledStates
        overlap.sharedBoards += search.overlap.sharedBoards
      }
      overlap.count = file.count(split)
      overlaps.append((split, overlap))
    }
    self.overlaps = overlaps
    self.tallies = tallies
    self.complexity = complexity
  }

  public func tally(_ split: Split) -> StateTally { tallies[split] ?? StateTally() }

  /// How often a set and the training set are read within so many bytes.
  static func parts(_ file: StatesFile, _ split: Split, memory: Int?) -> Int {
    guard let memory else { return 1 }
    let need = min(file.count(.train), file.count(split)) * OverlapSearch.bytesPerHeldRow
    return max(1, (need - 1) / max(memory, 1 << 20) + 1)
  }
}
