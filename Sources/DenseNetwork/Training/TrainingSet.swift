import Statistics

/// Labelled states, already veiled if they are to be.
public struct TrainingSet: Sendable {
  /// `[rows × inputCount]`, row-major.
  public let states: [UInt8]
  /// `[rows]`: the right action of each row.
  public let labels: [UInt8]
  public let inputCount: Int

  public var rowCount: Int { labels.count }

  /// - Throws: `NetworkError.raggedRows` or `.rowsAndLabels` if the sizes do not agree.
  public init(states: [UInt8], labels: [UInt8], inputCount: Int = 100) throws(NetworkError) {
    guard inputCount > 0, states.count % inputCount == 0 else {
      throw .raggedRows(values: states.count, valuesPerRow: inputCount)
    }
    guard states.count / inputCount == labels.count else {
      throw .rowsAndLabels(rows: states.count / inputCount, labels: labels.count)
    }
    self.states = states
    self.labels = labels
    self.inputCount = inputCount
  }

  /// The same states, their labels dealt anew: as many of each as before.
  func shufflingLabels(seed: UInt64) -> TrainingSet {
    var stream = RandomStream(seed: seed, purpose: "shuffled labels")
    return TrainingSet(checked: states, labels: labels.shuffled(using: &stream), inputCount: inputCount)
  }

  private init(checked states: [UInt8], labels: [UInt8], inputCount: Int) {
    (self.states, self.labels, self.inputCount) = (states, labels, inputCount)
  }

  /// Rows of each label below `outputCount`.
  public func labelCounts(outputCount: Int) -> [Int] {
    var counts = Array(repeating: 0, count: max(outputCount, 256))
    for label in labels { counts[Int(label)] += 1 }
    return Array(counts.prefix(outputCount))
  }

  /// - Throws: `NetworkError` if the set is empty or does not fit `network`; `name` says which set it is.
  func check(against network: Network, name: String) throws(NetworkError) {
    guard rowCount > 0 else { throw .noRows(set: name) }
    guard rowCount <= Int(UInt32.max) else { throw .tooManyRows(set: name, count: rowCount) }
    guard inputCount == network.inputCount else {
      throw .inputsDiffer(set: name, found: inputCount, expected: network.inputCount)
    }
    if let row = labels.firstIndex(where: { Int($0) >= network.outputCount }) {
      throw .labelOutOfRange(set: name, row: row, label: Int(labels[row]), outputs: network.outputCount)
    }
  }
}
