import Foundation

/// A two-sided test that compares a statistic with what other arrangements of the same values give.
public struct ArrangementTest: Sendable, Equatable {
  /// How many arrangements there are, the observed one included.
  public let arrangements: Double
  /// How many of them were drawn; nil where each was looked at once.
  public let drawn: Int?
  /// Of all arrangements the share that is at least as far from 0 as what was observed; of drawn ones (1 + hits) / (1 + draws). Ties count.
  public let pValue: Double

  /// Below so many arrangements a p could not say much: with 19 others the smallest is .05.
  public static let fewestArrangements = 20.0
  /// Up to so many arrangements each is looked at.
  public static let mostListed = 1 << 20

  /// The test of paired differences by sign flips (Fisher, 1935): under the null each is as likely to be d as −d. The statistic is |Σ d|, which orders
  /// arrangements as the paired t does.
  ///
  /// Its level is exact where differences are symmetric about 0 under the null. All 2ⁿ arrangements are listed up to 20 pairs (as
  /// `scipy.stats.permutation_test` with `permutation_type='samples'`); of more, `draws` are drawn. p is 1 where all differences are 0. The order of
  /// the differences changes nothing.
  ///
  /// - Parameters:
  ///   - rounding: by how much each difference may be off; ties may be missed by the sum of these.
  /// - Returns: nil without differences, and where one is not finite.
  public static func signFlips(
    _ differences: [Double], rounding: Double = 0, draws: Int, seed: UInt64, purpose: String
  ) -> ArrangementTest? {
    guard !differences.isEmpty, differences.allSatisfy(\.isFinite) else { return nil }
    let (sizes, exponent) = scaled(differences)
    let total = sizes.reduce(0) { $0 + abs($1) }
    let tolerance = 1e-14 * Double(sizes.count) * total + abs(rounding.times(powerOfTwo: exponent)) * Double(sizes.count)
    let threshold = abs(sizes.reduce(0, +)) - tolerance
    let count = sizes.count
    let arrangements = Foundation.exp2(Double(count))
    guard arrangements > Double(mostListed) else {
      // Sums of all signs of one half, each with those of the other.
      let halves = [sizes[..<(count / 2)], sizes[(count / 2)...]].map(signedSums)
      var hits = 0
      for low in halves[0] {
        for high in halves[1] where abs(low + high) >= threshold { hits += 1 }
      }
      return ArrangementTest(arrangements: arrangements, drawn: nil, pValue: Double(hits) / arrangements)
    }
    var hits = 0
    for draw in 0..<max(0, draws) {
      var bits = SignBits(seed: seed, purpose: purpose, draw: draw)
      if abs(sizes.reduce(0.0) { bits.next() ? $0 - $1 : $0 + $1 }) >= threshold { hits += 1 }
    }
    return ArrangementTest(arrangements: arrangements, drawn: draws, pValue: permutationPValue(extreme: hits, of: draws))
  }

  /// ±a ± b ± …, for all signs.
  private static func signedSums(_ values: ArraySlice<Double>) -> [Double] {
    values.reduce([0.0]) { sums, value in sums.map { $0 + value } + sums.map { $0 - value } }
  }

  /// The interval that inverts `signFlips`: all θ for which p of the differences less θ is above 1 − level. It covers the centre of symmetry of
  /// independent, symmetric differences with at least that probability, whatever their distributions (Hartigan, 1969): its ends are among the means
  /// of subsets of the differences. It excludes 0 where p ≤ 1 − level, as long as seed, purpose and draws are the same.
  ///
  /// - Returns: nil where even the mean of all is not left out by so many arrangements (of 95 %: fewer than 6 differences), and where one is not
  ///   finite.
  public static func signFlipInterval(
    _ differences: [Double], level: Double = 0.95, draws: Int, seed: UInt64, purpose: String
  ) -> ClosedRange<Double>? {
    guard !differences.isEmpty, differences.allSatisfy(\.isFinite) else { return nil }
    let (sizes, exponent) = scaled(differences)
    let count = sizes.count
    // θ below the mean is as extreme under a pattern as under none, where the flipped or the others have a mean of at most θ; above, at least.
    var (low, high) = ([Double](), [Double]())
    let total = sizes.reduce(0, +)
    func add(flipped sum: Double, _ flipped: Int) {
      guard flipped > 0, flipped < count else {
        low.append(-.infinity)
        high.append(.infinity)
        return
      }
      let (mean, other) = (sum / Double(flipped), (total - sum) / Double(count - flipped))
      low.append(min(mean, other))
      high.append(max(mean, other))
    }
    let rank: Int
    if Foundation.exp2(Double(count)) <= Double(mostListed) {
      // Patterns come in pairs, flipped and others exchanged: one of each.
      var subsets = [(sum: 0.0, count: 0)]
      for size in sizes.dropLast() { subsets += subsets.map { ($0.sum + size, $0.count + 1) } }
      for subset in subsets { add(flipped: subset.sum, subset.count) }
      rank = Int((1 - level) * Foundation.exp2(Double(count)) + 1e-9) / 2 + 1
    } else {
      for draw in 0..<max(0, draws) {
        var bits = SignBits(seed: seed, purpose: purpose, draw: draw)
        var subset = (sum: 0.0, count: 0)
        for size in sizes where bits.next() { subset = (subset.sum + size, subset.count + 1) }
        add(flipped: subset.sum, subset.count)
      }
      rank = Int((1 - level) * (Double(max(0, draws)) + 1) + 1e-9)
    }
    guard rank > 0, rank <= low.count else { return nil }
    let ends = (low.sorted()[rank - 1], high.sorted(by: >)[rank - 1])
    guard ends.0.isFinite, ends.1.isFinite else { return nil }
    return ends.0.times(powerOfTwo: -exponent)...max(ends.0, ends.1).times(powerOfTwo: -exponent)
  }

