internal import CBLAS
import Parallelism

/// Permutes the labels of two groups, inside strata where there are any, over rows that come block by block, and gives the difference of
/// means per unit for each permutation. Memory does not grow with the rows.
///
/// Rows are dealt their labels as they come: of m rows of a stratum that are left, k of them to be treated, the next one is treated with
/// probability k/m (selection sampling; Fan, Muller and Rezucha, 1962), which makes all relabellings equally likely. Permutation number i
/// draws from `RandomStream(seed:purpose:index: i)` alone and all sums are exact: neither the blocks nor `threads` nor the number of
/// permutations asked for changes a digit of it. Two contrasts permuted independently need two purposes.
public final class PermutedSums {
  private let units: Int
  private let grid: ExactGrid
  private let strata: PermutationStrata
  private let lanes: [LabelLanes]
  /// Strata of which rows are left, and where the lanes keep them.
  private var open: [Int32: Place] = [:]
  private var freePlaces: [Int]
  /// Strata that have begun.
  private var dealt: Set<Int32> = []
  /// Sums over all rows, and over the treated ones as observed: `[units]`.
  private var all: [Double]
  private var treated: [Double]
  /// Sums over all rows of value × the share of treated rows in its stratum.
  private var expected: [CompensatedSum]

  private struct Place {
    let number: Int
    /// Rows that are left of the stratum.
    var left: Int
    let treatedShare: Double
  }

  /// For rows of floats.
  ///
  /// - Parameters:
  ///   - magnitudes: per unit the largest |value| among the rows in use, which sets the grid that makes sums exact: with larger values
  ///     they are no more. A magnitude that isn't finite makes the unit's results NaN.
  ///   - strata: of all rows, in the order in which they will come.
  ///   - permutations: numbers of the permutations to take; those of several objects may be put together.
  public convenience init(
    magnitudes: [Double], strata: PermutationStrata, permutations: Range<Int>, seed: UInt64, purpose: String
  ) {
    self.init(
      grid: ExactGrid(magnitudes: magnitudes, totalWeight: strata.rowCount), units: magnitudes.count,
      strata: strata, permutations: permutations, seed: seed, purpose: purpose)
  }

  /// For rows of doubles, which are summed as distances from the lower end of their unit's range: what they differ by counts, however small
  /// it is beside them.
  ///
  /// - Parameters:
  ///   - ranges: per unit the smallest and the largest value among the rows in use; with values outside, sums are not exact.
  /// - Throws: `StatisticsError.tooLarge` for a range that is wider than the largest double.
  public convenience init(
    ranges: [ClosedRange<Double>], strata: PermutationStrata, permutations: Range<Int>, seed: UInt64, purpose: String
  ) throws(StatisticsError) {
    let magnitudes = ranges.map { $0.upperBound - $0.lowerBound }
    if let unit = magnitudes.firstIndex(where: { !$0.isFinite }) {
      throw .tooLarge(
        unit: unit, value: max(-ranges[unit].lowerBound, ranges[unit].upperBound), limit: .greatestFiniteMagnitude)
    }
    self.init(
      grid: ExactGrid(magnitudes: magnitudes, origins: ranges.map(\.lowerBound), totalWeight: strata.rowCount), units: ranges.count,
      strata: strata, permutations: permutations, seed: seed, purpose: purpose)
  }

  private init(
    grid: ExactGrid, units: Int, strata: PermutationStrata, permutations: Range<Int>, seed: UInt64, purpose: String
  ) {
    self.units = units
    self.grid = grid
    self.strata = strata
    let placeCount = strata.mostOpen
    lanes = stride(from: permutations.lowerBound, to: permutations.upperBound, by: LabelLanes.width).map { first in
      LabelLanes(
        first..<min(first + LabelLanes.width, permutations.upperBound), units: units, places: placeCount, seed: seed, purpose: purpose)
    }
    freePlaces = Array((0..<placeCount).reversed())
    all = [Double](repeating: 0, count: units)
    treated = all
    expected = all.map { _ in CompensatedSum() }
  }

  /// Bytes that one permutation takes, beside its results.
  public static func bytesPerPermutation(units: Int, strata: PermutationStrata) -> Int { 8 * (units + strata.mostOpen) }

