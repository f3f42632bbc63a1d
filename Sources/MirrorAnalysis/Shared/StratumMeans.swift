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

  /// Bytes of an index of so many rows.
  static func bytes(rows: Int) -> Double { 4 * Double(rows) }
}

/// The mean response of every unit of some layers in each stratum of a selection of rows.
struct StratumMeans: Sendable {
  let strata: [Int32]
  let unitCount: Int
  /// `[strata × units]`, row-major. A unit that is constant in a stratum has exactly that value.
  let values: [Double]

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

  /// Bytes at the peak while means are taken.
  static func bytes(strata: Int, units: Int) -> Double { 16 * Double(strata) * Double(units) }
}

extension RecordingView {
  /// Mean responses by stratum, one `StratumMeans` per index, in one pass that reads the layers in step.
  ///
  /// In memory are the means, their sums and a few blocks. Rows are added in their order, whatever the number of threads.
  ///
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row that an index holds.
  func stratumMeans(of layers: [RecordedLayer], by indices: [StratumIndex], threads: Int) throws -> [StratumMeans] {
    layers.contains(where: \.storesDoubles)
      ? try stratumMeans(of: layers, by: indices, as: Double.self, threads: threads)
      : try stratumMeans(of: layers, by: indices, as: Float.self, threads: threads)
  }

  private func stratumMeans<Value: ActivationValue>(
    of layers: [RecordedLayer], by indices: [StratumIndex], as type: Value.Type, threads: Int
  ) throws -> [StratumMeans] {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    // Deviations from the first row of each stratum: a unit that is constant there, such as one that is silent, has exactly that mean, so
    // that ranks see ties as ties; and a large mean costs no digits.
    var origins = indices.map { [Double](repeating: 0, count: $0.strata.count * units) }
    var sums = origins
    var isBegun = indices.map { [Bool](repeating: false, count: $0.strata.count) }
    let isUsed: RowTest = { row in indices.contains { $0.positions[row] >= 0 } }
    try mapRows(of: layers, selections: [isUsed], threads: threads) { (rows, values: [Value]) in
      (rows: rows, values: values)
    } take: { parts in
      let (rows, block) = parts[0]
      for (place, row) in rows.enumerated() {
        let start = place * units
        for (number, index) in indices.enumerated() where index.positions[row] >= 0 {
          let position = Int(index.positions[row])
          let target = position * units
          if isBegun[number][position] {
            for unit in 0..<units { sums[number][target + unit] += Double(block[start + unit]) - origins[number][target + unit] }
          } else {
            isBegun[number][position] = true
            for unit in 0..<units { origins[number][target + unit] = Double(block[start + unit]) }
          }
        }
      }
    }
    return indices.indices.map { number in
      let index = indices[number]
      for stratum in index.strata.indices {
        for unit in 0..<units {
          origins[number][stratum * units + unit] += sums[number][stratum * units + unit] / Double(index.counts[stratum])
        }
      }
      sums[number] = []
      return StratumMeans(strata: index.strata, unitCount: units, values: origins[number])
    }
  }
}
