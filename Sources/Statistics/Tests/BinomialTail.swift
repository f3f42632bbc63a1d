import Foundation

/// P(X ≥ successes) for X binomial: Σ over i ≥ successes of C(n, i) pⁱ (1 − p)ⁿ⁻ⁱ (`scipy.stats.binom.sf(successes - 1, n, p)`).
///
/// The shorter tail is summed from its largest term on, each term from the one before. 1 for 0 successes, 0 for more than there are trials;
/// NaN for what is no number of trials and no probability.
///
/// - Parameters:
///   - trials: at least 0.
///   - probability: 0 to 1.
public func binomialUpperTail(successes: Int, trials: Int, probability: Double) -> Double {
  guard trials >= 0, (0...1).contains(probability) else { return .nan }
  if successes <= 0 { return 1 }
  if successes > trials || probability == 0 { return 0 }
  if probability == 1 { return 1 }
  func term(_ count: Int) -> Double {
    let fewer = min(count, trials - count)
    let ways = (0..<fewer).reduce(0) { $0 + log(Double(trials - $1) / Double($1 + 1)) }
    return exp(ways + Double(count) * log(probability) + Double(trials - count) * log1p(-probability))
  }
  let odds = probability / (1 - probability)
  if Double(successes) > Double(trials) * probability {
    var sum = 0.0
    var current = term(successes)
    for count in successes...trials {
      sum += current
      if current <= sum * 1e-17 { break }
      current *= Double(trials - count) / Double(count + 1) * odds
    }
    return min(1, sum)
  }
  var sum = 0.0
  var current = term(successes - 1)
  for count in stride(from: successes - 1, through: 0, by: -1) {
    sum += current
    if current <= sum * 1e-17 { break }
    current *= Double(count) / Double(trials - count + 1) / odds
  }
  return max(0, 1 - sum)
}
