import ActivationRecording

/// The strata that occur in a selection of rows, in ascending order, and where each row goes.
struct StratumIndex: Sendable {
  let strata: [Int32]
  /// Rows per stratum.
  let counts: [Int]
  /// Position of each row's stratum in `strata`; −1 for a row outside the selection.
  let positions: [Int32]

  init(_ strata: [Int32], selection: RowSelection, rows: PhaseRows) {
    self.init(strata, where: { selection.contains(rows.codes[$0]) })
  }

  /// - Parameter isIn: whether a row is in the selection.
  init(_ strata: [Int32], where isIn: (Int) -> Bool) {
    let sorted = Set(strata.indices.lazy.filter(isIn).map { strata[$0] }).sorted()
    let position = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, Int32($0)) })
    var counts = [Int](repeating: 0, count: sorted.count)
    positions = strata.indices.map { row in
      guard isIn(row), let found = position[strata[row]] else { return -1 }
      counts[Int(found)] += 1
      return found
    }
    self.strata = sorted
    self.counts = counts
  }

  /// - Parameter positions: none for rows that are elsewhere.
  init(strata: [Int32], counts: [Int], positions: [Int32] = []) {
    (self.strata, self.counts, self.positions) = (strata, counts, positions)
  }

  /// Bytes of an index of so many rows.
  static func bytes(rows: Int) -> Double { 4 * Double(rows) }
}

/// The mean response of every unit of some layers in each stratum of a selection of rows.
struct StratumMeans: Sendable {
  let strata: [Int32]
  let unitCount: Int
  /// `[strata × units]`, row-major. A unit that is constant in a stratum has exactly that value.
  var values: [Double]

  /// Only those strata that the other means have too.
  func shared(with other: StratumMeans) -> StratumMeans {
    let wanted = Set(other.strata)
    let kept = strata.indices.filter { wanted.contains(strata[$0]) }
    guard kept.count < strata.count else { return self }
    var shared: [Double] = []
    shared.reserveCapacity(kept.count * unitCount)
    for stratum in kept { shared += values[stratum * unitCount..<(stratum + 1) * unitCount] }
    return StratumMeans(strata: kept.map { strata[$0] }, unitCount: unitCount, values: shared)
  }

  /// Joins the mean of other rows of the stratum at a position to its own.
  ///
  /// - Parameters:
  ///   - weight: share of the other rows in all.
  ///   - place: of the stratum in the other means.
  mutating func join(_ position: Int, _ other: StratumMeans, _ place: Int, weight: Double) {
    for unit in 0..<unitCount {
      guard weight < 1 else {
        values[position * unitCount + unit] = other.values[place * unitCount + unit]
        continue
      }
      let own = values[position * unitCount + unit]
      values[position * unitCount + unit] = own + (other.values[place * unitCount + unit] - own) * weight
    }
  }

  /// Bytes at the peak while means are taken.
  static func bytes(strata: Int, units: Int, fileCount: Int = 1) -> Double { (fileCount > 1 ? 24 : 16) * Double(strata) * Double(units) }
}

extension RecordingView {
  /// Mean responses by stratum, one `StratumMeans` per index, in one pass that reads the layers in step.
  ///
  /// In memory are the means, their sums and a few blocks. Rows are added in their order, whatever the number of threads; those of several
  /// files file by file, and the means of a stratum that lies in several are then joined in order, as `mirrorscope merge` does.
  ///
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row that an index holds.
  func stratumMeans(of layers: [RecordedLayer], by indices: [StratumIndex], threads: Int) throws -> [StratumMeans] {
    let storesDoubles = layers.contains(where: \.storesDoubles)
    var totals: [StratumMeans] = []
    var counts = indices.map { [Int](repeating: 0, count: $0.strata.count) }
    for (position, file) in files.enumerated() {
      let own = indices.map { index in
        var counts = [Int](repeating: 0, count: index.strata.count)
        for row in file.rows where index.positions[row] >= 0 { counts[Int(index.positions[row])] += 1 }
        return counts
      }
      let means =
        storesDoubles
        ? try file.view.stratumMeans(of: layers, by: indices, from: file.rows.lowerBound, counts: own, as: Double.self, threads: threads)
        : try file.view.stratumMeans(of: layers, by: indices, from: file.rows.lowerBound, counts: own, as: Float.self, threads: threads)
      if position == 0 {
        (totals, counts) = (means, own)
        continue
      }
      for number in indices.indices {
        for stratum in own[number].indices where own[number][stratum] > 0 {
          counts[number][stratum] += own[number][stratum]
          totals[number].join(
            stratum, means[number], stratum, weight: Double(own[number][stratum]) / Double(counts[number][stratum]))
        }
      }
    }
    return totals
  }

  /// Those of a single file.
  ///
  /// - Parameters:
  ///   - first: the number of its first row in the indices.
  ///   - counts: of its rows, by index and stratum; a stratum without any has means of 0.
  private func stratumMeans<Value: ActivationValue>(
    of layers: [RecordedLayer], by indices: [StratumIndex], from first: Int, counts: [[Int]], as type: Value.Type, threads: Int
  ) throws -> [StratumMeans] {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    // Deviations from the first row of each stratum: a unit that is constant there, such as one that is silent, has exactly that mean, so
    // that ranks see ties as ties; and a large mean costs no digits.
    var origins = indices.map { [Double](repeating: 0, count: $0.strata.count * units) }
    var sums = origins
    var isBegun = indices.map { [Bool](repeating: false, count: $0.strata.count) }
    let isUsed: RowTest = { row in indices.contains { $0.positions[first + row] >= 0 } }
    try mapRows(of: layers, selections: [isUsed], threads: threads) { (rows, values: [Value]) in
      (rows: rows, values: values)
    } take: { parts in
      let (rows, block) = parts[0]
      for (place, row) in rows.enumerated() {
        let start = place * units
        for (number, index) in indices.enumerated() where index.positions[first + row] >= 0 {
          let position = Int(index.positions[first + row])
          let target = position * units
          let isFirst = !isBegun[number][position]
          isBegun[number][position] = true
          add(block[start..<start + units], to: &sums[number], from: &origins[number], at: target, isFirst: isFirst)
        }
      }
    }
    return indices.indices.map { number in
      let index = indices[number]
      for stratum in index.strata.indices where counts[number][stratum] > 0 {
        add(sums[number], dividedBy: Double(counts[number][stratum]), to: &origins[number], at: stratum * units, count: units)
      }
      sums[number] = []
      return StratumMeans(strata: index.strata, unitCount: units, values: origins[number])
    }
  }
}

/// Adds a row to the sums of a stratum, whose first row is what deviations are from.
///
/// Benchmark: overlap. Specialised, and on pointers: it is called for every row.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
private func add<Value: ActivationValue>(
  _ row: ArraySlice<Value>, to sums: inout [Double], from origins: inout [Double], at start: Int, isFirst: Bool
) {
  row.withUnsafeBufferPointer { row in
    origins.withUnsafeMutableBufferPointer { origins in
      if isFirst {
        for unit in row.indices { origins[start + unit] = Double(row[unit]) }
      } else {
        sums.withUnsafeMutableBufferPointer { sums in
          for unit in row.indices { sums[start + unit] += Double(row[unit]) - origins[start + unit] }
        }
      }
    }
  }
}

private func add(_ sums: [Double], dividedBy count: Double, to means: inout [Double], at start: Int, count units: Int) {
  sums.withUnsafeBufferPointer { sums in
    means.withUnsafeMutableBufferPointer { means in
      for unit in start..<start + units { means[unit] += sums[unit] / count }
    }
  }
}
