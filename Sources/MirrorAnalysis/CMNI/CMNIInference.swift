import ActivationRecording
import Statistics

/// What a null model and a bootstrap say of one index.
public struct CMNIInference: Sendable, Equatable {
  public var nullMean: Double?
  /// The index minus the mean under the null: the number to compare across recordings.
  public var excess: Double?
  /// The excess over the standard deviation of the index under the null (ddof 1).
  public var z: Double?
  /// (b + 1) / (N + 1), b of N permutations with an index at least as large.
  public var pValue: Double?
  /// 95 % percentile interval.
  public var interval: PercentileInterval?

  public init() {}
}

extension RecordingMoments {
  /// Null and interval of each variant, from the same permutations and replicates.
  ///
  /// - Parameters:
  ///   - permuted: gives the null; nil leaves it out.
  ///   - contrastRows: what the bootstrap draws from; nil leaves the interval out.
  ///
  /// **Null.** The labels none and self are permuted among their rows, and none and other among theirs, separately and inside strata;
  /// one permutation deals the labels of whole rows, so all units of all layers move together. The rectified index is positive under
  /// this null, the more so the fewer rows there are: the excess, not the index, can be compared across recordings.
  ///
  /// **Interval.** Rows are drawn with replacement inside each phase; where there are strata they are drawn whole instead.
  ///
  /// The standardised variant takes the pooled variance of each permutation or replicate anew. Under a permutation it follows from the
  /// difference d alone: the two phases' sum of squares about their common mean does not change, and d takes n₁n₂d²/(n₁ + n₂) of it.
  func inference(
    of variants: [CMNIVariant], permuted: PermutedContrasts? = nil, drawingFrom contrastRows: ContrastRows? = nil, plan: ResamplingPlan,
    seed: UInt64, threads: Int
  ) throws -> [CMNIInference] {
    let units = IndexUnits(layers)
    var results = variants.map { _ in CMNIInference() }
    if let permuted, permuted.own.permutations > 0 {
      for (number, variant) in variants.enumerated() {
        let index = { (own: ArraySlice<Double>, other: ArraySlice<Double>) in
          units.index(variant, own: units.scaled(own, variant, phase: .own), other: units.scaled(other, variant, phase: .other))
        }
        let observed = index(permuted.own.observed[...], permuted.other.observed[...])
        let null = (0..<permuted.own.permutations).map { index(permuted.own.permutation($0), permuted.other.permutation($0)) }
        results[number].setNull(null, observed: observed, value: CMNI(variant, of: layers)?.value)
      }
    }
    if let contrastRows, plan.replicates > 0 {
      let indices = try bootstrapIndices(variants, in: contrastRows, units: units, plan: plan, seed: seed, threads: threads)
      for (number, replicates) in indices.enumerated() { results[number].interval = PercentileInterval(replicates) }
    }
    return results
  }

  /// The index of every variant in every bootstrap replicate.
  private func bootstrapIndices(
    _ variants: [CMNIVariant], in contrastRows: ContrastRows, units: IndexUnits, plan: ResamplingPlan, seed: UInt64,
    threads: Int
  ) throws -> [[Double]] {
    let count = contrastRows.unitCount
    let needsSquares = variants.contains(.standardised)
    let means = try contrastRows.bootstrap(
      squaresAbout: needsSquares ? units.noneMeans : nil, replicates: plan.replicates, seed: seed, threads: threads)
    return variants.map { variant in
      (0..<plan.replicates).map { replicate in
        func contrast(_ phase: Phase) -> [Double] {
          (0..<count).map { unit in
            let mean = { (group: Phase) in means.mean(replicate: replicate, group: Int(group.rawValue), unit: unit) }
            let difference = means.difference(
              replicate: replicate, group: Int(phase.rawValue), from: Int(Phase.neither.rawValue), unit: unit)
            guard variant == .standardised else { return difference }
            func squares(_ group: Phase) -> Double {
              let centred = mean(group) - units.noneMeans[unit]
              let square = means.mean(replicate: replicate, group: Int(group.rawValue), unit: count + unit)
              return max(0, square - centred * centred) * Double(rows.count(group))
            }
            return cohensD(
              difference: difference, squares: squares(phase) + squares(.neither),
              degreesOfFreedom: Double(rows.count(phase) + rows.count(.neither) - 2)) ?? 0
          }
        }
        return units.index(variant, own: contrast(.own), other: contrast(.other))
      }
    }
  }
}

extension CMNIInference {
  fileprivate mutating func setNull(_ null: [Double], observed: Double, value: Double?) {
    let mean = null.reduce(0, +) / Double(null.count)
    nullMean = mean
    guard let value else { return }
    excess = value - mean
    let squares = null.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    if null.count > 1, squares > 0 { z = (value - mean) / (squares / Double(null.count - 1)).squareRoot() }
    // The same labels give the same sums; what divisions leave is covered by the tolerance.
    var count = ExtremeCount(observed: observed)
    count.add(contentsOf: null)
    pValue = count.pValue
  }
}

