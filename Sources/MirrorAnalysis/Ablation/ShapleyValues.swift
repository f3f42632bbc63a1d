import Parallelism
import Statistics

/// Shares the joint effect of ablating a set of units out among them: each unit's mean marginal effect over all orders in which they could
/// be ablated (Shapley 1953). The values add up to the joint effect.
///
/// Exact over all subsets up to 8 units; beyond, over random orders (Castro, Gómez & Tejada 2009), with the standard error of that mean.
struct ShapleyValues: Sendable, Equatable {
  /// Of each unit.
  let values: [Double]
  /// Standard error of each; 0 where nothing was drawn, nil where one draw of a random mode cannot tell.
  let errors: [Double?]

  static let mostExact = 8
  /// Random orders beyond that, at least so many.
  static let orders = 200

  /// - Parameters:
  ///   - count: of units.
  ///   - draws: of what takes their place. Each has its values, so that the spread over draws (with their share of orders) is the error of
  ///     both; with one draw the spread over orders is.
  ///   - isRandom: whether a draw is one of many that could have been.
  ///   - seed: random order i is from `RandomStream(seed, purpose, i)`.
  ///   - effect: of ablating some of the units, by their positions, in a draw; not asked for none.
  init(
    count: Int, draws: Int, isRandom: Bool, seed: UInt64, purpose: String, threads: Int,
    effect: @Sendable (_ positions: [Int], _ draw: Int) -> Double
  ) throws {
    let results: [[Double]]
    if count <= Self.mostExact {
      let sets = 1 << count
      let effects = try mapBlocks(count: draws * sets, threads: threads) { number in
        number % sets == 0 ? 0 : effect((0..<count).filter { (number % sets) >> $0 & 1 == 1 }, number / sets)
      }
      results = (0..<draws).map { draw in Self.exact(Array(effects[draw * sets..<(draw + 1) * sets]), count: count) }
    } else {
      let ordersPerDraw = max(1, (Self.orders + draws - 1) / draws)
      let joint = try mapBlocks(count: draws, threads: threads) { effect(Array(0..<count), $0) }
      let byOrder = try mapBlocks(count: draws * ordersPerDraw, threads: threads) { number in
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(number))
        let order = (0..<count).shuffled(using: &stream)
        let draw = number / ordersPerDraw
        var marginal = Array(repeating: 0.0, count: count)
        var before = 0.0
        for place in 0..<count {
          let after = place == count - 1 ? joint[draw] : effect(order[...place].sorted(), draw)
          marginal[order[place]] = after - before
          before = after
        }
        return marginal
      }
      results =
        draws == 1
        ? byOrder
        : (0..<draws).map { draw in Self.mean(Array(byOrder[draw * ordersPerDraw..<(draw + 1) * ordersPerDraw])) }
    }
    values = Self.mean(results)
    let isExact = count <= Self.mostExact && !isRandom
    errors = (0..<count).map { unit in isExact ? 0 : isRandom && draws == 1 ? nil : meanStandardError(results.map { $0[unit] }) }
  }

  private static func mean(_ rows: [[Double]]) -> [Double] {
    (rows.first ?? []).indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
  }

  /// - Parameter effects: of each subset, numbered by its bits.
  private static func exact(_ effects: [Double], count: Int) -> [Double] {
    // 1 / (count · (count − 1 over size)) for a subset of that size without the unit.
    var weights = Array(repeating: 1 / Double(count), count: count)
    for size in weights.indices.dropFirst() { weights[size] = weights[size - 1] * Double(size) / Double(count - size) }
    return (0..<count).map { unit in
      effects.indices.filter { $0 >> unit & 1 == 0 }.reduce(0) { sum, subset in
        sum + weights[subset.nonzeroBitCount] * (effects[subset | 1 << unit] - effects[subset])
      }
    }
  }
}
