import Testing

@testable import Statistics

@Suite("Similarity of representations")
struct SimilarityTests {
  /// What CKA takes, from the rows themselves and from their products.
  private func bothWays(_ sets: [[Double]], rows: Int) throws -> [AlignmentSums] {
    let grams = try sets.map { set in
      try set.withUnsafeBufferPointer {
        try CentredGram($0, units: set.count / rows, groups: nil, precision: .double, threads: 2)
      }
    }
    return [try AlignedSets(sets, rows: rows).sums(), try AlignmentSums(grams, rows: Array(0..<rows), isWithin: true, threads: 2)]
  }

  @Test("Linear CKA, dissimilarities and their rank correlation agree with numpy and scipy")
  func numpy() throws {
    for row in try fixture("correlation", as: Correlations.self).cases {
      let (left, right) = (doubles(row.left), doubles(row.right))
      for sums in try bothWays([left, right], rows: left.count / row.leftUnits) {
        #expect(agrees(sums.biasedCKA(0, 1), row.cka, relative: 1e-9))
      }
      let six = Array(left[..<(6 * row.leftUnits)])
      #expect(largestDifference(dissimilarities(six, units: row.leftUnits, by: .correlation), row.correlationDistances) <= 1e-12)
      #expect(largestDifference(dissimilarities(six, units: row.leftUnits, by: .euclidean), row.euclideanDistances) <= 1e-12)
      let rsa = representationalSimilarity(
        dissimilarities(left, units: row.leftUnits, by: .euclidean), dissimilarities(right, units: row.rightUnits, by: .euclidean))
      #expect(agrees(rsa, row.rsa, relative: 1e-9))
    }
  }

  @Test("Unbiased HSIC of four rows, written out")
  func writtenOut() throws {
    // x = 0, 0, 1, 1 and y = 0, 1, 1, 2. Less their means x = ±1/2, so K is 1/4 inside {1, 2} and {3, 4}, −1/4 across; y = −1, 0, 0, 1, so L is
    // −1 between the ends, 0 elsewhere. Without diagonals: tr KL = 2·K₁₄L₁₄ = 2·(−1/4)(−1) = 1/2; 1ᵀK1 = 2(1/4 + 1/4 − 4/4) = −1, 1ᵀL1 = −2,
    // K1 = −1/4 each, L1 = (−1, 0, 0, −1), 1ᵀKL1 = 1/2. HSIC(K, L)·4·1 = 1/2 + (−1)(−2)/6 − 2/2 · 1/2 = 1/3.
    // tr KK = 12/16 = 3/4, 1ᵀKK1 = 4/16: 3/4 + 1/6 − 1/4 = 2/3. tr LL = 2, 1ᵀLL1 = 2: 2 + 4/6 − 2 = 2/3. CKA = (1/3) / (2/3) = 1/2.
    for sums in try bothWays([[0, 0, 1, 1], [0, 1, 1, 2]], rows: 4) {
      #expect(agrees(sums.unbiased(0, 1), 1.0 / 3, relative: 1e-12))
      #expect(agrees(sums.unbiased(0, 0), 2.0 / 3, relative: 1e-12) && agrees(sums.unbiased(1, 1), 2.0 / 3, relative: 1e-12))
      #expect(agrees(sums.cka(0, 1), 0.5, relative: 1e-12))
      // ‖XᵀY‖² = 1, ‖XᵀX‖ = 1, ‖YᵀY‖ = 2.
      #expect(agrees(sums.biasedCKA(0, 1), 0.5, relative: 1e-12))
    }
  }

  @Test("CKA is 1 for a rotated and scaled copy, and the unbiased one about 0 for unrelated sets of many units, where the plain one is not")
  func rotation() throws {
    let left = doubles(noise(rows: 50, units: 2, seed: 1))
    let right = (0..<50).flatMap { row -> [Double] in [3 * left[row * 2 + 1], -3 * left[row * 2]] }
    for sums in try bothWays([left, right], rows: 50) {
      #expect(agrees(sums.cka(0, 1), 1, relative: 1e-12) && agrees(sums.biasedCKA(0, 1), 1, relative: 1e-12))
    }
    let wide = [1, 2].map { doubles(noise(rows: 30, units: 100, seed: $0)) }
    for sums in try bothWays(wide, rows: 30) {
      #expect(abs(try #require(sums.cka(0, 1))) < 0.2)
      #expect((sums.biasedCKA(0, 1) ?? 0) > 0.6)
    }
  }