extension PermutationNull {
  fileprivate func permutation(_ number: Int) -> ArraySlice<Double> { differences[number * units..<(number + 1) * units] }
}

extension ContrastRows {
  /// Means of every unit in every phase over resampled rows; with centres, then those of the squared distances from them.
  fileprivate func bootstrap(squaresAbout centres: [Double]?, replicates: Int, seed: UInt64, threads: Int) throws -> BootstrapMeans {
    func means<Value: ActivationValue>(
      _ values: [Value], _ bootstrap: ([Value], _ units: Int, _ groupOfRow: [Int]) throws -> BootstrapMeans
    ) rethrows -> BootstrapMeans {
      let groups = codes.map { Int($0) }
      guard let centres else { return try bootstrap(values, unitCount, groups) }
      return try bootstrap(withSquares(of: values, about: centres), 2 * unitCount, groups)
    }
    switch values {
    case .floats(let floats):
      return try means(floats) {
        try bootstrapMeans(
          $0, units: $1, groupOfRow: $2, groups: 3, clusters: strata, replicates: replicates, seed: seed, purpose: "bootstrap cmni",
          threads: threads)
      }
    case .doubles(let doubles):
      return try means(doubles) {
        try bootstrapMeans(
          $0, units: $1, groupOfRow: $2, groups: 3, clusters: strata, replicates: replicates, seed: seed, purpose: "bootstrap cmni",
          threads: threads)
      }
    }
  }

  /// The values with, after each row's, their squared distances from `centres`: `[rows × 2 units]`.
  private func withSquares<Value: ActivationValue>(of values: [Value], about centres: [Double]) -> [Value] {
    var result: [Value] = []
    result.reserveCapacity(values.count * 2)
    for row in codes.indices {
      let part = values[row * unitCount..<(row + 1) * unitCount]
      result.append(contentsOf: part)
      for (value, centre) in zip(part, centres) { result.append(Value((Double(value) - centre) * (Double(value) - centre))) }
    }
    return result
  }
}

/// The units of all layers in a row, with what every resampled index needs of them.
private struct IndexUnits: Sendable {
  let noneMeans: [Double]
  /// Whether a unit counts in the index, and whether it also does without the outputs.
  private let counts: [Bool]
  private let isHidden: [Bool]
  /// n₁n₂/(n₁ + n₂), n₁ + n₂ − 2 and each unit's sum of squares about the common mean, for self and for other.
  private let own: (weight: Double, degrees: Double, squares: [Double])
  private let other: (weight: Double, degrees: Double, squares: [Double])

  init(_ layers: [LayerMoments]) {
    noneMeans = layers.flatMap { $0[.neither].mean }
    counts = layers.flatMap { layer in Array(repeating: layer.countsInIndex, count: layer.unitCount) }
    isHidden = layers.flatMap { layer in Array(repeating: layer.countsInIndex && !layer.isOutput, count: layer.unitCount) }
    func total(_ phase: Phase) -> (Double, Double, [Double]) {
      let n1 = Double(layers.first?[.neither].count ?? 0)
      let n2 = Double(layers.first?[phase].count ?? 0)
      let weight = n1 + n2 > 0 ? n1 * n2 / (n1 + n2) : 0
      let squares = layers.flatMap { layer in
        (0..<layer.unitCount).map { unit in
          let difference = layer[phase].meanDifference(from: layer[.neither], unit: unit)
          return (layer[.neither].variance(unit) ?? 0) * n1 + (layer[phase].variance(unit) ?? 0) * n2 + weight * difference * difference
        }
      }
      return (weight, n1 + n2 - 2, squares)
    }
    own = total(.own)
    other = total(.other)
  }

  /// Differences as the variant takes them: as they are, or as Cohen's d; 0 where a unit has no variance.
  func scaled(_ differences: ArraySlice<Double>, _ variant: CMNIVariant, phase: Phase) -> [Double] {
    guard variant == .standardised else { return Array(differences) }
    let contrast = phase == .own ? own : other
    return zip(differences, contrast.squares).map { difference, squares in
      let within = squares - contrast.weight * difference * difference
      // What rounding leaves of nothing is nothing.
      guard within > 1e-12 * squares else { return 0 }
      return cohensD(difference: difference, squares: within, degreesOfFreedom: contrast.degrees) ?? 0
    }
  }

  func index(_ variant: CMNIVariant, own: [Double], other: [Double]) -> Double {
    let included = variant == .hidden ? isHidden : counts
    var total = 0.0
    var count = 0
    for unit in included.indices where included[unit] {
      let contrast = PhaseContrast(deltaSelf: own[unit], deltaOther: other[unit])
      total += variant == .formula ? contrast.rawMinimum : contrast.mirrorNeuronScore
      count += 1
    }
    return count > 0 ? total / Double(count) : 0
  }
}
