import Testing

@testable import Statistics

@Suite("Rows in memory for products")
struct ScaledRowsTests {
  private static let units = 300
  private static let rows = 1500
  private static let sets = 2060

  private func spreads(_ values: [Double]) -> [UnitSpread] {
    (0..<Self.units).map { unit in
      let own = stride(from: unit, to: values.count, by: Self.units).map { values[$0] }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
      return UnitSpread(mean: mean, deviation: variance.squareRoot(), low: own.min() ?? 0, high: own.max() ?? 0)
    }
  }

  /// Some units far from 0, one constant, and one whose squares no float holds.
  private let values: [Double] = {
    var stream = RandomStream(seed: 1, purpose: "test")
    return (0..<rows).flatMap { _ in
      (0..<units).map { unit in
        let value = stream.normal()
        return unit == 0 ? 0.3 : unit == 1 ? Double(Float(1e30 * value)) : Double(Float(unit % 7 == 0 ? 4096 + value : value))
      }
    }
  }()

  private func check<Value: MatrixScalar>(_ values: [Value], precision: Double) throws {
    let exact = values.map { Double($0) }
    let spreads = spreads(exact)
    let rows = try ScaledRows(values, spreads: spreads, threads: 2)
    let all = try rows.sums(by: [UInt8](repeating: 0, count: Self.rows), groups: 1, threads: 1)
    var stream = RandomStream(seed: 2, purpose: "test")
    let marks = (0..<Self.sets * Self.rows).map { _ in stream.uniform() < 0.3 ? UInt8(1) : 0 }
    func products(threads: Int) throws -> [RowProducts] {
      let labels = try PackedLabels(sets: Self.sets, perSet: 2, rows: Self.rows, threads: threads) { set, target in
        for row in 0..<Self.rows { target[row] = marks[set * Self.rows + row] | 2 }
      }
      return try rows.mapSums(of: labels, threads: threads) { $0 }
    }
    let (one, three) = (try products(threads: 1), try products(threads: 3))
    #expect(one.map(\.sums) == three.map(\.sums) && one.map(\.squares) == three.map(\.squares))
    // 2,060 sets of two labels are two blocks, 300 units ten.
    #expect(one.count == 20)
    for block in one {
      for set in [block.sets.lowerBound, block.sets.upperBound - 1] {
        for unit in [block.units.lowerBound, block.units.lowerBound + 1, block.units.upperBound - 2] {
          let marked = (0..<Self.rows).filter { marks[set * Self.rows + $0] == 1 }
          let others = (0..<Self.rows).filter { marks[set * Self.rows + $0] == 0 }
          func mean(_ rows: [Int]) -> Double { rows.reduce(0) { $0 + exact[$1 * Self.units + unit] / Double(rows.count) } }
          let start = block.start(set: set, row: 0) + unit - block.units.lowerBound
          let own = block.sums[start] / Double(marked.count)
          let rest = (all.sums[unit] - block.sums[start]) / Double(others.count)
          let spread = spreads[unit].deviation
          #expect(abs((own - rest) * rows.scales[unit] - (mean(marked) - mean(others))) <= precision * spread + 1e-12, "unit \(unit)")
          // The other label of a set marks every row.
          let both = block.start(set: set, row: 1) + unit - block.units.lowerBound
          #expect(abs(block.sums[both] - all.sums[unit]) <= precision * Double(Self.rows))
          #expect(abs(block.squares[both] - all.squares[unit]) <= precision * all.squares[unit])
          #expect(block.squares[start] <= all.squares[unit] + 1e-3 && block.squares[start].isFinite)
        }
      }
    }
  }

  @Test("Differences of means from products of labels keep their digits far from 0, and do not depend on threads")
  func products() throws {
    try check(values.map { Float($0) }, precision: 1e-5)
    try check(values, precision: 1e-10)
  }

