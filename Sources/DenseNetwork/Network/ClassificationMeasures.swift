/// How well chosen actions agree with labels.
public struct ClassificationMeasures: Sendable, Equatable {
  /// `[label][chosen]`: rows with that label in which that action is chosen.
  public let confusion: [[Int]]

  public init(confusion: [[Int]]) {
    self.confusion = confusion
  }

  /// - Parameters:
  ///   - chosen: the chosen action of each row, below `actionCount`.
  ///   - labels: the right action of each row. Rows beyond the shorter of the two, and values out of range, are left out.
  public init(chosen: [UInt8], labels: [UInt8], actionCount: Int = 4) {
    var confusion = Array(repeating: Array(repeating: 0, count: actionCount), count: actionCount)
    for (choice, label) in zip(chosen, labels) where Int(choice) < actionCount && Int(label) < actionCount {
      confusion[Int(label)][Int(choice)] += 1
    }
    self.confusion = confusion
  }

  public var rowCount: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }

  /// Share of rows in which the label is chosen; nil without rows.
  public var accuracy: Double? {
    let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
    return rowCount > 0 ? Double(right) / Double(rowCount) : nil
  }

  /// Share of the rows labelled `label` in which it is chosen, as for help (3); nil if no row has that label.
  public func accuracy(ofLabel label: Int) -> Double? {
    guard confusion.indices.contains(label) else { return nil }
    let rows = confusion[label].reduce(0, +)
    return rows > 0 ? Double(confusion[label][label]) / Double(rows) : nil
  }

  /// Share of all rows in which `action` is chosen; nil without rows.
  public func chosenShare(ofAction action: Int) -> Double? {
    guard confusion.indices.contains(action), rowCount > 0 else { return nil }
    return Double(confusion.reduce(0) { $0 + $1[action] }) / Double(rowCount)
  }
}
