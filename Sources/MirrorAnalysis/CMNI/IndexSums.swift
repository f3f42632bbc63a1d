import Statistics

/// What the inference on an index sums up over units: for each permutation no more than the sum of scores of each variant.
struct IndexSums: Sendable {
  /// Units that are summed over, outputs included and not.
  var unitCount = 0
  var hiddenCount = 0
  /// Of the labels as they are and of each permutation, the joint deal, none and self, none and other: `[1 + permutations][3]`.
  var dealt: [VariantSums]
  /// What rounding may make of a sum of scores, squared.
  var squaredRounding = VariantSums.zero
  /// Of each row the chosen units, by variant.
  var chosen: [VariantSums]
  /// Squared lengths of Δother in the first and the second half, and of each random direction (from 1), over the units of each variant; of
  /// the latter also what `IndexUnits.directionLengths` adds.
  var lengths = (first: VariantSums.zero, second: VariantSums.zero)
  var directionLengths: [VariantSums]
  /// Sums over both orders of the halves: as they are (0), and under each null.
  var direction: [VariantSums]
  /// Of either order of the halves by itself.
  var shuffled: [[VariantSums]]
  var signed: [VariantSums]
  /// Of either order of the halves by itself, with random directions about the mean of the layer's units.
  var around: [[VariantSums]]

  init(permutations: Int, rows: Int) {
    let sums = [VariantSums](repeating: .zero, count: permutations > 0 ? permutations + 1 : 0)
    dealt = [VariantSums](repeating: .zero, count: 3 * sums.count)
    chosen = [VariantSums](repeating: .zero, count: rows)
    (directionLengths, direction, shuffled, signed, around) = (sums, sums, [sums, sums], sums, [sums, sums])
  }

  static func bytes(permutations: Int, rows: Double) -> Double { 64 * (10 * Double(permutations) + 2 * rows) }

  mutating func add(_ layer: IndexSums) {
    unitCount += layer.unitCount
    hiddenCount += layer.hiddenCount
    squaredRounding += layer.squaredRounding
    lengths.first += layer.lengths.first
    lengths.second += layer.lengths.second
    func add(_ parts: [VariantSums], to sums: inout [VariantSums]) { for index in parts.indices { sums[index] += parts[index] } }
    add(layer.dealt, to: &dealt)
    add(layer.chosen, to: &chosen)
    add(layer.directionLengths, to: &directionLengths)
    add(layer.direction, to: &direction)
    for order in shuffled.indices {
      add(layer.shuffled[order], to: &shuffled[order])
      add(layer.around[order], to: &around[order])
    }
    add(layer.signed, to: &signed)
  }

  /// Units that a variant divides by.
  func units(_ variant: CMNIVariant) -> Double { Double(variant == .hidden ? hiddenCount : unitCount) }
}

extension IndexSums {
  /// What the sums say of a variant.
  ///
  /// - Parameter value: the index.
  func inference(_ variant: CMNIVariant, value: Double?, rows: IndexRows, permutations: Int, precision: Double) -> CMNIInference {
    var result = observed(variant, value: value, rows: rows)
    addNulls(to: &result, variant, value: value, deals: rows.dealt, permutations: permutations, precision: precision)
    return result
  }

  /// What they say of the labels as they are.
  func observed(_ variant: CMNIVariant, value: Double?, rows: IndexRows) -> CMNIInference {
    var result = CMNIInference()
    result.exchange = rows.deals.joint.design
    result.blockCount = rows.deals.joint.design == nil ? nil : rows.deals.joint.movableBlockCount
    guard units(variant) > 0, let value else {
      result.reasons.append("no unit counts in this variant")
      return result
    }
    if value.isFinite {
      setInterval(of: &result, variant, rows: rows)
    } else {
      result.reasons.append("activations differ by more than a double can hold")
    }
    return result
  }

