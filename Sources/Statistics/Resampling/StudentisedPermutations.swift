/// Permutes the labels of two groups and studentises the difference of means of every unit anew each time (Chung and Romano, 2013), so that
/// unequal variances do not make the test reject.
///
/// t = (m₁ − m₀) / √V. Where rows move freely, V = s₁²/n₁ + s₀²/n₀ with sample variances (ddof 1), Welch's. Where there are blocks, V is
/// cluster-robust (CR1): G/(G − 1) Σ u_b² over the G blocks, u_b = Σ (x − m₁)/n₁ over the treated rows of the block − Σ (x − m₀)/n₀
/// over its others. Sums of floats are formed in float32 over a limited number of rows and added as doubles, sums of doubles in float64; no
/// number of threads changes a digit.
///
/// - Parameters:
///   - values: `[rows × units]`, all finite; a row of `exchange` is row `rows[r]` of them.
///   - spreads: of each unit.
///   - exchange: of two groups, 0 the reference and 1 the treated.
///   - purpose: what the random streams are for; permutation i is that of every call with the same seed, purpose and labels.
///   - share: which of the permutations are taken here.
///   - stopsAfter: after how many permutations as extreme as what was observed, on either side, a unit is let alone; nil permutes all units
///     as often.
///   - finished: gets the number of permutations done, after each wave of them.
/// - Throws: `StatisticsError.shape`.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
public func studentisedPermutations<Value: MatrixScalar>(
  _ values: [Value], spreads: [UnitSpread], rows: [Int32], of exchange: Exchangeability, permutations: Int, seed: UInt64, purpose: String,
  share: PermutationShare = .whole, stopsAfter: Int? = nil, threads: Int, finished: (_ permutations: Int) -> Void = { _ in }
) throws -> StudentisedCounts {
  let units = spreads.count
  try require(rows.count, exchange.labels.count, "rows that have labels")
  guard rows.allSatisfy({ $0 >= 0 && (Int($0) + 1) * units <= values.count }) else {
    throw StatisticsError.shape(what: "values of the rows", expected: (Int(rows.max() ?? 0) + 1) * units, found: values.count)
  }
  let ordered = [Value](unsafeUninitializedCapacity: rows.count * units) { target, initialized in
    values.withUnsafeBufferPointer { values in
      if let target = target.baseAddress, let source = values.baseAddress {
        for (place, row) in exchange.order.enumerated() {
          (target + place * units).initialize(from: source + Int(rows[Int(row)]) * units, count: units)
        }
      }
    }
    initialized = rows.count * units
  }
  let scaled = try ScaledRows(ordered, spreads: spreads, threads: threads)
  var differences = try StudentisedDifferences(scaled, exchange: exchange, threads: threads)
  let tolerance = 16 * Value.rounding
  var observed = [Double](repeating: .nan, count: units)
  for (own, t) in try differences.map(DealtLabels(observed: exchange), { _, units, t in (units, t) }) {
    observed.replaceSubrange(own, with: t)
  }
  let (waves, numbers) = share.part(of: DealtLabels.waves(permutations: permutations, rows: rows.count, growing: stopsAfter != nil))
  var counts = StudentisedCounts(
    observed: observed, varianceErrors: exchange.clusters ? try differences.pooledVarianceErrors() : [], permutations: permutations,
    numbers: numbers, tolerance: tolerance, stopsAfter: stopsAfter)
  var live = Array(0..<units)
  for wave in waves {
    let dealt = try DealtLabels(wave, of: exchange, seed: seed, purpose: purpose, threads: threads)
    let tallies = try differences.map(dealt) { [counts, live] permutations, places, t in
      StudentisedTally(t, permutations: permutations, units: Array(live[places]), counts: counts)
    }
    for tally in tallies { tally.add(to: &counts) }
    finished(wave.upperBound)
    guard stopsAfter != nil else { continue }
    let left = live.filter { !counts.hasStopped($0) }
    if left.isEmpty { break }
    // Fewer units are taken side by side anew where that saves more than it costs.
    if left.count <= live.count * 3 / 4 {
      live = left
      differences = try StudentisedDifferences(scaled.choosing(live), exchange: exchange, threads: threads)
    }
  }
  return counts
}

/// Bytes that `studentisedPermutations` takes beside the values: these once more, and what is formed of them.
///
/// - Parameters:
///   - rows: of the two groups.
///   - valueBytes: of one value.
///   - stopsEarly: whether units are let alone that need no more.
public func studentisedPermutationBytes(
  rows: Double, units: Double, valueBytes: Double, permutations: Int, stopsEarly: Bool = false, threads: Int
) -> Double {
  let lanes = Double(max(64, min(permutations, DealtLabels.waves(permutations: permutations, rows: Int(rows)).first?.count ?? 0)))
  let tile = Double(clusterTileWidth)
  // A tile's rows and its sums under all permutations of a wave, or the products of a block of permutations and units.
  let perThread = max(
    valueBytes * 2 * rows * tile + 48 * lanes * tile, ScaledRows<Double>.sumBytes(rows: rows) + 8 * 4096 * 32, 48 * lanes * 256)
  // While fewer units are chosen, all, those chosen before and those chosen now; and each block's largest t of a wave.
  return (stopsEarly ? 2.35 : 1) * rows * units * valueBytes + (stopsEarly ? 64 * units : 0) + 8 * lanes * (units / 32 + 1)
    + DealtLabels.bytes(rows: rows, permutations: permutations) + Double(max(1, threads)) * perThread
    + 150 * units + 16 * rows + 16 * Double(permutations) * (1 + units / 32 / 64)
}
