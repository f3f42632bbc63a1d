import Foundation

/// From numbers to pixels along one axis.
struct Scale {
  private let low: Double
  private let high: Double
  private let start: Double
  private let end: Double
  private let isLogarithmic: Bool
  let ticks: [(value: Double, text: String)]

  /// A linear axis over the values and whatever else it is to hold, with round ends; without any finite value it runs from 0 to 1.
  init(over values: [Double], from start: Double, to end: Double, tickCount: Int = 5) {
    // Steps between the largest and the smallest of doubles are none.
    let finite = values.filter(\.isFinite).map { abs($0) < 1e-290 ? 0 : min(1e300, max(-1e300, $0)) }
    var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    if high - low <= abs(high) * 1e-9 {
      let margin = high == 0 ? 1 : abs(high) / 2
      (low, high) = (low - margin, high + margin)
    }
    let step = Self.roundStep((high - low) / Double(max(1, tickCount)))
    (low, high) = ((low / step + 1e-9).rounded(.down) * step, (high / step - 1e-9).rounded(.up) * step)
    (self.low, self.high, self.start, self.end, isLogarithmic) = (low, high, start, end, false)
    let count = min(50, Int(((high - low) / step).rounded()))
    ticks = (0...max(1, count)).map { index in
      let value = low + Double(index) * step
      return (value, tickText(value, step: step))
    }
  }

  /// A logarithmic axis; nil unless every value is above 0.
  init?(logarithmicOver values: [Double], from start: Double, to end: Double) {
    let finite = values.filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max(), least > 0 else { return nil }
    let (first, last) = (log10(least).rounded(.down), log10(most).rounded(.up))
    let factors: [Double] = last - first > 3 ? [1] : [1, 2, 5]
    let marks = stride(from: first, through: last, by: 1).flatMap { power in factors.map { $0 * pow(10, power) } }.filter {
      $0 > 0 && $0.isFinite
    }
    let low = marks.last { $0 <= least * (1 + 1e-9) } ?? least
    let high = marks.first { $0 >= most * (1 - 1e-9) } ?? most
    (self.low, self.high, self.start, self.end, isLogarithmic) = (low, max(high, low * 1.01), start, end, true)
    ticks = marks.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }.map { ($0, numberText($0, digits: 2)) }
  }

  func position(_ value: Double) -> Double {
    let share =
      isLogarithmic ? (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low)) : (value - low) / (high - low)
    return start + min(1, max(0, share)) * (end - start)
  }

  func contains(_ value: Double) -> Bool { value >= low && value <= high }

  /// 1, 2 or 5 times a power of ten, at least the step asked for.
  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10) * power
  }
}
