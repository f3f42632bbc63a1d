import Foundation
import Statistics

/// Random sets of units to compare a target with: as many units of the same layer, alike in mean activation and outgoing weights.
///
/// Each unit of the target draws a partner, without replacement, from the layer's units outside the target, with a probability
/// proportional to exp(−distance² / 2). The distance is Euclidean over the unit's mean activation on the evaluate rows and the norm of its
/// outgoing weights, each in standard deviations over the layer. Where fewer units are outside the target than in it, all units are drawn from.
///
/// A set counts once, and the target itself never: a set that is drawn again would say nothing new, and push p below what the layer can
/// tell. Where the layer has no more sets than are asked for, they are all of them.
struct MatchedControls: Sendable {
  private let traits: [[Double]]

  /// Repeats in a row after which the sets still missing are drawn without matching: those left are too unlike the target to turn up.
  private static let patience = 1000

  init(layer: Int, in network: ReplayedNetwork, intact: [Double]) {
    let count = network.layers[layer].unitCount
    var means = Array(repeating: 0.0, count: count)
    for (index, value) in intact.enumerated() { means[index % count] += value }
    let rows = max(1, intact.count / count)
    let above = network.above[layer]
    let norms = (0..<count).map { unit in
      above.kernel[unit * above.unitCount..<(unit + 1) * above.unitCount].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    traits = [means.map { $0 / Double(rows) }, norms].map(Self.standardised)
  }

  private static func standardised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
  }

  /// Different control sets, each ascending: `count` of them, or all that the layer has where these are fewer.
  ///
  /// - Parameters:
  ///   - units: the target, ascending.
  ///   - number: of the target, so that each draws for itself; draw i is from `RandomStream(seed, "ablation control", number · 2³² + i)`.
  func sets(for units: [Int], count: Int, seed: UInt64, number: Int) -> [[Int]] {
    let all = Array(traits[0].indices)
    let outside = all.filter { !units.contains($0) }
    let candidates = outside.count >= units.count ? outside : all
    let others = combinationCount(of: candidates.count, taking: units.count) - (candidates == all ? 1 : 0)
    guard others > count else { return combinations(of: candidates, taking: units.count).filter { $0 != units } }

    var squaredDistances = units.map { unit in
      all.map { candidate in traits.reduce(0) { $0 + ($1[candidate] - $1[unit]) * ($1[candidate] - $1[unit]) } }
    }
    var seen: Set<[Int]> = [units]
    var sets: [[Int]] = []
    var (draws, repeats) = (0, 0)
    while sets.count < count {
      draws += 1
      var stream = RandomStream(seed: seed, purpose: "ablation control", index: UInt64(number << 32 + draws))
      let set = draw(from: candidates, squaredDistances: squaredDistances, &stream)
      guard seen.insert(set).inserted else {
        repeats += 1
        if repeats == Self.patience { squaredDistances = squaredDistances.map { $0.map { _ in 0 } } }
        continue
      }
      sets.append(set)
      repeats = 0
    }
    return sets
  }

  /// One set, ascending: a partner for each row of `squaredDistances`, `[target units][layer units]`.
  private func draw(from candidates: [Int], squaredDistances: [[Double]], _ stream: inout RandomStream) -> [Int] {
    var candidates = candidates
    return squaredDistances.map { distances in
      // Relative to the nearest that is left: far from all, every weight would be 0.
      let nearest = candidates.reduce(Double.infinity) { min($0, distances[$1]) }
      let weights = candidates.map { exp(-0.5 * (distances[$0] - nearest)) }
      var remaining = stream.uniform() * weights.reduce(0, +)
      var choice = candidates.count - 1
      for (index, weight) in weights.enumerated() {
        remaining -= weight
        if remaining < 0 {
          choice = index
          break
        }
      }
      return candidates.remove(at: choice)
    }.sorted()
  }
}

/// In how many ways `taken` of `count` things can be taken; `Int.max` where there are more ways than fit.
private func combinationCount(of count: Int, taking taken: Int) -> Int {
  var ways = 1
  for step in 0..<min(taken, count - taken) {
    let (product, overflows) = ways.multipliedReportingOverflow(by: count - step)
    if overflows { return .max }
    ways = product / (step + 1)
  }
  return ways
}

/// All ways to take `taken` of some numbers, in lexicographic order.
private func combinations(of numbers: [Int], taking taken: Int) -> [[Int]] {
  guard taken > 0 else { return [[]] }
  guard numbers.count >= taken else { return [] }
  return numbers.indices.flatMap { first in
    combinations(of: Array(numbers[(first + 1)...]), taking: taken - 1).map { [numbers[first]] + $0 }
  }
}
