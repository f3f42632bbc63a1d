import Testing

@testable import Statistics

@Suite("Similarity of representations")
struct SimilarityTests {
  private func moments(_ rows: [Float], _ units: Int) throws -> CoMoments {
    var accumulator = CorrelationAccumulator(units: units, precision: .double)
    try accumulator.add(rows, threads: 1)
    return try accumulator.finish(threads: 1)
  }

  private func cross(_ left: [Float], _ leftUnits: Int, _ right: [Float], _ rightUnits: Int) throws -> CoMoments {
    var accumulator = CorrelationAccumulator(leftUnits: leftUnits, rightUnits: rightUnits, precision: .double)
    try accumulator.add(left: left, right: right, threads: 1)
    return try accumulator.finish(threads: 1)
  }

  @Test("Linear CKA, dissimilarities and their rank correlation agree with numpy and scipy")
  func numpy() throws {
    for row in try fixture("correlation", as: Correlations.self).cases {
      let cka = try linearCKA(
        cross: cross(row.left, row.leftUnits, row.right, row.rightUnits), left: moments(row.left, row.leftUnits),
        right: moments(row.right, row.rightUnits))
      #expect(agrees(cka, row.cka, relative: 1e-9))
      let (left, right) = (doubles(row.left), doubles(row.right))
      let six = Array(left[..<(6 * row.leftUnits)])
      #expect(largestDifference(dissimilarities(six, units: row.leftUnits, by: .correlation), row.correlationDistances) <= 1e-12)
      #expect(largestDifference(dissimilarities(six, units: row.leftUnits, by: .euclidean), row.euclideanDistances) <= 1e-12)
      let rsa = representationalSimilarity(
        dissimilarities(left, units: row.leftUnits, by: .euclidean), dissimilarities(right, units: row.rightUnits, by: .euclidean))
      #expect(agrees(rsa, row.rsa, relative: 1e-9))
    }
  }

  @Test("CKA is 1 for a rotated and scaled copy")
  func rotation() throws {
    let left = noise(rows: 50, units: 2, seed: 1)
    let right = (0..<50).flatMap { row -> [Float] in [3 * left[row * 2 + 1], -3 * left[row * 2]] }
    let cka = try linearCKA(cross: cross(left, 2, right, 2), left: moments(left, 2), right: moments(right, 2))
    #expect(agrees(cka, 1, relative: 1e-12))
  }

  @Test("A representation that doesn't vary has no CKA, too few or constant dissimilarities no rank correlation")
  func undefined() throws {
    let left = noise(rows: 10, units: 2, seed: 1)
    let constant = [Float](repeating: 0.3, count: 20)
    #expect(try linearCKA(cross: cross(left, 2, constant, 2), left: moments(left, 2), right: moments(constant, 2)) == nil)
    #expect(representationalSimilarity([1, 2], [1, 2]) == nil)
    #expect(representationalSimilarity([1, 1, 1], [1, 2, 3]) == nil)
    #expect(agrees(representationalSimilarity([1, 2, 3, .nan], [1, 2, 3, 4]), 1, relative: 1e-15))
    #expect(dissimilarities([1, 1, 0, 2], units: 2, by: .correlation).allSatisfy { $0.isNaN })
    #expect(dissimilarities([1, 2], units: 2, by: .euclidean) == [])
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

  @Test("p of CKA is at its floor for equal sets and absent for one that is constant or not finite")
  func permutedCKA() {
    func p(_ first: [Double], _ second: [Double], _ permutations: Int = 199) -> Double? {
      linearCKAPValue(
        first, units: 2, second, units: 2, permutations: permutations, stream: RandomStream(seed: 1, purpose: "CKA tests"))
    }
    let values = (0..<40).map { Double(($0 * $0 * 7) % 31) }
    #expect(p(values, values.map { 3 * $0 + 1e6 }) == 1.0 / 200)
    #expect(p(values, Array(repeating: 0.1, count: 40)) == nil && p([1, 2, 3, 4], [1, 2, 3, 4]) == nil && p(values, values, 0) == nil)
    #expect(p(values, [.nan] + values.dropFirst()) == nil)
  }

  @Test(
    "What an order of rows changes of CKA is the same over rows as over units, and so is p for wide sets",
    arguments: [(3, 5), (40, 7), (30, 64)])
  func wideCKA(firstUnits: Int, secondUnits: Int) {
    let rows = 15
    let x = doubles(noise(rows: rows, units: firstUnits, seed: 1))
    let y = doubles(noise(rows: rows, units: secondUnits, seed: 2)).enumerated().map { $1 + 0.2 * x[$0 / secondUnits * firstUnits] }
    let overUnits = crossNormOverUnits(x, units: firstUnits, y, units: secondUnits)
    let overRows = crossNormOverRows(x, units: firstUnits, y, units: secondUnits)
    var stream = RandomStream(seed: 1, purpose: "wide CKA tests")
    for _ in 0..<20 {
      let order = Array(0..<rows).shuffled(using: &stream)
      #expect(agrees(overRows(order), overUnits(order), relative: 1e-9))
    }
    // Units that are 0 make a set wide and change nothing.
    func p(zeros: Int) -> Double? {
      let wide = (0..<rows).flatMap { row in Array(x[row * firstUnits..<(row + 1) * firstUnits]) + Array(repeating: 0, count: zeros) }
      return linearCKAPValue(
        wide, units: firstUnits + zeros, y, units: secondUnits, permutations: 199, stream: RandomStream(seed: 3, purpose: "wide CKA tests"))
    }
    #expect(p(zeros: 0) == p(zeros: 20) && p(zeros: 0) != nil)
  }
}