  @Test("Products of groups and of all rows are those of each alone, whatever the means; floats are near")
  func groups() throws {
    let rows = 300
    let groups = (0..<rows).map { UInt8($0 % 3 == 0 ? 7 : 255) }
    let sets: [[Double]] = [3, 40].map { (units: Int) -> [Double] in
      let values = doubles(noise(rows: rows, units: units, seed: UInt64(units)))
      return values.indices.map { index in values[index] + (groups[index / units] == 7 ? 5.0 : 1e5) }
    }
    for precision in [ProductPrecision.double, .single] {
      let grams = try sets.map { set -> CentredGram in
        try set.withUnsafeBufferPointer {
          try CentredGram($0, units: set.count / rows, groups: groups, precision: precision, threads: 2)
        }
      }
      for group in [UInt8?.none, 7, 255] {
        let places = groups.indices.filter { group == nil || groups[$0] == group }
        let sums = try AlignmentSums(grams, rows: places, isWithin: group != nil, threads: 2)
        let chosen = sets.map { set -> [Double] in
          let units = set.count / rows
          return places.flatMap { set[$0 * units..<($0 + 1) * units] }
        }
        let alone = try AlignedSets(chosen, rows: places.count).sums()
        let tolerance = precision == .double ? 1e-9 : 1e-4
        #expect(agrees(sums.cka(0, 1), alone.cka(0, 1), relative: tolerance))
        #expect(agrees(sums.biasedCKA(0, 1), alone.biasedCKA(0, 1), relative: tolerance))
      }
    }
  }

  @Test("A representation that doesn't vary has no CKA, too few or constant dissimilarities no rank correlation")
  func undefined() throws {
    let left = doubles(noise(rows: 10, units: 2, seed: 1))
    for sums in try bothWays([left, [Double](repeating: 0.3, count: 20)], rows: 10) {
      #expect(sums.cka(0, 1) == nil && sums.biasedCKA(0, 1) == nil)
    }
    // Four rows that are equally far from one another have no similarity but each with itself: HSIC(K, K) = 0.
    let simplex: [Double] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    for sums in try bothWays([simplex, Array(left.prefix(8))], rows: 4) {
      #expect(sums.cka(0, 1) == nil && sums.biasedCKA(0, 1) != nil)
    }
    #expect(representationalSimilarity([1, 2], [1, 2]) == nil)
    #expect(representationalSimilarity([1, 1, 1], [1, 2, 3]) == nil)
    #expect(agrees(representationalSimilarity([1, 2, 3, .nan], [1, 2, 3, 4]), 1, relative: 1e-15))
    #expect(dissimilarities([1, 1, 0, 2], units: 2, by: .correlation).allSatisfy { $0.isNaN })
    #expect(dissimilarities([1, 2], units: 2, by: .euclidean) == [])
  }

  @Test("What rounding parts is tied, wherever it lies, and what is apart stays so")
  func ties() {
    let values = withTies([0.3, 0.3 + 1e-15, 1, 0.3 - 1e-15, .nan, 1 + 1e-9])
    #expect(values[0] == values[1] && values[0] == values[3] && values[4].isNaN && values[2] != values[5])
    #expect(withTies([3e7, 3e7 + 1e-8, 4e7])[0] == withTies([3e7, 3e7 + 1e-8, 4e7])[1])
    #expect(withTies([]) == [])
  }

  @Test(
    "Mantel's p is at its floor for equal matrices, a third where a third of all orders is as similar, and absent where there is nothing to permute"
  )
  func mantel() {
    func p(_ first: [Double], _ second: [Double], _ conditions: Int, _ permutations: Int = 199) -> Double? {
      mantelPValue(
        first, second, conditions: conditions, permutations: permutations, stream: RandomStream(seed: 1, purpose: "mantel tests"))
    }
    let means = (0..<40).map { Double(($0 * $0 * 7) % 31) }
    let distances = dissimilarities(means, units: 4, by: .euclidean)
    #expect(p(distances, distances, 10) == 1.0 / 200)
    // Of three pairs one is the least in each matrix: a third of all orders keeps them together.
    #expect(p([2, 2, 1], [3, 3, 3.0.nextDown], 3, 999).map { abs($0 - 1.0 / 3) < 0.05 } == true)
    #expect(p([1, 1, 1], [1, 2, 3], 3) == nil && p([1], [1], 2) == nil && p(distances, distances, 10, 0) == nil)
    // A condition that one matrix knows nothing of is left out.
    var unknown = dissimilarities(means, units: 4, by: .euclidean)
    for pair in 0..<9 { unknown[pair] = .nan }
    #expect(p(unknown, distances, 10) == p(Array(distances[9...]), Array(distances[9...]), 9))
  }

