/// What is in a states file, and how much its two sets share. Works on any states file, imported ones too.
public struct StatesSummary: Sendable {
  public let train: StateTally
  public let test: StateTally
  public let overlap: SplitOverlap

  /// Reads the whole file, with little memory as often as need be.
  ///
  /// Memory holds a block of rows and, where there are two sets, 54 bytes for each row of the smaller one.
  ///
  /// - Parameters:
  ///   - memory: bytes to take for that; nil for as many as one reading takes.
  ///   - progress: rows read and rows to read, after each block.
  public init(_ file: StatesFile, memory: Int? = nil, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws {
    let parts = Self.parts(file, memory: memory)
    let total = (file.count(.train) + file.count(.test)) * parts
    var done = 0
    var tallies: [Split: StateTally] = [:]
    var overlap = SplitOverlap()
    let held = file.count(.train) < file.count(.test) ? Split.train : .test
    for part in 0..<parts {
      var search = Self.hasTwoSets(file) ? OverlapSearch(holding: held, rowCount: file.count(held), part: part, of: parts) : nil
      for split in held == .train ? [Split.train, .test] : [.test, .train] {
        try file.forEachBlock(of: split) { rows in
          if part == 0 { tallies[split, default: StateTally()].add(rows) }
          if split == held { search?.hold(rows.states) } else { search?.compare(rows.states) }
          done += rows.count
          progress(done, total)
        }
      }
      guard let found = search?.overlap else { continue }
      overlap.sharedStates += found.sharedStates
      overlap.sharedVeiledStates += found.sharedVeiledStates
      overlap.sharedBoards += found.sharedBoards
    }
    overlap.testCount = file.count(.test)
    self.overlap = overlap
    train = tallies[.train] ?? StateTally()
    test = tallies[.test] ?? StateTally()
  }

  /// How often the file is read within so many bytes.
  static func parts(_ file: StatesFile, memory: Int?) -> Int {
    guard let memory, hasTwoSets(file) else { return 1 }
    let need = min(file.count(.train), file.count(.test)) * OverlapSearch.bytesPerHeldRow
    return max(1, (need - 1) / max(memory, 1 << 20) + 1)
  }

  private static func hasTwoSets(_ file: StatesFile) -> Bool { file.count(.train) > 0 && file.count(.test) > 0 }
}
