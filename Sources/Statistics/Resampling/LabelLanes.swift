internal import CBLAS

/// What the lanes need to know of some rows to deal labels to them.
struct Dealing: Sendable {
  /// Where a lane keeps the row's stratum.
  var places: [Int]
  /// Rows of the stratum that are left, this one included.
  var left: [Int]
  /// Share of treated rows in the stratum.
  var shares: [Double]
  /// Treated rows of a stratum that begins with this row; -1 where it has begun before.
  var beginning: [Int]

  init(rowCount: Int) {
    places = [Int](repeating: 0, count: rowCount)
    left = places
    shares = [Double](repeating: 0, count: rowCount)
    beginning = [Int](repeating: -1, count: rowCount)
  }
}

/// Some permutations of the labels, side by side: what is left of each stratum in each of them, and the sums of the treated rows.
final class LabelLanes: @unchecked Sendable {
  // Sendable because one thread at a time works on it: only a `PermutedSums`, which is not Sendable itself, holds it, and its `add` gives
  // each object to one block of `mapBlocks`, which hands out every block once and returns when all are done.

  static let width = 32

  let count: Int
  /// `[lanes × units]`
  private(set) var sums: [Double]
  private let units: Int
  private var streams: [RandomStream]
  /// Treated rows that are left, `[lanes × places]`.
  private var treatedLeft: [Int]
  private let placeCount: Int

  init(_ permutations: Range<Int>, units: Int, places: Int, seed: UInt64, purpose: String) {
    count = permutations.count
    self.units = units
    placeCount = places
    sums = [Double](repeating: 0, count: permutations.count * units)
    streams = permutations.map { RandomStream(seed: seed, purpose: purpose, index: UInt64($0)) }
    treatedLeft = [Int](repeating: 0, count: permutations.count * places)
  }

  /// Deals labels to rows and adds the treated ones to the sums.
  ///
  /// - Parameter columns: `[rows × units]`, rounded so that sums are exact.
  func add(_ columns: UnsafeBufferPointer<Double>, _ dealing: Dealing) {
    let rowCount = dealing.left.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: count * rowCount) { weights in
      for lane in 0..<count { deal(dealing, lane: lane, into: .init(rebasing: weights[lane * rowCount..<(lane + 1) * rowCount])) }
      guard units > 0 else { return }
      sums.withUnsafeMutableBufferPointer { sums in
        cblas_dgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(count), Int32(units), Int32(rowCount), 1, weights.baseAddress, Int32(rowCount),
          columns.baseAddress, Int32(units), 1, sums.baseAddress, Int32(units))
      }
    }
  }

  /// Writes 1 for each row that is treated, 0 for the others. Benchmark: units.
  private func deal(_ dealing: Dealing, lane: Int, into weights: UnsafeMutableBufferPointer<Double>) {
    var stream = streams[lane]
    let first = lane * placeCount
    treatedLeft.withUnsafeMutableBufferPointer { treatedLeft in
      dealing.places.withUnsafeBufferPointer { places in
        dealing.left.withUnsafeBufferPointer { left in
          dealing.beginning.withUnsafeBufferPointer { beginning in
            for row in weights.indices {
              let place = first + places[row]
              let remaining = beginning[row] >= 0 ? beginning[row] : treatedLeft[place]
              let isTreated = stream.uniform(below: left[row]) < remaining
              treatedLeft[place] = remaining - (isTreated ? 1 : 0)
              weights[row] = isTreated ? 1 : 0
            }
          }
        }
      }
    }
    streams[lane] = stream
  }
}
