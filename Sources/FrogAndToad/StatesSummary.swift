/// What is in a states file, and how much its two sets share. Works on any states file, imported ones too.
public struct StatesSummary: Sendable {
  public let train: StateTally
  public let test: StateTally
  public let overlap: SplitOverlap

  /// Reads the whole file once. Memory holds the test set and one block of the training set.
  ///
  /// - Parameter progress: rows read and rows in the file, after each block.
  public init(_ file: StatesFile, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws {
    let total = file.count(.train) + file.count(.test)
    var train = StateTally()
    var test = StateTally()
    var testStates: [UInt8] = []
    try file.forEachBlock(of: .test) { rows in
      test.add(rows)
      testStates += rows.states
      progress(test.count, total)
    }
    var overlap = SplitOverlap(test: testStates)
    try file.forEachBlock(of: .train) { rows in
      train.add(rows)
      overlap.add(train: rows.states)
      progress(test.count + train.count, total)
    }
    (self.train, self.test, self.overlap) = (train, test, overlap)
  }
}