  @Test(
    "Labels that mark nothing in some batches have the sums, to the last digit, that they have beside labels that mark every batch",
    arguments: [3, 1100])
  func gaps(sets: Int) throws {
    let exact = values.map { Float($0) }
    let rows = try ScaledRows(exact, spreads: spreads(values), threads: 2)
    // Everywhere; from a row on; at both ends; nowhere.
    @Sendable func isIn(_ label: Int, _ row: Int) -> Bool { [true, row >= 1000, row < 200 || row >= 1300, false][label] }
    func products(beside others: Bool) throws -> [RowProducts] {
      let labels = try PackedLabels(sets: sets + 1, perSet: 4, rows: Self.rows, threads: 2) { set, target in
        for row in 0..<Self.rows {
          let mark = (row &* 7 &+ set &* 13) % 3 == 0
          target[row] = set == sets ? (others ? 15 : 1) : (0..<4).reduce(UInt8(0)) { $0 | (mark && isIn($1, row) ? 1 << UInt8($1) : 0) }
        }
      }
      return try rows.mapSums(of: labels, threads: 2) { $0 }
    }
    let (alone, beside) = (try products(beside: false), try products(beside: true))
    for (one, other) in zip(alone, beside) {
      for set in one.sets where set < sets {
        let own = one.start(set: set, row: 0)..<one.start(set: set, row: 0) + 4 * one.units.count
        #expect(one.sums[own] == other.sums[own] && one.squares[own] == other.squares[own])
        #expect(one.sums[own].suffix(one.units.count).allSatisfy { $0 == 0 })
      }
    }
    #expect(alone.count == beside.count && alone.contains { $0.sums.contains { $0 != 0 } })
  }

  @Test("Products of weights are those written out, over more rows than are multiplied at once")
  func weights() throws {
    let exact = values.map { Double(Float($0)) }
    let rows = try ScaledRows(exact, spreads: spreads(exact), threads: 2)
    let products = try rows.mapProducts(sets: 65, rows: 1400, threads: 2) { set, step, target in
      for row in step { target[row - step.lowerBound] = Double((row + set) % 5 - 2) }
    } _: {
      $0
    }
    #expect(products.count == 4)
    for block in products {
      for unit in [block.units.lowerBound + 2, block.units.upperBound - 1] {
        let set = block.sets.upperBound - 1
        // Weights of the first 1,400 rows sum to 0, so that no origin stays.
        let sum = (0..<1400).reduce(0) { $0 + Double(($1 + set) % 5 - 2) * exact[$1 * Self.units + unit] }
        let found = block.sums[block.start(set: set, row: 0) + unit - block.units.lowerBound] * rows.scales[unit]
        #expect(abs(found - sum) <= 1e-9 * 1400)
      }
    }
  }

  @Test("Weighted sums over units follow the group of the row")
  func weighted() throws {
    let rows = try ScaledRows(
      [1.0, 2, 3, 4, 5, 6],
      spreads: (0..<3).map { UnitSpread(mean: Double($0) + 2.5, deviation: 1.5, low: Double($0) + 1, high: Double($0) + 4) }, threads: 1)
    let weights = [[SIMD4<Double>(1, 0, 2, 0), SIMD4(0, 1, 2, 0), SIMD4(0, 0, 2, 1)], [SIMD4<Double>](repeating: .zero, count: 3)]
      .map { set in zip(set, rows.scales).map { $0 * $1 } }
    #expect(try rows.weighted(by: weights, group: [0, 1], threads: 1) == [SIMD4(1, 2, 12, 3), .zero])
  }
}

@Suite("Errors of phase contrasts")
struct PhaseContrastErrorTests {
  @Test("By hand: rows that are independent, and blocks")
  func byHand() throws {
    let phase: [UInt8] = [0, 0, 1, 1, 2, 2, 9]
    let values = [1.0, 3, 4, 8, 5, 5, 100]
    let free = try #require(PhaseContrastError(values, phase: phase, blocks: nil))
    // 6 + 5 − 2; s² 2, 8 and 0 over two rows each.
    #expect(free.estimate == 9 && abs(free.standardError - 5.0.squareRoot()) < 1e-15)
    // Scores ½(1, −1), ½(−2, 2), 0: blocks (row 0, 2, 4) and (1, 3, 5) have ½ − 1 and −½ + 1; G/(G − 1) = 2.
    let blocks = try #require(PhaseContrastError(values, phase: phase, blocks: [1, 2, 1, 2, 1, 2, 3]))
    #expect(abs(blocks.standardError - 1) < 1e-15)
    #expect(PhaseContrastError(values, phase: phase, blocks: [1, 1, 1, 1, 1, 1, 1]) == nil)
    #expect(PhaseContrastError([1], phase: [0], blocks: nil) == nil)
  }

  @Test(
    "The factor of an interval is scipy.stats.t.ppf(0.975, df)",
    arguments: [(1, 12.706204736174694), (9, 2.2621571627409915), (99, 1.9842169515086827)])
  func factor(degrees: Int, expected: Double) {
    #expect(abs(intervalFactor(degreesOfFreedom: degrees) - expected) <= 1e-10)
  }
}
