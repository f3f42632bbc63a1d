internal import CKernels

/// Labels of rows under several labelings, one a lane: those of a row side by side, so that loops over lanes run on several at a time.
struct LabelLanes: Sendable {
  /// How many labelings.
  let count: Int
  private let stride: Int
  private let first: Int
  /// [rows × stride]
  private var labels: [UInt8]

  /// Each labeling the same.
  init(_ labels: [UInt8], count: Int) {
    (self.count, stride, first) = (count, count, 0)
    self.labels = labels.flatMap { repeatElement($0, count: count) }
  }

  private init(_ lanes: LabelLanes, _ range: Range<Int>) {
    (count, stride, first, labels) = (range.count, lanes.stride, lanes.first + range.lowerBound, lanes.labels)
  }

  /// Some of the labelings, without a copy.
  func block(_ lanes: Range<Int>) -> LabelLanes { LabelLanes(self, lanes) }

  func label(row: Int, lane: Int) -> UInt8 { labels[row * stride + first + lane] }

  /// Gives rows of one labeling the values with these numbers.
  mutating func deal(_ lane: Int, rows: [Int], _ numbers: [UInt8], values: [UInt8]) {
    for (row, number) in zip(rows, numbers) { labels[row * stride + first + lane] = values[Int(number)] }
  }

  /// How many of some rows have each label, [groups × lanes].
  func sizes(of groups: [UInt8], rows: [UInt32]) -> [UInt32] {
    var sizes = [UInt32](repeating: 0, count: groups.count * count)
    withLabels { mirrorscope_lane_sizes($0, stride, rows, rows.count, count, groups, groups.count, &sizes) }
    return sizes
  }

  /// 1 / the size of its class for each row that belongs to it, [rows × groups × lanes]: what makes the means of classes a product.
  func weigh(_ sizes: [UInt32], of groups: [UInt8], rows: [UInt32], into weights: inout [Double]) {
    let shares = sizes.map { $0 > 0 ? 1 / Double($0) : 0 }
    resize(&weights, to: rows.count * groups.count * count)
    withLabels { mirrorscope_lane_weights($0, stride, rows, rows.count, count, groups, groups.count, shares, &weights) }
  }

  /// How many rows of each class are predicted right.
  ///
  /// - Parameters:
  ///   - scores: [rows × (classes − 1) × lanes] of the classes from 1 on.
  ///   - thresholds: [(classes − 1) × lanes]; a row is given the class that is farthest above its own, class 0 where none is.
  ///   - tests: the label of each class, for each test; at least two classes.
  /// - Returns: [tests × classes × lanes]
  func matches(_ scores: [Double], _ thresholds: [Double], of tests: [[UInt8]], rows: [UInt32]) -> [UInt32] {
    guard let classes = tests.first?.count else { return [] }
    var right = [UInt32](repeating: 0, count: tests.count * classes * count)
    var best = [Double](repeating: 0, count: count)
    var predicted = [UInt8](repeating: 0, count: count)
    let groups = tests.flatMap { $0 }
    withLabels {
      mirrorscope_lane_matches(
        $0, stride, rows, rows.count, count, scores, thresholds, groups, tests.count, classes, &best, &predicted, &right)
    }
    return right
  }

  private func withLabels(_ body: (UnsafePointer<UInt8>) -> Void) {
    labels.withUnsafeBufferPointer { labels in
      if let base = labels.baseAddress, first + count <= labels.count { body(base + first) }
    }
  }
}