  /// Adds the next rows.
  ///
  /// - Parameters:
  ///   - values: `[rows × units]`, floats or doubles; a row that is `.neither` is not looked at.
  ///   - sides: one per row.
  ///   - strata: one per row, or nil, as `PermutationStrata` was told.
  /// - Throws: `StatisticsError`: `.shape` where there is not a side and a stratum per row, `.unannouncedRows` for more rows of a stratum than
  ///   `PermutationStrata` was told of. The sums are then of no use.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public func add<Value: BinaryFloatingPoint & Sendable>(
    _ values: UnsafeBufferPointer<Value>, sides: [ContrastSide], strata labels: [Int32]?, threads: Int
  ) throws {
    try require(values.count, sides.count * units, "values of the rows that have a side")
    if let labels { try require(labels.count, sides.count, "strata of the rows") }
    mirrorscope_blas_threads(1)
    let used = sides.indices.filter { sides[$0] != .neither }.map { Int32($0) }
    let chunkRows = max(64, min(2048, 131_072 / max(1, units)))
    let columns = UnsafeMutableBufferPointer<Double>.allocate(capacity: chunkRows * units)
    defer { columns.deallocate() }
    for start in stride(from: 0, to: used.count, by: chunkRows) {
      let rows = Array(used[start..<min(start + chunkRows, used.count)])
      grid.round(values, rows: rows[...], into: columns)
      // Threads only read it, and all are done before the next rows are written to it.
      nonisolated(unsafe) let shared = UnsafeBufferPointer(rebasing: columns[..<(rows.count * units)])
      let dealing = try dealing(rows, labels: labels)
      addWithoutChance(shared, dealing, isTreated: rows.map { sides[Int($0)] == .treated })
      let lanes = lanes
      _ = try mapBlocks(count: lanes.count, threads: threads) { lanes[$0].add(shared, dealing) }
    }
  }

  /// Says how labels are dealt to the next rows.
  private func dealing(_ rows: [Int32], labels: [Int32]?) throws(StatisticsError) -> Dealing {
    var dealing = Dealing(rowCount: rows.count)
    // Rows of a stratum mostly come one after another.
    var current: (label: Int32, place: Place)?
    for (position, row) in rows.enumerated() {
      let label = labels?[Int(row)] ?? 0
      var place: Place
      if let current, current.label == label {
        place = current.place
      } else {
        if let current { open[current.label] = current.place }
        if let known = open[label] {
          place = known
        } else {
          guard let size = strata.sizes[label], let number = freePlaces.popLast(), dealt.insert(label).inserted else {
            throw .unannouncedRows(stratum: label)
          }
          place = Place(number: number, left: size.total, treatedShare: Double(size.treated) / Double(max(1, size.total)))
          dealing.beginning[position] = size.treated
        }
      }
      dealing.places[position] = place.number
      dealing.left[position] = place.left
      dealing.shares[position] = place.treatedShare
      place.left -= 1
      if place.left > 0 {
        current = (label, place)
      } else {
        current = nil
        open[label] = nil
        freePlaces.append(place.number)
      }
    }
    if let current { open[current.label] = current.place }
    return dealing
  }

  /// Adds rows to the sums that need no chance. The buffers are opened once: a class checks every access to a property of its own.
  private func addWithoutChance(_ columns: UnsafeBufferPointer<Double>, _ dealing: Dealing, isTreated: [Bool]) {
    let (units, hasStrata) = (units, strata.sizes.count > 1)
    all.withUnsafeMutableBufferPointer { all in
      treated.withUnsafeMutableBufferPointer { treated in
        for row in isTreated.indices {
          let values = UnsafeBufferPointer(rebasing: columns[row * units..<(row + 1) * units])
          for unit in 0..<units { all[unit] += values[unit] }
          if isTreated[row] {
            for unit in 0..<units { treated[unit] += values[unit] }
          }
        }
      }
    }
    guard hasStrata else { return }
    expected.withUnsafeMutableBufferPointer { expected in
      for row in isTreated.indices {
        for unit in 0..<units { expected[unit].add(dealing.shares[row] * columns[row * units + unit]) }
      }
    }
  }

  /// The differences, once all rows are in; NaN as long as they are not.
  public func finish() -> PermutationNull {
    let isComplete = open.isEmpty && dealt.count == strata.sizes.count
    let treatedCount = isComplete ? Double(strata.treatedCount) : .nan
    let referenceCount = isComplete ? Double(strata.rowCount - strata.treatedCount) : .nan
    func differences(_ treatedSums: some Collection<Double>) -> [Double] {
      zip(zip(treatedSums, all), 0...).map { sums, unit in
        (sums.0 / treatedCount - (sums.1 - sums.0) / referenceCount) / grid.scale(unit)
      }
    }
    return PermutationNull(
      units: units, permutations: lanes.reduce(0) { $0 + $1.count }, observed: differences(treated),
      expected: strata.sizes.count > 1 ? differences(expected.map(\.value)) : [Double](repeating: 0, count: units),
      differences: lanes.flatMap { group in
        (0..<group.count).flatMap { differences(group.sums[$0 * units..<($0 + 1) * units]) }
      })
  }
}