  /// Adds what the permutations say.
  func addNulls(
    to result: inout CMNIInference, _ variant: CMNIVariant, value: Double?, deals: IndexDeals, permutations: Int, precision: Double
  ) {
    let (lane, size) = (variant.lane, units(variant))
    guard size > 0, let value, permutations > 0, value.isFinite else { return }
    let tolerance = precision * squaredRounding[lane].squareRoot() / size
    func series(_ sums: [VariantSums], every step: Int = 1, from first: Int = 0, over size: Double) -> (observed: Double, null: [Double]) {
      (sums[first][lane] / size, (1...permutations).map { sums[$0 * step + first][lane] / size })
    }
    if let reason = deals.jointReason {
      result.reasons.append(reason)
    } else {
      let (observed, null) = series(dealt, every: 3, over: size)
      result.setNull(null, observed: observed, value: value, tolerance: tolerance)
    }
    if let reason = deals.pairReason {
      if deals.jointReason == nil { result.reasons.append("p_both: \(reason)") }
    } else {
      let p = [1, 2].compactMap { deal in
        let (observed, null) = series(dealt, every: 3, from: deal, over: size)
        var count = ExtremeCount(observed: observed, tolerance: tolerance)
        count.add(contentsOf: null)
        return count.pValue
      }
      result.pBoth = p.max()
    }
    guard deals.canCrossFit else { return }
    // The nulls after the first are in standard deviations, whatever the variant is in.
    let standardised = precision * squaredRounding[CMNIVariant.standardised.lane].squareRoot() / size
    setOverlap(
      of: &result, lane: lane, size: size, permutations: permutations, tolerances: [tolerance] + [Double](repeating: standardised, count: 3)
    )
  }

  /// The largest p of the four nulls; of equal ones the first.
  ///
  /// Another order of the units takes away what the scores of the two orders of the halves have in common within a unit, their none means,
  /// and so does a direction about the units' mean; there either order is tested by itself, and p is twice the smaller.
  private func setOverlap(of result: inout CMNIInference, lane: Int, size: Double, permutations: Int, tolerances: [Double]) {
    let nulls = [[direction], shuffled, [signed], around]
    var excesses: [Double] = []
    for (orders, tolerance) in zip(nulls, tolerances) {
      let tests = orders.compactMap { sums -> (excess: Double, p: Double)? in
        let observed = sums[0][lane] / (2 * size)
        let null = (1...permutations).map { sums[$0][lane] / (2 * size) }
        var count = ExtremeCount(observed: observed, tolerance: tolerance)
        count.add(contentsOf: null)
        guard observed.isFinite, null.allSatisfy(\.isFinite), let p = count.pValue else { return nil }
        return (observed - null.reduce(0, +) / Double(null.count), p)
      }
      guard tests.count == orders.count, let smallest = tests.map(\.p).min() else { continue }
      let p = min(1, Double(orders.count) * smallest)
      excesses.append(tests.reduce(0) { $0 + $1.excess })
      if p > result.pOverlap ?? 0 {
        result.pOverlap = p
        result.overlapExcess = excesses.last
      }
    }
    // The last null is for how far an index varies where noise goes together; its mean is no other one where Δother is normal over units.
    if excesses.count == nulls.count { result.leastOverlapExcess = excesses.dropLast().min() }
  }

  /// The cross-fitted index and its interval.
  private func setInterval(of result: inout CMNIInference, _ variant: CMNIVariant, rows: IndexRows) {
    let unit = rows.blocks == nil ? "rows" : "strata"
    guard rows.canCrossFit else {
      result.reasons.append("a phase has too few \(unit) for two halves, or a half no more rows than phases")
      return
    }
    let (lane, size) = (variant.lane, units(variant))
    let values = chosen.map { $0[lane] / size }
    let directions = [0, 3].compactMap { (first: UInt8) -> PhaseContrastError? in
      // A row of the other half is left out.
      let phase = rows.halfPhase.map { $0 >= first && $0 < first + 3 ? $0 - first : UInt8.max }
      return PhaseContrastError(values, phase: phase, blocks: rows.blocks)
    }
    guard directions.count == 2 else {
      result.reasons.append("a phase has fewer than two \(unit) in a half")
      return
    }
    let estimate = (directions[0].estimate + directions[1].estimate) / 2
    result.crossFit = estimate
    let error = (directions[0].standardError + directions[1].standardError) / 2
    if rows.fewestBlocks < 2 {
      result.reasons.append("a phase has fewer than two \(unit) in a half")
    } else if error > 0 {
      let half = intervalFactor(degreesOfFreedom: rows.fewestBlocks - 1) * error
      result.standardError = error
      result.interval = estimate - half...estimate + half
    } else {
      result.reasons.append("neither half chooses a unit")
    }
  }
}

/// What may be dealt anew: all that the p's need to know of the rows.
struct IndexDeals: Sendable, Equatable {
  /// Why the joint deal is none; nil where it is one.
  let jointReason: String?
  /// Why none and self, or none and other, are not dealt.
  let pairReason: String?
  let canCrossFit: Bool
}

extension IndexRows {
  var dealt: IndexDeals {
    IndexDeals(jointReason: deals.joint.reason, pairReason: deals.own.reason ?? deals.other.reason, canCrossFit: canCrossFit)
  }
}