  /// Differences near 1 by a power of two, so that no sum overflows, small ones first.
  private static func scaled(_ differences: [Double]) -> (sizes: [Double], exponent: Int) {
    let largest = differences.map { abs($0) }.max() ?? 0
    let exponent = largest > 0 ? -Int(largest.exponent) : 0
    return (differences.map { $0.times(powerOfTwo: exponent) }.sorted { (abs($0), $0) < (abs($1), $1) }, exponent)
  }

  /// The permutation test of two samples that are not paired, of Welch's t in each arrangement (Chung and Romano, 2013): under the null that both
  /// come from one distribution its level is exact, and with unequal variances about right, which that of a plain difference of means is not.
  ///
  /// All C(n + m, n) arrangements are listed up to `mostListed` of them; of more, `draws` are drawn. Without variance in either sample t is 0 or
  /// infinite.
  ///
  /// - Returns: nil where either has fewer than two values, or one is not finite.
  public static func permutation(_ x: [Double], _ y: [Double], draws: Int, seed: UInt64, purpose: String) -> ArrangementTest? {
    let (n, all) = (x.count, x + y)
    guard n > 1, y.count > 1, all.allSatisfy(\.isFinite), let low = all.min(), let high = all.max() else { return nil }
    guard high > low else { return ArrangementTest(arrangements: choices(all.count, n), drawn: nil, pValue: 1) }
    // t has no origin and no scale: values between 0 and 1, small ones first.
    let pairs = all.enumerated().map { (value: $1 / 2 - low / 2, isOfX: $0 < n) }.sorted {
      ($0.value, $0.isOfX ? 1 : 0) < ($1.value, $1.isOfX ? 1 : 0)
    }
    let values = pairs.map { $0.value / (high / 2 - low / 2) }
    let observed = abs(welchT(values, isOfX: pairs.map(\.isOfX)))
    let threshold = observed.isFinite ? observed * (1 - 1e-9) : observed
    let arrangements = choices(all.count, n)
    guard arrangements > Double(mostListed) else {
      var hits = 0
      forEachChoice(of: n, from: all.count) { if abs(welchT(values, isOfX: $0)) >= threshold { hits += 1 } }
      return ArrangementTest(arrangements: arrangements, drawn: nil, pValue: Double(hits) / arrangements)
    }
    let labels = [Bool](repeating: true, count: n) + [Bool](repeating: false, count: y.count)
    var hits = 0
    for draw in 0..<max(0, draws) {
      var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(draw))
      if abs(welchT(values, isOfX: labels.shuffled(using: &stream))) >= threshold { hits += 1 }
    }
    return ArrangementTest(arrangements: arrangements, drawn: draws, pValue: permutationPValue(extreme: hits, of: draws))
  }

  /// Welch's t of the values that are of x against the others. Variances that are rounding are none.
  private static func welchT(_ values: [Double], isOfX: [Bool]) -> Double {
    var (counts, sums) = ((0.0, 0.0), (0.0, 0.0))
    for (value, isOfX) in zip(values, isOfX) {
      if isOfX {
        counts.0 += 1
        sums.0 += value
      } else {
        counts.1 += 1
        sums.1 += value
      }
    }
    let means = (sums.0 / counts.0, sums.1 / counts.1)
    var squares = (0.0, 0.0)
    for (value, isOfX) in zip(values, isOfX) {
      if isOfX { squares.0 += (value - means.0) * (value - means.0) } else { squares.1 += (value - means.1) * (value - means.1) }
    }
    let difference = means.0 - means.1
    let variance = squares.0 / (counts.0 - 1) / counts.0 + squares.1 / (counts.1 - 1) / counts.1
    if variance > 1e-30 { return difference / variance.squareRoot() }
    return abs(difference) <= 1e-14 ? 0 : difference > 0 ? .infinity : -.infinity
  }

  /// The number of ways to choose k of n, as a double; infinite where it holds none.
  private static func choices(_ n: Int, _ k: Int) -> Double {
    let k = min(k, n - k)
    guard k > 0 else { return 1 }
    return (1...k).reduce(1) { ($0 * Double(n - k + $1) / Double($1)).rounded() }
  }

  /// Every way to choose k of n, once.
  private static func forEachChoice(of k: Int, from n: Int, _ body: ([Bool]) -> Void) {
    var places = Array(0..<k)
    var isChosen = (0..<n).map { $0 < k }
    while true {
      body(isChosen)
      // The last place that can move on does, and those behind it follow.
      guard let moving = places.indices.last(where: { places[$0] < n - k + $0 }) else { return }
      for place in places[moving...] { isChosen[place] = false }
      let next = places[moving] + 1
      for index in moving..<k {
        places[index] = next + index - moving
        isChosen[places[index]] = true
      }
    }
  }
}

/// The signs of a drawn pattern, one after the other: a function of its number.
private struct SignBits {
  private var stream: RandomStream
  private var bits: UInt64 = 0
  private var left = 0

  init(seed: UInt64, purpose: String, draw: Int) { stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(draw)) }

  /// Whether the next is flipped.
  mutating func next() -> Bool {
    if left == 0 { (bits, left) = (stream.next(), 64) }
    defer { (bits, left) = (bits >> 1, left - 1) }
    return bits & 1 == 1
  }
}
