import Foundation
import Statistics
import Testing

@Suite("Correlation of a stream")
struct CorrelationAccumulatorTests {
  /// Rectified units with shared causes, some far from 0, [rows × units].
  private func activations(rows: Int, units: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: "activations")
    return (0..<rows).flatMap { _ in
      let shared = stream.normal()
      return (0..<units).map { unit in
        let value = shared * Double(unit % 3) + stream.normal()
        return unit % 2 == 0 ? Float(max(0, value)) : Float(value + Double(unit))
      }
    }
  }

  private func correlations(_ rows: [Float], units: Int, precision: ProductPrecision, chunk: Int? = nil, threads: Int = 1) throws
    -> [Double]
  {
    var accumulator = CorrelationAccumulator(units: units, precision: precision)
    for start in stride(from: 0, to: rows.count, by: (chunk ?? max(1, rows.count / units)) * units) {
      try accumulator.add(Array(rows[start..<min(rows.count, start + (chunk ?? rows.count) * units)]), threads: threads)
    }
    return try accumulator.finish(threads: threads).correlations()
  }

  @Test("A small block agrees with numpy.corrcoef to 1e-12 in Double and 1e-6 in Float, within and between sets")
  func numpy() throws {
    for row in try fixture("correlation", as: Correlations.self).cases {
      for (precision, tolerance) in [(ProductPrecision.double, 1e-12), (.single, 1e-6)] {
        let within = try correlations(row.left, units: row.leftUnits, precision: precision)
        #expect(largestDifference(within, row.within) <= tolerance)
        var accumulator = CorrelationAccumulator(leftUnits: row.leftUnits, rightUnits: row.rightUnits, precision: precision)
        try accumulator.add(left: row.left, right: row.right, threads: 1)
        #expect(try largestDifference(accumulator.finish(threads: 1).correlations(), row.between) <= tolerance)
      }
    }
  }

  @Test("Many blocks and tiles agree with correlation in memory", arguments: [(20_000, 6), (4500, 270)])
  func blocks(rows: Int, units: Int) throws {
    let values = activations(rows: rows, units: units, seed: 1)
    let memory = pearsonMatrix(doubles(values), leftUnits: units, doubles(values), rightUnits: units)
    #expect(try largestDifference(correlations(values, units: units, precision: .double), memory) <= 1e-12)
    let error = try largestDifference(correlations(values, units: units, precision: .single), memory)
    #expect(error <= 1e-6, "\(error)")
    #expect(error > 0)
  }

  @Test("Threads and the cutting into calls never change a digit", arguments: [ProductPrecision.single, .double])
  func chunks(precision: ProductPrecision) throws {
    for (rows, units) in [(19_000, 3), (9000, 260)] {
      let values = activations(rows: rows, units: units, seed: 2)
      let whole = try correlations(values, units: units, precision: precision)
      #expect(try correlations(values, units: units, precision: precision, chunk: 777, threads: 2) == whole)
      #expect(try correlations(values, units: units, precision: precision, chunk: 4096) == whole)
    }
  }

  @Test("Merged parts equal the whole, and the order of rows does not matter, to 1e-12")
  func merge() throws {
    let units = 4
    let values = activations(rows: 3000, units: units, seed: 3)
    func moments(_ rows: [Float]) throws -> CoMoments {
      var accumulator = CorrelationAccumulator(units: units, precision: .double)
      try accumulator.add(rows, threads: 1)
      return try accumulator.finish(threads: 1)
    }
    let whole = try moments(values)
    var merged = try moments([])
    try merged.merge(moments(Array(values[..<(1100 * units)])))
    try merged.merge(moments(Array(values[(1100 * units)...])))
    try merged.merge(moments([]))
    #expect(merged.count == 3000)
    #expect(zip(merged.products, whole.products).allSatisfy { agrees($0, $1, relative: 1e-12) })
    #expect(zip(merged.leftMeans, whole.leftMeans).allSatisfy { agrees($0, $1, relative: 1e-12) })
    let reversed = (0..<3000).reversed().flatMap { values[$0 * units..<($0 + 1) * units] }
    #expect(try largestDifference(moments(reversed).correlations(), whole.correlations()) <= 1e-12)
  }

  @Test("A drift and tiny or huge values cost no digits", arguments: [ProductPrecision.single, .double])
  func range(precision: ProductPrecision) throws {
    var stream = RandomStream(seed: 4, purpose: "range")
    let rows = 20_000  // more than one block for each of the eight lanes
    let values = (0..<rows).flatMap { row -> [Float] in
      let (a, b) = (stream.normal(), stream.normal())
      return [Float(a + Double(row)), Float((a + b) * 1e-30), Float((a - b) * 1e25)]
    }
    let memory = pearsonMatrix(doubles(values), leftUnits: 3, doubles(values), rightUnits: 3)
    #expect(try largestDifference(correlations(values, units: 3, precision: precision), memory) <= (precision == .single ? 1e-6 : 1e-12))
  }

  @Test("Constant units and NaN have no r, and leave the others alone", arguments: [ProductPrecision.single, .double])
  func undefined(precision: ProductPrecision) throws {
    var values = activations(rows: 9000, units: 4, seed: 5)
    for row in 0..<9000 { values[row * 4 + 1] = 0.1 }
    values[4 * 500 + 2] = .nan
    let r = try correlations(values, units: 4, precision: precision)
    #expect(r[0] == 1)
    #expect(r[3] == r[12])
    #expect(r[3].isFinite)
    for index in [1, 4, 5, 7, 13, 2, 8, 10, 11, 14] { #expect(r[index].isNaN) }
    let empty = try correlations([], units: 2, precision: precision)
    #expect(empty.allSatisfy { $0.isNaN })
    let single = try correlations([1, 2], units: 2, precision: precision)
    #expect(single.allSatisfy { $0.isNaN })
  }

  @Test("A unit that is constant but for one row is correlated by that row", arguments: [ProductPrecision.single, .double])
  func singleSpike(precision: ProductPrecision) throws {
    var values = [Float](repeating: 0.1, count: 2 * 20_000)
    (values[2 * 19_000], values[2 * 19_000 + 1]) = (0.7, -3)
    let r = try correlations(values, units: 2, precision: precision)
    #expect(abs(r[1] + 1) <= (precision == .single ? 1e-6 : 1e-12))
  }

  @Test("Float is chosen only for large work")
  func suited() {
    #expect(ProductPrecision.suited(rows: 100_000, pairs: 38 * 38) == .double)
    #expect(ProductPrecision.suited(rows: 100_000, pairs: 1024 * 1024) == .single)
  }
}
