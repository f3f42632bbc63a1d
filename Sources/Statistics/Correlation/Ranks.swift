import Parallelism

/// Ranks 1…n of `values`, equal values sharing the mean of their ranks (`scipy.stats.rankdata`'s "average"). −0 equals 0.
/// A NaN among the values makes every rank NaN.
public func averageRanks(_ values: [Double]) -> [Double] {
  guard !values.contains(where: \.isNaN) else { return [Double](repeating: .nan, count: values.count) }
  let order = ascending(values)
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, order[end].key == order[start].key { end += 1 }
    for position in start..<end { ranks[order[position].index] = Double(start + end + 1) / 2 }
    start = end
  }
  return ranks
}

/// A value as bits that ascend with it, equal values alike, and where it stood.
private struct Keyed {
  var key: UInt64
  var index: Int
}

/// The values in ascending order. Many are sorted by their bits, a byte at a time from the lowest: several times as fast as comparing.
private func ascending(_ values: [Double]) -> [Keyed] {
  var order = values.enumerated().map { index, value in
    let bits = value == 0 ? 0 : value.bitPattern
    return Keyed(key: bits >> 63 == 0 ? bits | 1 << 63 : ~bits, index: index)
  }
  guard order.count > 1000 else { return order.sorted { $0.key < $1.key } }
  var other = order
  for shift in stride(from: UInt64(0), to: 64, by: 8) {
    var counts = [Int](repeating: 0, count: 256)
    for element in order { counts[Int(truncatingIfNeeded: element.key >> shift) & 255] += 1 }
    if counts.contains(order.count) { continue }
    var next = 0
    var positions = counts.map { count in
      defer { next += count }
      return next
    }
    order.withUnsafeBufferPointer { source in
      other.withUnsafeMutableBufferPointer { target in
        for element in source {
          let digit = Int(truncatingIfNeeded: element.key >> shift) & 255
          target[positions[digit]] = element
          positions[digit] += 1
        }
      }
    }
    swap(&order, &other)
  }
  return order
}

/// The average ranks of columns: [rows × units]. A column with a NaN is NaN throughout.
///
/// Ranks are multiples of ½, exact in Float up to 2²³; of more rows they are doubles.
public enum ColumnRanks: Sendable, Equatable {
  case floats([Float])
  case doubles([Double])

  /// The ranks as doubles, whatever they are held as.
  public var doubles: [Double] {
    switch self {
    case .floats(let ranks): ranks.map { Double($0) }
    case .doubles(let ranks): ranks
    }
  }

  /// The most rows whose ranks are floats.
  static let mostFloatRows = 1 << 23
}

/// The average ranks of each column on its own.
///
/// - Parameter values: [rows × units], floats or doubles; the values of a row that is not whole are left out.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
public func columnRanks<Value: BinaryFloatingPoint & Sendable>(_ values: [Value], units: Int, threads: Int) throws -> ColumnRanks {
  let rows = units > 0 ? values.count / units : 0
  return rows <= ColumnRanks.mostFloatRows
    ? .floats(try ranks(values, units: units, rows: rows, threads: threads))
    : .doubles(try ranks(values, units: units, rows: rows, threads: threads))
}

private func ranks<Value: BinaryFloatingPoint & Sendable, Rank: BinaryFloatingPoint & Sendable>(
  _ values: [Value], units: Int, rows: Int, threads: Int
) throws -> [Rank] {
  let columns = try mapBlocks(count: max(0, units), threads: threads) { unit -> [Rank] in
    let column = (0..<rows).map { values[$0 * units + unit] }
    if let floats = column as? [Float], rows < 1 << 32 { return floatRanks(floats) }
    return averageRanks(column.map { Double($0) }).map { Rank($0) }
  }
  return [Rank](unsafeUninitializedCapacity: rows * columns.count) { ranks, initialized in
    for (unit, column) in columns.enumerated() {
      for row in 0..<rows { ranks[row * units + unit] = column[row] }
    }
    initialized = rows * columns.count
  }
}

/// Average ranks by sorting whole numbers: the value's order-preserving bits above its row number, which has 32 bits.
private func floatRanks<Rank: BinaryFloatingPoint>(_ values: [Float]) -> [Rank] {
  let rows = values.count
  var keys: [UInt64] = []
  keys.reserveCapacity(rows)
  for (row, value) in values.enumerated() {
    guard !value.isNaN else { return [Rank](repeating: .nan, count: rows) }
    let bits = (value + 0).bitPattern  // −0 becomes 0
    let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    keys.append(UInt64(ordered) << 32 | UInt64(row))
  }
  keys.sort()
  return [Rank](unsafeUninitializedCapacity: rows) { ranks, initialized in
    var start = 0
    while start < rows {
      var end = start + 1
      while end < rows, keys[end] >> 32 == keys[start] >> 32 { end += 1 }
      let rank = Rank(Double(start + end + 1) / 2)
      for position in start..<end { ranks[Int(keys[position] & 0xffff_ffff)] = rank }
      start = end
    }
    initialized = rows
  }
}
