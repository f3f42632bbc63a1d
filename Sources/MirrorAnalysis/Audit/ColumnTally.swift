/// How often each value of each input column occurs in each phase.
///
/// Whole numbers 0…255 are counted exactly. A column with any other value is counted in 64 bins of equal width between its smallest and
/// largest value, by a second tally that is given those ranges.
struct ColumnTally: Sendable {
  static let binCount = 64
  private static let phaseCount = 4

  let columns: Int
  /// Whether a column holds anything but whole numbers 0…255.
  private(set) var needsBins: [Bool]
  private let ranges: [ClosedRange<Float>]?
  /// `[columns × 256 × phases]`
  private var counts: [Int32]

  /// - Parameter ranges: of each column, to count in bins; nil counts whole numbers.
  init(columns: Int, ranges: [ClosedRange<Float>]? = nil) {
    self.columns = columns
    self.ranges = ranges
    needsBins = Array(repeating: false, count: columns)
    counts = Array(repeating: 0, count: columns * 256 * Self.phaseCount)
  }

  /// - Parameters:
  ///   - block: `[rows × columns]`, finite.
  ///   - codes: phase of each row; rows of another code are left out.
  mutating func add(_ block: [Float], codes: ArraySlice<UInt8>) {
    block.withUnsafeBufferPointer { block in
      for (row, code) in codes.enumerated() where code < Self.phaseCount {
        for column in 0..<columns {
          let value = block[row * columns + column]
          let bin: Int
          if let ranges {
            let range = ranges[column]
            // In Double, which the width of any range of Floats fits.
            let low = Double(range.lowerBound)
            let width = Double(range.upperBound) - low
            bin = width > 0 ? min(Self.binCount - 1, Int((Double(value) - low) / width * Double(Self.binCount))) : 0
          } else if value >= 0, value <= 255, value == value.rounded() {
            bin = Int(value)
          } else {
            needsBins[column] = true
            continue
          }
          counts[(column * 256 + bin) * Self.phaseCount + Int(code)] += 1
        }
      }
    }
  }

  mutating func merge(_ other: ColumnTally) {
    for index in counts.indices { counts[index] += other.counts[index] }
    for column in 0..<columns where other.needsBins[column] { needsBins[column] = true }
  }

  /// Takes the counts of the columns that this tally could not count from one that did.
  mutating func fill(from binned: ColumnTally) {
    for column in 0..<columns where needsBins[column] {
      let range = column * 256 * Self.phaseCount..<(column + 1) * 256 * Self.phaseCount
      counts.replaceSubrange(range, with: binned.counts[range])
    }
  }

  /// Balanced accuracy of the best guess of the phase from a column's value alone: Σ over values of the largest of
  /// count(value, phase) / rows of the phase, over the number of phases. 1 / phases is chance.
  ///
  /// - Returns: nil where one of the phases has no rows.
  func balancedAccuracy(column: Int, phases: [Int]) -> Double? {
    var totals = phases.map { _ in 0.0 }
    for value in 0..<256 {
      for (position, phase) in phases.enumerated() { totals[position] += Double(count(column, value, phase)) }
    }
    guard totals.allSatisfy({ $0 > 0 }) else { return nil }
    var sum = 0.0
    for value in 0..<256 {
      var largest = 0.0
      for (position, phase) in phases.enumerated() { largest = max(largest, Double(count(column, value, phase)) / totals[position]) }
      sum += largest
    }
    return sum / Double(phases.count)
  }

  private func count(_ column: Int, _ value: Int, _ phase: Int) -> Int32 {
    counts[(column * 256 + value) * Self.phaseCount + phase]
  }
}
