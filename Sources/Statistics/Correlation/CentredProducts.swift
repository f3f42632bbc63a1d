internal import CBLAS
import Parallelism

/// Products of chosen vectors of two sets about their means.
public struct CentredProducts: Sendable {
  /// Vectors of each set.
  public let count: Int
  /// (x − x̄)·(y − ȳ) of every chosen vector x of one set with every chosen one y of the other, `[count × count]`.
  public let values: [Double]
  /// Σ |x − x̄| |y − ȳ| over vectors in the same place: what rounding is to be held against.
  public let size: Double

  /// In double precision; no number of threads changes a digit.
  ///
  /// - Parameters:
  ///   - first: `[vectors × units]`
  ///   - second: likewise.
  ///   - chosen: numbers of vectors.
  /// - Throws: `StatisticsError.shape` where a chosen vector is not there.
  public init(_ first: [Double], _ second: [Double], chosen: [Int], units: Int, threads: Int) throws {
    let there = units > 0 ? min(first.count, second.count) / units : 0
    guard chosen.allSatisfy({ $0 >= 0 && $0 < there }) else {
      throw StatisticsError.shape(what: "vectors", expected: (chosen.max() ?? 0) + 1, found: there)
    }
    mirrorscope_blas_threads(1)
    let (size, panel) = (chosen.count, 128)
    let (left, right) = (Self.centred(first, chosen, units), Self.centred(second, chosen, units))
    count = size
    var lengths = 0.0
    for place in 0..<size {
      let own = place * units..<(place + 1) * units
      lengths += (left[own].reduce(0) { $0 + $1 * $1 } * right[own].reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    self.size = lengths
    var result = [Double](repeating: 0, count: size * size)
    try result.withUnsafeMutableBufferPointer { result in
      guard let base = result.baseAddress else { return }
      // Each block of rows has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let target = base
      _ = try mapBlocks(count: (size + panel - 1) / panel, threads: threads) { number in
        let rows = number * panel..<min((number + 1) * panel, size)
        left.withUnsafeBufferPointer { values in
          guard let source = values.baseAddress else { return }
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows.count), Int32(size), Int32(units), 1, source + rows.lowerBound * units,
            Int32(units), right, Int32(units), 0, target + rows.lowerBound * size, Int32(size))
        }
      }
    }
    values = result
  }

  /// Chosen vectors less their mean.
  private static func centred(_ vectors: [Double], _ chosen: [Int], _ units: Int) -> [Double] {
    var mean = [Double](repeating: 0, count: units)
    for number in chosen {
      for unit in 0..<units { mean[unit] += vectors[number * units + unit] }
    }
    for unit in 0..<units { mean[unit] /= Double(max(1, chosen.count)) }
    return [Double](unsafeUninitializedCapacity: chosen.count * units) { target, initialized in
      for (place, number) in chosen.enumerated() {
        for unit in 0..<units { target.initializeElement(at: place * units + unit, to: vectors[number * units + unit] - mean[unit]) }
      }
      initialized = chosen.count * units
    }
  }
}
