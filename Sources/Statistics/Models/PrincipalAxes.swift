internal import CBLAS
import Foundation
import Parallelism

/// The first principal axes of some rows of a layer: unit vectors over its units along which the rows vary most, in the scale of the
/// activations.
public struct PrincipalAxes: Sendable {
  /// `[count × units]`, each of length 1 and square to the others.
  public let axes: [Double]
  /// Variance along each axis (ddof 1), in units of the square of `ScaledRows.largestScale`, and that along the next one; descending.
  public let variances: [Double]
  public let count: Int
  /// Rows that they were taken from.
  public let rowCount: Int
  /// Whether the axes were found, and the variance of the one that comes next: those of nearly equal variance, or of one that is lost beside the
  /// first, may not settle, and there is none where nothing varies.
  public let hasSettled: Bool

  /// Whether the last axis is set apart from the next one by more than the sampling error of its variance, λ√(2/n) (North et al., 1982):
  /// where it is not, another sample would have another axis in its place.
  public var isSeparated: Bool {
    guard count > 0, variances.count >= count, rowCount > 0 else { return false }
    guard variances.count > count else { return true }
    let last = variances[count - 1]
    return last - variances[count] > last * (2 / Double(rowCount)).squareRoot()
  }

  /// Principal angles between two spaces of as many axes, in degrees, ascending (Björck and Golub, 1973: from sines where they are small).
  public static func angles(_ first: [Double], _ second: [Double], count: Int) -> [Double] {
    guard count > 0, first.count == second.count, first.count >= count else { return [] }
    let units = first.count / count
    func dot(_ a: [Double], _ row: Int, _ b: [Double], _ other: Int) -> Double {
      var sum = 0.0
      for unit in 0..<units { sum += a[row * units + unit] * b[other * units + unit] }
      return sum
    }
    var products = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0..<count { products[row * count + column] = dot(first, row, second, column) }
    }
    // What of the second space lies outside the first.
    var rest = second
    for column in 0..<count {
      for row in 0..<count {
        let product = products[row * count + column]
        for unit in 0..<units { rest[column * units + unit] -= product * first[row * units + unit] }
      }
    }
    var (cosines, sines) = ([Double](repeating: 0, count: count * count), [Double](repeating: 0, count: count * count))
    for a in 0..<count {
      for b in 0..<count {
        for row in 0..<count { cosines[a * count + b] += products[row * count + a] * products[row * count + b] }
        sines[a * count + b] = dot(rest, a, rest, b)
      }
    }
    let squaredCosines = SymmetricEigen(cosines, size: count).values
    let squaredSines = SymmetricEigen(sines, size: count).values.reversed()
    return zip(squaredCosines, squaredSines).map { atan2(max(0, $1).squareRoot(), max(0, $0).squareRoot()) * 180 / .pi }
  }
}

extension ScaledRows {
  /// The largest of `scales` of units that vary; what axes and shares are taken of is divided by it, so that no square leaves the range of doubles.
  public var largestScale: Double { zip(scales, isConstant).lazy.filter { !$0.1 }.map(\.0).max() ?? 1 }

  /// Of each unit its scale over the largest one; 0 where it has a single value, whatever that is.
  public var relativeScales: [Double] {
    let largest = largestScale
    return zip(scales, isConstant).map { $1 ? 0 : $0 / largest }
  }

  /// Rows that are centred at a time; a function of the units alone.
  private var rowsPerPanel: Int { max(64, min(4096, (1 << 20) / max(1, unitCount))) }

  /// The first principal axes of some rows.
  ///
  /// Block Krylov iteration with thick restarts on the rows themselves (Stathopoulos and Saad, 1998; Musco and Musco, 2015), in double
  /// precision, from a random start: in memory are some 150 vectors over the units, and never a matrix of units by units. Up to 64 units the
  /// basis spans all of them. Axes have settled where each has ‖Cv − λv‖ ≤ 1e-9 λ, C the covariance and λ its own variance, the next one having
  /// 1e-4 λ: so an axis is off by no more than 1e-9 λ over its distance to the next variance.
  /// Sums are taken over blocks of rows in order: `threads` changes no digit.
  ///
  /// - Parameters:
  ///   - rows: their numbers.
  ///   - count: how many axes; fewer where rows or units are.
  public func principalAxes(of rows: [Int32], count: Int, seed: UInt64, threads: Int) throws -> PrincipalAxes {
    let units = unitCount
    let count = max(0, min(count, min(units, rows.count - 1)))
    guard count > 0 else { return PrincipalAxes(axes: [], variances: [], count: 0, rowCount: rows.count, hasSettled: false) }
    let means = try rowMeans(of: rows, threads: threads)
    let width = min(units, count + 5)
    let most = min(units, max(64, 4 * width))
    var basis = KrylovBasis(units: units)
    var stream = RandomStream(seed: seed, purpose: "start of principal axes")
    var block = basis.orthonormalised((0..<width * units).map { _ in stream.normal() })
    var stops = 0
    for _ in 0..<Self.mostRestarts {
      while !block.isEmpty {
        let images = try covarianceProduct(of: rows, means: means, block, threads: threads)
        basis.append(block, images: images)
        block = basis.orthonormalised(images, most: most - basis.count)
      }
      let ritz = basis.ritz(count: min(width, basis.count))
      let largest = ritz.values.first ?? 0
      let settled = ritz.hasSettled(count)
      if settled || !largest.isFinite { return axes(ritz, count: count, rows: rows.count, hasSettled: settled) }
      // Images anew: those of the basis, put together, have the rounding of the largest.
      let images = try covarianceProduct(of: rows, means: means, ritz.vectors, threads: threads)
      block = basis.restart(ritz, images: images, width: width)
      // Where nothing lies outside the basis, a second look from its own axes has fewer digits to lose.
      stops += block.isEmpty ? 1 : 0
      if stops > 2 { break }
    }
    return axes(basis.ritz(count: min(width, basis.count)), count: count, rows: rows.count, hasSettled: false)
  }

