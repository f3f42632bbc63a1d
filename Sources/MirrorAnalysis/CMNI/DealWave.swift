import Parallelism
import Statistics

/// Some permutations: how each deals the labels, and its weights of none rows, which give a random direction of the activations.
///
/// Number 0 stands for the labels as they are and has no direction.
struct DealWave: Sendable {
  let numbers: Range<Int>
  /// See `PhaseDeals.marks`.
  let labels: PackedLabels
  /// Normal weights, `[numbers × none rows]`, and their sums.
  let weights: [Float]
  let weightSums: [Double]

  init(_ numbers: Range<Int>, deals: PhaseDeals, seed: UInt64, threads: Int) throws {
    let none = deals.counts[0]
    labels = try PackedLabels(sets: numbers.count, perSet: PhaseDeals.perDeal, rows: deals.rowCount, threads: threads) { place, marks in
      deals.marks(numbers.lowerBound + place, seed: seed, into: marks)
    }
    var weights = [Float](repeating: 0, count: numbers.count * none)
    var sums: [Double] = []
    try weights.withUnsafeMutableBufferPointer { weights in
      // Each number has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let weights = weights
      sums = try mapBlocks(count: numbers.count, threads: threads) { place in
        let number = numbers.lowerBound + place
        guard number > 0 else { return 0 }
        var stream = RandomStream(seed: seed, purpose: "directions of none rows", index: UInt64(number))
        var sum = 0.0
        for row in place * none..<(place + 1) * none {
          weights[row] = Float(stream.normal())
          sum += Double(weights[row])
        }
        return sum
      }
    }
    (self.numbers, self.weights, weightSums) = (numbers, weights, sums)
  }
}

/// The permutations of a recording in waves that fit into some memory; where there is one wave it is kept.
struct DealWaves: Sendable {
  private let deals: PhaseDeals
  private let seed: UInt64
  private let threads: Int
  /// Numbers of the labels as they are, 0, and of all permutations; of a share, those that belong to it.
  let ranges: [Range<Int>]
  let numbers: Range<Int>
  private var kept: DealWave?

  private static let bytes = 48 << 20
  private static let fewest = 16
  private static let most = 4096

  init(permutations: Int, share: PermutationShare, deals: PhaseDeals, seed: UInt64, threads: Int) {
    (self.deals, self.seed, self.threads) = (deals, seed, threads)
    let size = Self.size(rows: Double(deals.rowCount), none: Double(deals.counts[0]))
    (ranges, numbers) = share.part(
      of: permutations > 0 ? stride(from: 0, through: permutations, by: size).map { $0..<min($0 + size, permutations + 1) } : [])
  }

  private static func size(rows: Double, none: Double) -> Int {
    Int(max(Double(fewest), min(Double(most), Double(bytes) / max(1, bytes(rows: rows, none: none)))))
  }

  /// Bytes of one number of a wave.
  private static func bytes(rows: Double, none: Double) -> Double {
    PackedLabels.bytes(rows: rows, perSet: PhaseDeals.perDeal) + 4 * none
  }

  /// Bytes of a wave.
  static func bytes(rows: Double, none: Double, permutations: Int) -> Double {
    bytes(rows: rows, none: none) * min(Double(permutations) + 1, Double(size(rows: rows, none: none)))
  }

  mutating func wave(_ range: Range<Int>) throws -> DealWave {
    if let kept, kept.numbers == range { return kept }
    let wave = try DealWave(range, deals: deals, seed: seed, threads: threads)
    if ranges.count == 1 { kept = wave }
    return wave
  }
}
