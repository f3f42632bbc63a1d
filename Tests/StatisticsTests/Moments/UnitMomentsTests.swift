import Statistics
import Testing

private struct OracleColumn: Decodable {
  let name: String
  let values: [Float]
  let mean, variance, skewness, kurtosis, minimum, maximum: Double
}

@Suite("Moments of units")
struct UnitMomentsTests {
  private static func oracle() throws -> [OracleColumn] { try fixture("moments", as: [OracleColumn].self) }

  /// `[rows × units]` from columns.
  private static func rowMajor(_ columns: [[Float]]) -> [Float] {
    columns[0].indices.flatMap { row in columns.map { $0[row] } }
  }

  private static func moments(_ rows: [Float], units: Int, blockRows: Int) throws -> UnitMoments {
    var result = UnitMoments(unitCount: units)
    for start in stride(from: 0, to: rows.count / units, by: blockRows) {
      let end = min(start + blockRows, rows.count / units)
      try rows[start * units..<end * units].withUnsafeBufferPointer { block throws(NonFiniteValue) in
        try result.add(block, indices: (0..<end - start).map { Int32($0) })
      }
    }
    return result
  }

  private static func relativeError(_ value: Double?, _ expected: Double) -> Double {
    guard let value else { return .infinity }
    return abs(value - expected) / max(abs(expected), 1e-300)
  }

  @Test("They agree with numpy.var, scipy.stats.skew and scipy.stats.kurtosis (bias=True) in any blocking", arguments: [1, 7, 64, 257])
  func agreesWithScipy(blockRows: Int) throws {
    let oracle = try Self.oracle()
    // 22 units, so that a full tile and a tail are both taken.
    let columns = (0..<22).map { oracle[$0 % oracle.count] }
    let moments = try Self.moments(Self.rowMajor(columns.map(\.values)), units: columns.count, blockRows: blockRows)
    #expect(moments.count == 257)
    for (unit, expected) in columns.enumerated() {
      #expect(Self.relativeError(moments.mean[unit], expected.mean) <= 1e-12, "\(expected.name)")
      #expect(Self.relativeError(moments.variance(unit), expected.variance) <= 1e-11, "\(expected.name)")
      #expect(Self.relativeError(moments.skewness(unit), expected.skewness) <= 1e-9, "\(expected.name)")
      #expect(Self.relativeError(moments.kurtosis(unit), expected.kurtosis) <= 1e-9, "\(expected.name)")
      #expect(moments.minimum(unit) == expected.minimum)
      #expect(moments.maximum(unit) == expected.maximum)
    }
  }

  @Test("Merging two parts gives the whole, whatever their sizes", arguments: [0, 1, 100, 256, 257])
  func mergeEqualsWhole(firstRows: Int) throws {
    let columns = try Self.oracle().map(\.values)
    let units = columns.count
    let rows = Self.rowMajor(columns)
    let whole = try Self.moments(rows, units: units, blockRows: 300)
    var merged = try Self.moments(Array(rows[..<(firstRows * units)]), units: units, blockRows: 300)
    try merged.merge(Self.moments(Array(rows[(firstRows * units)...]), units: units, blockRows: 300))
    #expect(merged.count == whole.count)
    for unit in 0..<units {
      #expect(Self.relativeError(merged.mean[unit], whole.mean[unit]) <= 1e-12)
      #expect(Self.relativeError(merged.variance(unit), whole.variance(unit) ?? .nan) <= 1e-12)
      #expect(Self.relativeError(merged.skewness(unit), whole.skewness(unit) ?? .nan) <= 1e-9)
      #expect(Self.relativeError(merged.kurtosis(unit), whole.kurtosis(unit) ?? .nan) <= 1e-9)
    }
  }

  @Test("Only the listed rows count")
  func selectsRows() throws {
    var moments = UnitMoments(unitCount: 2)
    let rows: [Float] = [1, 10, 100, 1000, 3, 30]
    try rows.withUnsafeBufferPointer { block throws(NonFiniteValue) in try moments.add(block, indices: [0, 2]) }
    #expect(moments.count == 2)
    #expect(moments.mean == [2, 20])
    #expect(moments.variance(1) == 100)
    #expect(moments.sampleVariance(1) == 200)
  }

  @Test("A constant unit has variance 0 and no skewness or kurtosis")
  func constantUnit() throws {
    let moments = try Self.moments(Array(repeating: 0.1, count: 1000), units: 1, blockRows: 33)
    #expect(moments.isConstant(0))
    #expect(moments.variance(0) == 0)
    #expect(moments.skewness(0) == nil)
    #expect(moments.kurtosis(0) == nil)
  }

  @Test("Without rows nothing exists")
  func empty() {
    let moments = UnitMoments(unitCount: 1)
    #expect(moments.variance(0) == nil)
    #expect(moments.skewness(0) == nil)
    #expect(moments.kurtosis(0) == nil)
    #expect(moments.minimum(0) == nil)
    #expect(!moments.isConstant(0))
  }

  @Test("NaN and infinity are named by row and unit, and change nothing", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) throws {
    var rows = Array(repeating: Float(1), count: 40)
    var moments = try Self.moments(rows, units: 4, blockRows: 10)
    let before = moments
    rows[4 * 7 + 2] = value
    var found: NonFiniteValue?
    do {
      try rows.withUnsafeBufferPointer { block throws(NonFiniteValue) in
        try moments.add(block, indices: (0..<10).map { Int32($0) })
      }
    } catch {
      found = error as NonFiniteValue
    }
    #expect(found?.row == 7)
    #expect(found?.unit == 2)
    #expect(moments == before)
  }
}
