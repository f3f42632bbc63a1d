import Parallelism

/// Labels of two groups as some permutations deal them, in the order of `Exchangeability.order`.
struct DealtLabels: Sendable {
  /// Numbers of the permutations.
  let permutations: Range<Int>
  /// `[permutations × rows]`, 1 for a treated row.
  let labels: [UInt8]

  /// The labels as they are.
  init(observed exchange: Exchangeability) { (permutations, labels) = (0..<1, exchange.labels) }

  /// Permutation i is that of every call with the same seed and purpose.
  init(_ permutations: Range<Int>, of exchange: Exchangeability, seed: UInt64, purpose: String, threads: Int) throws {
    let rows = exchange.labels.count
    var labels = [UInt8](repeating: 0, count: permutations.count * rows)
    try labels.withUnsafeMutableBufferPointer { labels in
      // Each permutation has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let labels = labels
      _ = try mapBlocks(count: permutations.count, threads: threads) { place in
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(permutations.lowerBound + place))
        exchange.deal(into: UnsafeMutableBufferPointer(rebasing: labels[place * rows..<(place + 1) * rows]), stream: &stream)
      }
    }
    (self.permutations, self.labels) = (permutations, labels)
  }

  private static let bytes = 16 << 20

  /// Permutations in parts whose labels fit into some memory.
  ///
  /// - Parameter growing: whether the first parts are smaller, each as many as all before it.
  static func waves(permutations: Int, rows: Int, growing: Bool = false) -> [Range<Int>] {
    let size = size(rows: Double(rows))
    var (waves, next) = ([Range<Int>](), 0)
    while next < permutations {
      let wave = next..<min(permutations, next + (growing ? min(size, max(firstOfGrowing, next)) : size))
      waves.append(wave)
      next = wave.upperBound
    }
    return waves
  }

  private static let firstOfGrowing = 128

  private static func size(rows: Double) -> Int { max(64, min(4096, Int(Double(bytes) / max(1, rows)))) }

  /// Bytes of a wave, and of the treated rows' numbers.
  static func bytes(rows: Double, permutations: Int) -> Double { 5 * rows * Double(min(permutations, size(rows: rows))) }

  /// Numbers of the treated rows of each permutation, ascending: `[permutations × treated rows]`.
  func treatedRows(count: Int) -> [UInt32] {
    let rows = labels.count / max(1, permutations.count)
    var result: [UInt32] = []
    result.reserveCapacity(permutations.count * count)
    labels.withUnsafeBufferPointer { labels in
      for place in 0..<permutations.count {
        for row in 0..<rows where labels[place * rows + row] == 1 { result.append(UInt32(truncatingIfNeeded: row)) }
      }
    }
    return result
  }
}
