import Foundation
import Parallelism
import Statistics

/// Activations of one kind by pair, as a measure compares them: all three measures are squared distances of these vectors times a factor.
///
/// mse takes them as they are but for a power of two, 1/units; cosine at length 1, ½; correlation less their mean over the units, at length 1, ½.
struct OverlapVectors: Sendable {
  let units: Int
  /// `[pairs × units]`
  private(set) var values: [Double]
  /// Whether a pair has a vector: one of length 0, or that is the same in all units, has no direction.
  let isDefined: [Bool]
  /// Squared length of each, once something was taken off them.
  private(set) var squares: [Double] = []

  /// - Parameter scale: what activations are multiplied by for mse.
  init(_ means: [Double], units: Int, measure: OverlapMeasure, scale: OverlapScale, threads: Int) throws {
    self.units = units
    let count = units > 0 ? means.count / units : 0
    guard measure != .mse else {
      values = scale.factor == 1 ? means : means.map { $0 * scale.factor }
      isDefined = [Bool](repeating: true, count: count)
      return
    }
    var values = means
    isDefined = try values.withUnsafeMutableBufferPointer { values in
      // Each pair has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let values = values
      let size = 64
      return try mapBlocks(count: (count + size - 1) / size, threads: threads) { block in
        (block * size..<min((block + 1) * size, count)).map { pair in
          Self.normalise(UnsafeMutableBufferPointer(rebasing: values[pair * units..<(pair + 1) * units]), centred: measure == .correlation)
        }
      }.flatMap { $0 }
    }
    self.values = values
  }

  /// - Returns: false for a vector without a direction, which becomes 0.
  private static func normalise(_ vector: UnsafeMutableBufferPointer<Double>, centred: Bool) -> Bool {
    let largest = vector.reduce(0) { max($0, abs($1)) }
    if centred {
      let origin = vector.first ?? 0
      let mean = vector.reduce(0) { $0 + ($1 - origin) } / Double(max(1, vector.count))
      for unit in vector.indices { vector[unit] = (vector[unit] - origin) - mean }
    }
    let size = vector.reduce(0) { max($0, abs($1)) }
    // What is left of equal values is rounding.
    guard size > 0, size.isFinite, size > 1e-13 * largest, !centred || vector.count > 2 else {
      for unit in vector.indices { vector[unit] = 0 }
      return false
    }
    // By the largest first: squares may leave the range of doubles.
    for unit in vector.indices { vector[unit] /= size }
    let length = sumOfProducts(count: vector.count) { vector[$0] * vector[$0] }.squareRoot()
    for unit in vector.indices { vector[unit] /= length }
    return true
  }

  /// Σ (x − y)² of a vector and another's.
  func squaredDistance(_ pair: Int, _ other: OverlapVectors, _ place: Int) -> Double {
    values.withUnsafeBufferPointer { own in
      other.values.withUnsafeBufferPointer { others in
        sumOfProducts(count: units) { unit in
          let difference = own[pair * units + unit] - others[place * units + unit]
          return difference * difference
        }
      }
    }
  }

  /// Takes a vector off all of them: distances stay the same, and sums of products keep their digits.
  mutating func subtract(_ origin: [Double]) {
    squares = values.withUnsafeMutableBufferPointer { values in
      origin.withUnsafeBufferPointer { origin in
        isDefined.indices.map { pair in
          for unit in 0..<units { values[pair * units + unit] -= origin[unit] }
          return sumOfProducts(count: units) { values[pair * units + $0] * values[pair * units + $0] }
        }
      }
    }
  }

  /// The mean of all vectors of some sets of one size.
  static func mean(of sets: [OverlapVectors]) -> [Double] {
    var mean = [Double](repeating: 0, count: sets.first?.units ?? 0)
    for set in sets {
      for pair in set.isDefined.indices { set.add(pair, to: &mean) }
    }
    let count = sets.reduce(0) { $0 + $1.isDefined.count }
    return mean.map { $0 / Double(max(1, count)) }
  }

  /// Adds one vector to a sum.
  func add(_ pair: Int, to sum: inout [Double]) {
    values.withUnsafeBufferPointer { values in
      sum.withUnsafeMutableBufferPointer { sum in
        for unit in 0..<units { sum[unit] += values[pair * units + unit] }
      }
    }
  }
}

/// Σ of a function of 0..<count, in four sums side by side.
///
/// Benchmark: overlap. In one sum each addition waits for the one before.
@inline(__always)
private func sumOfProducts(count: Int, _ product: (Int) -> Double) -> Double {
  var sums = SIMD4<Double>(repeating: 0)
  var index = 0
  while index + 4 <= count {
    sums += SIMD4(product(index), product(index + 1), product(index + 2), product(index + 3))
    index += 4
  }
  var sum = sums.sum()
  while index < count {
    sum += product(index)
    index += 1
  }
  return sum
}

/// From squared distances of `OverlapVectors` to those of a measure: a power of two brings activations into −1…1 for mse, so that no square
/// leaves the range of doubles on the way.
struct OverlapScale: Sendable {
  let factor: Double
  private let measure: OverlapMeasure
  private let units: Double

  /// - Parameter largest: the largest absolute mean of a pair or stratum.
  init(largest: Double, units: Int, measure: OverlapMeasure) {
    (self.measure, self.units) = (measure, Double(max(1, units)))
    guard measure == .mse else {
      factor = 1
      return
    }
    let exponent = largest > 0 && largest.isFinite ? max(-1000, min(1000, Int(largest.exponent) + 1)) : 0
    factor = Double(sign: .plus, exponent: -exponent, significand: 1)
  }

  /// Nil where a double does not hold it.
  func distance(_ squared: Double) -> Double? {
    guard measure == .mse else { return squared * 0.5 }
    let value = squared / units / factor / factor
    return value.isFinite && (squared == 0 || value >= .leastNormalMagnitude) ? value : nil
  }
}