  private func axes(_ ritz: KrylovBasis.Ritz, count: Int, rows: Int, hasSettled: Bool) -> PrincipalAxes {
    let found = min(count, ritz.values.count)
    return PrincipalAxes(
      axes: Array(ritz.vectors.prefix(found * unitCount)), variances: Array(ritz.values.prefix(count + 1)), count: found, rowCount: rows,
      hasSettled: hasSettled && found == count)
  }

  private static var mostRestarts: Int { 30 }

  /// Sums of squares of some rows about their mean: along each of some axes, and over all units. In units of the square of `largestScale`.
  ///
  /// - Parameter axes: `[count × units]`.
  public func squares(of rows: [Int32], along axes: [Double], threads: Int) throws -> (along: [Double], total: Double) {
    let (units, count) = (unitCount, axes.count / max(1, unitCount))
    let means = try rowMeans(of: rows, threads: threads)
    let parts = try mapPanels(of: rows, means: means, threads: threads) { panel, panelRows in
      let along = Self.product(panel, rows: panelRows, axes, units: units, count: count)
      var squares = [Double](repeating: 0, count: count)
      for row in 0..<panelRows {
        for axis in 0..<count { squares[axis] += along[row * count + axis] * along[row * count + axis] }
      }
      return (squares, panel.reduce(0) { $0 + $1 * $1 })
    }
    return (
      (0..<count).map { axis in parts.reduce(0) { $0 + $1.0[axis] } }, parts.reduce(0) { $0 + $1.1 }
    )
  }

  /// Bytes that axes of some rows take beside the rows: panels, basis and images, and what blocks of rows add.
  public static func axesBytes(rows: Double, units: Double, axes: Double, threads: Int) -> Double {
    let width = axes + 5
    let panelRows = max(64, min(4096, Double(1 << 20) / max(1, units)))
    let basis = 16 * units * min(units, max(64, 4 * width))
    return basis * 1.5 + 8 * units * width * (8 + rows / panelRows) + Double(max(1, threads)) * 8 * panelRows * (units + width)
  }

  // MARK: Products

  /// Means of some rows in their scaled values.
  private func rowMeans(of rows: [Int32], threads: Int) throws -> [Double] {
    let units = unitCount
    let sums = try mapPanels(of: rows, means: [Double](repeating: 0, count: units), scaled: false, threads: threads) { panel, panelRows in
      var sums = [Double](repeating: 0, count: units)
      for row in 0..<panelRows {
        for unit in 0..<units { sums[unit] += panel[row * units + unit] }
      }
      return sums
    }
    return (0..<units).map { unit in sums.reduce(0) { $0 + $1[unit] } / Double(max(1, rows.count)) }
  }

  /// C V of vectors V `[count × units]`, C the covariance of some rows (ddof 1).
  private func covarianceProduct(of rows: [Int32], means: [Double], _ vectors: [Double], threads: Int) throws -> [Double] {
    let (units, count) = (unitCount, vectors.count / max(1, unitCount))
    let parts = try mapPanels(of: rows, means: means, threads: threads) { panel, panelRows in
      let along = Self.product(panel, rows: panelRows, vectors, units: units, count: count)
      var images = [Double](repeating: 0, count: count * units)
      cblas_dgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, Int32(count), Int32(units), Int32(panelRows), 1, along, Int32(count), panel, Int32(units),
        0,
        &images, Int32(units))
      return images
    }
    var result = [Double](repeating: 0, count: count * units)
    let degrees = Double(max(1, rows.count - 1))
    for part in parts {
      for index in result.indices { result[index] += part[index] }
    }
    for index in result.indices { result[index] /= degrees }
    return result
  }

  /// X Vᵀ, `[rows × count]`.
  private static func product(_ panel: [Double], rows: Int, _ vectors: [Double], units: Int, count: Int) -> [Double] {
    var along = [Double](repeating: 0, count: rows * count)
    guard rows > 0, count > 0 else { return along }
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(count), Int32(units), 1, panel, Int32(units), vectors, Int32(units), 0,
      &along, Int32(count))
    return along
  }

  /// Rows less their means in panels of a fixed size, in the scale of the activations over the largest one.
  private func mapPanels<Result: Sendable>(
    of rows: [Int32], means: [Double], scaled: Bool = true, threads: Int, _ body: @Sendable ([Double], Int) -> Result
  ) throws -> [Result] {
    mirrorscope_blas_threads(1)
    let (units, size) = (unitCount, rowsPerPanel)
    let relative = scaled ? relativeScales : [Double](repeating: 1, count: units)
    return try mapBlocks(count: (rows.count + size - 1) / size, threads: threads) { number in
      let own = rows[number * size..<min((number + 1) * size, rows.count)]
      let panel = [Double](unsafeUninitializedCapacity: own.count * units) { target, initialized in
        centre(own, means: means, factors: relative, into: target)
        initialized = own.count * units
      }
      return body(panel, own.count)
    }
  }
}

