import ActivationRecording
import Statistics

extension LayerMoments {
  /// Range, mean and spread of each unit over the none, self and other phases together.
  var spreads: [UnitSpread] {
    (0..<unitCount).map { unit in
      let parts = [self[.neither], self[.own], self[.other]].filter { $0.count > 0 }
      let total = parts.reduce(0.0) { $0 + Double($1.count) }
      let mean = parts.reduce(0.0) { $0 + $1.mean[unit] * (Double($1.count) / total) }
      let variance = parts.reduce(0.0) { sum, part in
        let distance = part.mean[unit] - mean
        return sum + ((part.variance(unit) ?? .infinity) + distance * distance) * (Double(part.count) / total)
      }
      return UnitSpread(
        mean: mean, deviation: variance.squareRoot(), low: parts.compactMap { $0.minimum(unit) }.min() ?? 0,
        high: parts.compactMap { $0.maximum(unit) }.max() ?? 0)
    }
  }
}
