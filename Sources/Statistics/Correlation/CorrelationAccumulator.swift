internal import CBLAS
import Parallelism

/// The precision in which `CorrelationAccumulator` multiplies; sums over blocks are in Double either way.
public enum ProductPrecision: String, Sendable {
  /// Float products within blocks of centred rows, about twice as fast: r within 1e-6 of float64's (rectified units, 1,024 of them: 1.0e-6
  /// for 4,000 rows, 4.5e-7 for 100,000).
  case single = "float32"
  /// Double throughout: r within 1e-12 of float64's.
  case double = "float64"

  /// For all pairs of so many units, each with itself too.
  public static func suited(rows: Int, units: Int) -> ProductPrecision { suited(rows: rows, pairs: units * (units + 1) / 2) }

  /// Double where that is quick, Float where it would take long: from 2·10⁹ rows × pairs on.
  public static func suited(rows: Int, pairs: Int) -> ProductPrecision {
    Double(rows) * Double(pairs) > 2e9 ? .single : .double
  }
}

/// Pearson's correlations in one pass over a stream of rows, in the memory of the matrix and a few blocks.
///
/// Rows are cut into blocks of 1,024 counted from the first row added. Each block is centred, multiplied by BLAS, and joined to what came
/// before (Chan, Golub and LeVeque, 1979), so neither a large mean nor a drift costs digits. How rows are cut into calls of `add`, and
/// the number of threads, never change a digit. A value that isn't finite makes NaN of all that involves its unit.
///
/// Doubles are taken relative to the first row that was added, so what they differ by counts, however small it is beside them. A unit whose
/// values differ by less than 1e-150 counts as constant.
public struct CorrelationAccumulator: Sendable {
  private static let blockRows = 1024
  private static let tileColumns = 256

  private let left: Range<Int>
  private let right: Range<Int>
  private let precision: ProductPrecision
  private let batchRows: Int
  private var lanes: [CoMomentLane]
  /// Floats that don't fill a batch yet.
  private var pending: [Float] = []
  /// What rows of doubles are taken less of, once there are some, and such rows that don't fill a batch yet.
  private var origins: [Double]?
  private var distances: [Double] = []

  /// The largest distance of a double from its unit's first value: squares of products of two still are in the range of a Double.
  private static let largestDistance = 0x1p240

  /// Correlations of every unit with every unit.
  public init(units: Int, precision: ProductPrecision) {
    self.init(left: 0..<units, right: 0..<units, precision: precision)
  }

  /// Correlations of every left with every right unit, seen in the same rows.
  public init(leftUnits: Int, rightUnits: Int, precision: ProductPrecision) {
    self.init(left: 0..<leftUnits, right: leftUnits..<leftUnits + rightUnits, precision: precision)
  }

  private init(left: Range<Int>, right: Range<Int>, precision: ProductPrecision) {
    self.left = left
    self.right = right
    self.precision = precision
    let tiles = Self.tiles(left: left, right: right)
    // A single tile gives threads nothing to share, so narrow matrices have eight lanes of blocks; wide ones share their tiles.
    let laneCount = tiles.count > 1 ? 1 : 8
    batchRows = Self.blockRows * (tiles.count > 1 ? 4 : 16)
    lanes = [CoMomentLane](repeating: CoMomentLane(columns: right.upperBound, tiles: tiles), count: laneCount)
  }

