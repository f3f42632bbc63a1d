import ActivationRecording

/// The strata that occur in a selection of rows, in ascending order, and where each row goes.
struct StratumIndex: Sendable {
  let strata: [Int32]
  /// Rows per stratum.
  let counts: [Int]
  /// Position of each row's stratum in `strata`; −1 for a row outside the selection.
  let positions: [Int32]

  init(_ strata: [Int32], selection: RowSelection, rows: PhaseRows) {
    let sorted = Set(rows.codes.indices.lazy.filter { selection.contains(rows.codes[$0]) }.map { strata[$0] }).sorted()
    let position = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, Int32($0)) })
    var counts = [Int](repeating: 0, count: sorted.count)
    positions = rows.codes.indices.map { row in
      guard selection.contains(rows.codes[row]), let found = position[strata[row]] else { return -1 }
      counts[Int(found)] += 1
      return found
    }
    self.strata = sorted
    self.counts = counts
  }
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
    return StratumMeans(
      strata: kept.map { strata[$0] }, unitCount: unitCount,
      values: kept.flatMap { values[$0 * unitCount..<($0 + 1) * unitCount] })
  }

  /// Only some of the units.
  func units(_ range: Range<Int>) -> [Double] {
    strata.indices.flatMap { values[$0 * unitCount + range.lowerBound..<$0 * unitCount + range.upperBound] }
  }
}

extension Recording {
  /// Mean responses by stratum, one `StratumMeans` per index, in one pass that reads the layers in step.
  ///
  /// In memory are the means and a few blocks. Rows are added in their order, whatever the number of threads.
  ///
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity.
  func stratumMeans(of layers: [RecordedLayer], by indices: [StratumIndex], threads: Int) throws -> [StratumMeans] {
    layers.contains(where: \.storesDoubles)
      ? try stratumMeans(of: layers, by: indices, as: Double.self, threads: threads)
      : try stratumMeans(of: layers, by: indices, as: Float.self, threads: threads)
  }

  private func stratumMeans<Value: ActivationValue & BinaryFloatingPoint>(
    of layers: [RecordedLayer], by indices: [StratumIndex], as type: Value.Type, threads: Int
  ) throws -> [StratumMeans] {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let everyRow = try phaseRows(for: [.all], partnerFilter: false)
    // Deviations from the first row of each stratum: a unit that is constant there, such as one that is silent, has exactly that mean, so
    // that ranks see ties as ties; and a large mean costs no digits.
    var origins = indices.map { [Double](repeating: 0, count: $0.strata.count * units) }
    var sums = origins
    var isBegun = indices.map { [Bool](repeating: false, count: $0.strata.count) }
    var row = 0
    try mapSelected(of: layers, [.all], rows: everyRow, threads: threads) { (values: [Value]) in
      values
    } take: { parts in
      let block = parts[0]
      for start in stride(from: 0, to: block.count, by: max(1, units)) {
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
        row += 1
      }
    }
    return indices.enumerated().map { number, index in
      var means = origins[number]
      for stratum in index.strata.indices {
        for unit in 0..<units { means[stratum * units + unit] += sums[number][stratum * units + unit] / Double(index.counts[stratum]) }
      }
      return StratumMeans(strata: index.strata, unitCount: units, values: means)
    }
  }
}
