/// The histograms of many units in each of some groups of rows, over bins of each unit's own: a mergeable accumulator.
public struct GroupedHistograms: Sendable {
  private let bins: Int
  private let groups: Int
  private let units: Int
  /// `[units × (bins + 1)]`
  private let edges: [Double]
  /// `[units × groups × bins]`
  public private(set) var counts: [Int]

  /// - Parameters:
  ///   - ranges: the outer edges per unit. When they are equal the range is widened by ½ on either side, as numpy does.
  ///   - bins: at least 1; fewer are taken for 1.
  public init(ranges: [ClosedRange<Double>], groups: Int, bins: Int) {
    let bins = max(1, bins)
    self.bins = bins
    self.groups = groups
    units = ranges.count
    edges = ranges.flatMap { Histogram.edges(range: $0, bins: bins) }
    counts = [Int](repeating: 0, count: ranges.count * groups * bins)
  }

  /// What was counted of other rows, on another machine.
  ///
  /// - Parameter counts: `[units × groups × bins]`
  /// - Throws: `StatisticsError.shape` for other counts.
  public init(ranges: [ClosedRange<Double>], groups: Int, bins: Int, counts: [Int]) throws(StatisticsError) {
    try require(counts.count, ranges.count * groups * max(1, bins), "counts of the bins")
    self.init(ranges: ranges, groups: groups, bins: bins)
    self.counts = counts
  }

  /// Adds rows: `[rows × units]`, each to its group. A row of a group that there is not, and a value outside its unit's range, is left out.
  ///
  /// Benchmark: divergence.
  ///
  /// - Throws: `StatisticsError.shape` where there is not a group per row; nothing is added then.
  public mutating func add(_ rows: UnsafeBufferPointer<Float>, groupOfRow: ArraySlice<UInt8>) throws(StatisticsError) {
    try count(rows, groupOfRow)
  }

  /// The same for values in double precision.
  public mutating func add(_ rows: UnsafeBufferPointer<Double>, groupOfRow: ArraySlice<UInt8>) throws(StatisticsError) {
    try count(rows, groupOfRow)
  }

  // Generic only in here: from another module it would not be compiled for either type, and take ten times as long.
  private mutating func count<Value: BinaryFloatingPoint>(
    _ rows: UnsafeBufferPointer<Value>, _ groupOfRow: ArraySlice<UInt8>
  ) throws(StatisticsError) {
    try require(rows.count, groupOfRow.count * units, "values of the rows that have a group")
    let (units, bins, groups) = (units, bins, groups)
    counts.withUnsafeMutableBufferPointer { counts in
      edges.withUnsafeBufferPointer { edges in
        for (row, group) in groupOfRow.enumerated() where Int(group) < groups {
          for unit in 0..<units {
            let first = unit * (bins + 1)
            let found = binNumber(of: Double(rows[row * units + unit]), edges: edges.baseAddress.map { $0 + first }, bins: bins)
            guard let bin = found else { continue }
            counts[(unit * groups + Int(group)) * bins + bin] += 1
          }
        }
      }
    }
  }

  /// Adds the counts of other rows in the same bins.
  ///
  /// - Throws: `StatisticsError` for other units, groups or bins, or other edges; this one is then as it was.
  public mutating func merge(_ other: GroupedHistograms) throws(StatisticsError) {
    try require(other.units, units, "units of the histograms to be merged")
    try require(other.groups, groups, "groups of the histograms to be merged")
    try require(other.bins, bins, "bins of the histograms to be merged")
    if let index = edges.indices.first(where: { edges[$0] != other.edges[$0] && !(edges[$0].isNaN && other.edges[$0].isNaN) }) {
      throw .otherBins(unit: index / (bins + 1))
    }
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// The counts of one unit in one group.
  public func histogram(unit: Int, group: Int) -> Histogram {
    let first = (unit * groups + group) * bins
    return Histogram(edges: Array(edges[unit * (bins + 1)...unit * (bins + 1) + bins]), counts: Array(counts[first..<first + bins]))
  }
}

/// The bin of a value; nil outside of all, and where bins have no width.
///
/// - Parameter edges: bins + 1.
@inline(__always)
private func binNumber(of value: Double, edges: UnsafePointer<Double>?, bins: Int) -> Int? {
  guard let edges else { return nil }
  let (low, high) = (edges[0], edges[bins])
  // A very large constant is not widened by ½: its bins have no width, and their number is of no use.
  guard value >= low, value <= high, low < high else { return nil }
  let bin = min(bins - 1, Int((value - low) / (high - low) * Double(bins)))
  // The division may have rounded across an edge.
  if value < edges[bin] { return bin - 1 }
  return bin < bins - 1 && value >= edges[bin + 1] ? bin + 1 : bin
}

extension GroupedHistograms {
  /// The most bins of which rows keep the number.
  public static let mostNumberedBins = 1 << 16

  /// The bin of each value of some units, `[units × rows]`: what `DivergencePermutationTest` deals anew. Of a value outside of all bins 0.
  ///
  /// - Parameters:
  ///   - rows: `[rows × all units]`.
  ///   - chosen: the units.
  /// - Throws: `StatisticsError.shape` where rows are not whole, for units that there are not and for more than 65,536 bins.
  public func binNumbers(_ rows: UnsafeBufferPointer<Float>, of chosen: Range<Int>) throws(StatisticsError) -> [UInt16] {
    try numbers(rows, of: chosen)
  }

  /// The same for values in double precision.
  public func binNumbers(_ rows: UnsafeBufferPointer<Double>, of chosen: Range<Int>) throws(StatisticsError) -> [UInt16] {
    try numbers(rows, of: chosen)
  }

  private func numbers<Value: BinaryFloatingPoint>(
    _ rows: UnsafeBufferPointer<Value>, of chosen: Range<Int>
  ) throws(StatisticsError) -> [UInt16] {
    let count = units > 0 ? rows.count / units : 0
    try require(rows.count, count * units, "values of whole rows")
    try require(min(bins, Self.mostNumberedBins), bins, "bins of numbered values")
    try require(chosen.clamped(to: 0..<units).count, chosen.count, "units of the histograms")
    let (units, bins) = (units, bins)
    return edges.withUnsafeBufferPointer { edges in
      [UInt16](unsafeUninitializedCapacity: chosen.count * count) { numbers, initialized in
        for row in 0..<count {
          for (place, unit) in chosen.enumerated() {
            let value = Double(rows[row * units + unit])
            let number = binNumber(of: value, edges: edges.baseAddress.map { $0 + unit * (bins + 1) }, bins: bins)
            numbers[place * count + row] = UInt16(truncatingIfNeeded: number ?? 0)
          }
        }
        initialized = chosen.count * count
      }
    }
  }
}