  /// Adds rows of one set of units: [rows × units], floats or doubles.
  ///
  /// - Throws: `StatisticsError`: `.shape` for a row that is not whole or where there are two sets of units, `.tooLarge` for a double that is
  ///   more than 1.7e72 from its unit's first.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public mutating func add<Value: BinaryFloatingPoint & Sendable>(_ rows: UnsafeBufferPointer<Value>, threads: Int) throws {
    try require(left == right ? 1 : 2, 1, "sets of units")
    guard right.upperBound > 0 else { return }
    try require(rows.count % right.upperBound, 0, "values of the last row that is not whole")
    if Value.self == Float.self, origins == nil {
      try rows.withMemoryRebound(to: Float.self) { try addFloats($0, threads: threads) }
    } else {
      try addDistances(of: rows, threads: threads)
    }
  }

  /// Adds rows of one set of units: [rows × units], floats or doubles; see `add(_:threads:)`.
  public mutating func add<Value: BinaryFloatingPoint & Sendable>(_ rows: [Value], threads: Int) throws {
    try rows.withUnsafeBufferPointer { try add($0, threads: threads) }
  }

  /// Adds ranks: [rows × units].
  public mutating func add(_ ranks: ColumnRanks, threads: Int) throws {
    switch ranks {
    case .floats(let ranks): try add(ranks, threads: threads)
    case .doubles(let ranks): try add(ranks, threads: threads)
    }
  }

  /// Adds rows of two sets of units: [rows × left units] and [rows × right units], floats or doubles.
  ///
  /// - Throws: `StatisticsError`: `.shape` where the two have not the same number of rows or there is one set of units, `.tooLarge` as the
  ///   other `add`.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public mutating func add<Value: BinaryFloatingPoint & Sendable>(left leftRows: [Value], right rightRows: [Value], threads: Int) throws {
    try require(left == right ? 1 : 2, 2, "sets of units")
    guard !left.isEmpty, !right.isEmpty else { return }
    try require(leftRows.count % left.count, 0, "values of the last row that is not whole")
    try require(rightRows.count, leftRows.count / left.count * right.count, "values of the right units")
    var rows: [Value] = []
    for first in stride(from: 0, to: leftRows.count / left.count, by: batchRows) {
      rows.removeAll(keepingCapacity: true)
      for row in first..<min(first + batchRows, leftRows.count / left.count) {
        rows.append(contentsOf: leftRows[row * left.count..<(row + 1) * left.count])
        rows.append(contentsOf: rightRows[row * right.count..<(row + 1) * right.count])
      }
      try rows.withUnsafeBufferPointer { rows in
        if Value.self == Float.self, origins == nil {
          try rows.withMemoryRebound(to: Float.self) { try addFloats($0, threads: threads) }
        } else {
          try addDistances(of: rows, threads: threads)
        }
      }
    }
  }

  private mutating func addFloats(_ rows: UnsafeBufferPointer<Float>, threads: Int) throws {
    let batch = batchRows * right.upperBound
    var rest = rows[...]
    if !pending.isEmpty {
      let part = rest.prefix(batch - pending.count)
      pending.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      guard pending.count == batch else { return }
      let full = pending
      pending.removeAll(keepingCapacity: true)
      try full.withUnsafeBufferPointer { try process($0, threads: threads) }
    }
    while rest.count >= batch {
      try process(UnsafeBufferPointer(rebasing: rest.prefix(batch)), threads: threads)
      rest = rest.dropFirst(batch)
    }
    pending.append(contentsOf: rest)
  }

  /// Adds rows less the origins, which the first row sets unless floats came before.
  private mutating func addDistances<Value: BinaryFloatingPoint>(of rows: UnsafeBufferPointer<Value>, threads: Int) throws {
    let columns = right.upperBound
    guard !rows.isEmpty else { return }
    let hasFloats = !pending.isEmpty || lanes.contains { $0.count > 0 }
    let origins = origins ?? rows.prefix(columns).map { hasFloats || !$0.isFinite ? 0 : Double($0) }
    self.origins = origins
    distances.append(contentsOf: pending.map { Double($0) })
    pending = []
    let batch = batchRows * columns
    var next = 0
    while next < rows.count {
      let count = min(batch - distances.count, rows.count - next)
      let added = [Double](unsafeUninitializedCapacity: count) { added, initialized in
        for start in stride(from: 0, to: count, by: columns) {
          for unit in 0..<columns { added[start + unit] = Double(rows[next + start + unit]) - origins[unit] }
        }
        initialized = count
      }
      if let far = added.indices.first(where: { !(abs(added[$0]) <= Self.largestDistance) && rows[next + $0].isFinite }) {
        throw StatisticsError.tooLarge(unit: far % columns, value: Double(rows[next + far]), limit: Self.largestDistance)
      }
      next += count
      if distances.isEmpty { distances = added } else { distances.append(contentsOf: added) }
      if distances.count == batch {
        let full = distances
        distances = []
        try full.withUnsafeBufferPointer { try process($0, threads: threads) }
      }
    }
  }

  /// Co-moments of all rows added.
  public consuming func finish(threads: Int) throws -> CoMoments {
    if !pending.isEmpty {
      let rest = pending
      pending = []
      try rest.withUnsafeBufferPointer { try process($0, threads: threads) }
    }
    if !distances.isEmpty {
      let rest = distances
      distances = []
      try rest.withUnsafeBufferPointer { try process($0, threads: threads) }
    }
    let (left, right) = (left, right)
    let origins = origins ?? [Double](repeating: 0, count: right.upperBound)
    var lanes = lanes
    self.lanes = []
    var total = lanes.removeFirst().coMoments(left: left, right: right, origins: origins)
    for lane in lanes { try total.merge(lane.coMoments(left: left, right: right, origins: origins)) }
    return total
  }

  private static func tiles(left: Range<Int>, right: Range<Int>) -> [CoMomentTile] {
    func parts(_ range: Range<Int>) -> [Range<Int>] {
      stride(from: range.lowerBound, to: range.upperBound, by: tileColumns).map { $0..<min(range.upperBound, $0 + tileColumns) }
    }
    let all = parts(left).flatMap { first in
      parts(right).filter { left != right || $0.lowerBound <= first.lowerBound }.map { CoMomentTile(left: first, right: $0) }
    }
    // The tiles on the diagonal take half as long; coming last they even out what the threads have to do.
    return all.filter { $0.left != $0.right } + all.filter { $0.left == $0.right }
  }

  private mutating func process(_ batch: UnsafeBufferPointer<Float>, threads: Int) throws {
    switch precision {
    case .single: try process(batch, Float.self, Float.self, threads: threads)
    case .double: try process(batch, Double.self, Double.self, threads: threads)
    }
  }

  private mutating func process(_ batch: UnsafeBufferPointer<Double>, threads: Int) throws {
    switch precision {
    case .single: try process(batch, Double.self, Float.self, threads: threads)
    case .double: try process(batch, Double.self, Double.self, threads: threads)
    }
  }

  /// Joins a batch of blocks to the lanes: block number b to lane b modulo the number of lanes.
  private mutating func process<Value: ProductScalar, Work: ProductScalar, Scalar: ProductScalar>(
    _ batch: UnsafeBufferPointer<Value>, _ work: Work.Type, _ scalar: Scalar.Type, threads: Int
  ) throws {
    mirrorscope_blas_threads(1)
    let columns = right.upperBound
    let blockValues = Self.blockRows * columns
    let blockCount = (batch.count + blockValues - 1) / blockValues
    // Threads only read it, and all are done when `mapBlocks` returns.
    nonisolated(unsafe) let batch = batch
    @Sendable func centred(_ block: Int, after lane: CoMomentLane) -> CentredBlock<Work, Scalar> {
      let values = UnsafeBufferPointer(rebasing: batch[block * blockValues..<min(batch.count, (block + 1) * blockValues)])
      return CentredBlock(values, columns: columns, expected: lane.expectedShifts(), variances: lane.variances)
    }
    let before = lanes
    if before.count > 1 {
      lanes = try mapBlocks(count: before.count, threads: threads) { number in
        var lane = before[number]
        for index in stride(from: number, to: blockCount, by: before.count) {
          let block = centred(index, after: lane)
          let join = lane.join(block)
          for tile in lane.tiles.indices { lane.tiles[tile].add(block, join) }
        }
        return lane
      }
    } else {
      let blocks = try mapBlocks(count: blockCount, threads: threads) { centred($0, after: before[0]) }
      let joins = blocks.map { lanes[0].join($0) }
      lanes[0].tiles = try mapBlocks(count: before[0].tiles.count, threads: threads) { number in
        var tile = before[0].tiles[number]
        for (block, join) in zip(blocks, joins) { tile.add(block, join) }
        return tile
      }
    }
  }
}