  @Test("p of CKA is at its floor for equal sets and absent where nothing is permuted; by rows as by their products")
  func permutedCKA() throws {
    let rows = 15
    let x = doubles(noise(rows: rows, units: 40, seed: 1))
    let y = doubles(noise(rows: rows, units: 7, seed: 2)).enumerated().map { $1 + 0.2 * x[$0 / 7 * 40] }
    func p(_ sets: AlignedSets, _ permutations: Int, _ orders: RowOrders) throws -> AlignmentPValues? {
      try alignmentPValues(sets, orders: orders, permutations: permutations, seed: 1, purpose: "CKA tests", threads: 2)[1]
    }
    let orders = try RowOrders(rows: rows)
    let same = try p(AlignedSets([x, x.map { 3 * $0 + 1e6 }], rows: rows), 199, orders)
    #expect(same?.unbiased == 1.0 / 200 && same?.biased == 1.0 / 200)
    #expect(try p(AlignedSets([x, x], rows: rows), 0, orders) == nil)
    #expect(try p(AlignedSets([[1, 2, 3], [1, 2, 3]], rows: 3), 99, RowOrders(rows: 3)) == nil)
    let grams = try [x, y].map { set in
      try set.withUnsafeBufferPointer {
        try CentredGram($0, units: set.count / rows, groups: nil, precision: .double, threads: 1)
      }
    }
    let overRows = try AlignedSets(grams, rows: Array(0..<rows), isWithin: true, threads: 2)
    let overUnits = try AlignedSets([x, y], rows: rows)
    #expect(try p(overRows, 199, orders) == p(overUnits, 199, orders))
    var stream = RandomStream(seed: 1, purpose: "wide CKA tests")
    for _ in 0..<20 {
      let order = Array(0..<rows).shuffled(using: &stream)
      #expect(agrees(overRows.squares(order)[1], overUnits.squares(order)[1], relative: 1e-5))
      #expect(agrees(overRows.norms(order)[1], overUnits.norms(order)[1], relative: 1e-9))
    }
  }

  @Test("Whole blocks change places with blocks of their size, rows inside in order; blocks of a size of its own stay")
  func rowOrders() throws {
    let blocks: [Int32] = [5, 5, 2, 9, 9, 7, 7, 3, 3, 2, 2]
    let orders = try RowOrders(rows: 11, blocks: blocks)
    #expect(orders.design == .whole && orders.movableBlockCount == 4 && orders.reason == nil)
    var stream = RandomStream(seed: 1, purpose: "row orders")
    var seen: Set<[Int]> = []
    for _ in 0..<400 {
      let order = orders.order(stream: &stream)
      #expect(order.sorted() == Array(0..<11) && order[2] == 2 && order[9] == 9 && order[10] == 10)
      for first in [0, 3, 5, 7] { #expect(order[first + 1] == order[first] + 1 && blocks[order[first]] == blocks[order[first + 1]]) }
      seen.insert(order)
    }
    #expect(seen.count == 24)
    let few = try RowOrders(rows: 6, blocks: [1, 1, 2, 2, 3, 3])
    #expect(few.reason == "strata or items of equal size can be ordered in 6 ways only, fewer than 20")
    #expect(try RowOrders(rows: 6, blocks: [1, 1, 2, 2, 3, 3], choice: .free).design == .free)
    let within = try RowOrders(rows: 6, blocks: [1, 1, 1, 2, 2, 2], choice: .within)
    #expect(within.movableBlockCount == 2 && within.reason == nil && Set(within.order(stream: &stream)[..<3]) == [0, 1, 2])
    #expect(throws: StatisticsError.self) { try RowOrders(rows: 2, blocks: [1]) }
  }
}