/// Orthonormal vectors and their images under a symmetric matrix.
private struct KrylovBasis {
  let units: Int
  private(set) var count = 0
  /// `[count × units]`
  private var vectors: [Double] = []
  private var images: [Double] = []

  init(units: Int) { self.units = units }

  mutating func append(_ block: [Double], images: [Double]) {
    vectors += block
    self.images += images
    count += block.count / max(1, units)
  }

  /// What vectors add to the basis, orthonormal; those that add nothing are left out.
  ///
  /// - Parameter most: how many at most.
  func orthonormalised(_ block: [Double], most: Int = .max) -> [Double] {
    var result: [Double] = []
    for start in stride(from: 0, to: block.count, by: max(1, units)) where result.count / max(1, units) < most {
      var vector = Array(block[start..<start + units])
      let length = norm(vector)
      guard length > 0, length.isFinite else { continue }
      for unit in 0..<units { vector[unit] /= length }
      // Twice is enough (Giraud et al., 2005).
      for _ in 0..<2 {
        subtract(vectors, from: &vector)
        subtract(result, from: &vector)
      }
      let left = norm(vector)
      guard left > 1e-10 else { continue }
      for unit in 0..<units { vector[unit] /= left }
      result += vector
    }
    return result
  }

  private func subtract(_ others: [Double], from vector: inout [Double]) {
    let rows = others.count / max(1, units)
    guard rows > 0 else { return }
    var products = [Double](repeating: 0, count: rows)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), 1, Int32(units), 1, others, Int32(units), vector, 1, 0, &products, 1)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, 1, Int32(units), Int32(rows), -1, products, Int32(rows), others, Int32(units), 1, &vector,
      Int32(units))
  }

  private func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// The best approximations of eigenvectors in the basis.
  struct Ritz {
    var values: [Double]
    /// `[count × units]`
    var vectors: [Double]
    /// ‖Ay − θy‖ of each, but for what lies along the others: that is the rounding of the larger ones.
    var residuals: [Double]

    /// Whether the first ones are eigenvectors, and the next one, if there is one, nearly.
    func hasSettled(_ count: Int) -> Bool {
      guard count > 0, values.count >= count, let last = values.prefix(count).last, last > 0, last.isFinite else { return false }
      // Less than the rounding of the first may make of nothing is nothing.
      guard last > 1e-15 * values[0], zip(values, residuals).prefix(count).allSatisfy({ $1 <= 1e-9 * $0 }) else { return false }
      return residuals.count <= count || residuals[count] <= 1e-4 * last
    }
  }

  func ritz(count wanted: Int) -> Ritz {
    let size = count
    var projected = [Double](repeating: 0, count: size * size)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(size), Int32(size), Int32(units), 1, vectors, Int32(units), images, Int32(units), 0,
      &projected, Int32(size))
    let eigen = SymmetricEigen(projected, size: size)
    func combined(_ rows: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: wanted * units)
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(wanted), Int32(units), Int32(size), 1, eigen.vectors, Int32(size), rows,
        Int32(units),
        0, &result, Int32(units))
      return result
    }
    let (own, image) = (combined(vectors), combined(images))
    let residuals = (0..<wanted).map { index in
      var rest = (0..<units).map { image[index * units + $0] - eigen.values[index] * own[index * units + $0] }
      subtract(own, from: &rest)
      return norm(rest)
    }
    return Ritz(values: Array(eigen.values.prefix(wanted)), vectors: own, residuals: residuals)
  }

  /// Keeps the best vectors alone.
  ///
  /// - Parameter images: theirs.
  /// - Returns: what goes on from them: what their images add to them.
  mutating func restart(_ ritz: Ritz, images: [Double], width: Int) -> [Double] {
    (vectors, self.images, count) = (ritz.vectors, images, ritz.values.count)
    var rest = images
    for index in 0..<count {
      for unit in 0..<units { rest[index * units + unit] -= ritz.values[index] * vectors[index * units + unit] }
    }
    return orthonormalised(rest, most: width)
  }
}
