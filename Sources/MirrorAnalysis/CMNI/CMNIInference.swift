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

/// How an index is resampled.
public struct ResamplingPlan: Sendable, Equatable {
  /// Permutations of the phase labels; 0 for none.
  public var permutations = 0
  /// Bootstrap replicates; 0 for none.
  public var replicates = 0
  public var seed: UInt64 = 1
  /// Whether permutations stay inside strata, and strata are drawn whole, where the recording has them.
  public var usesStrata = true

  public init() {}

  public var isEmpty: Bool { permutations == 0 && replicates == 0 }
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
  public func inference(
    of variants: [CMNIVariant], permuted: PermutedContrasts? = nil, drawingFrom contrastRows: ContrastRows? = nil, plan: ResamplingPlan,
    threads: Int
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
      let indices = try bootstrapIndices(variants, in: contrastRows, units: units, plan: plan, threads: threads)
      for (number, replicates) in indices.enumerated() { results[number].interval = PercentileInterval(replicates) }
    }
    return results
  }

  /// The index of every variant in every bootstrap replicate.
  private func bootstrapIndices(
    _ variants: [CMNIVariant], in contrastRows: ContrastRows, units: IndexUnits, plan: ResamplingPlan, threads: Int
  ) throws -> [[Double]] {
    let count = contrastRows.unitCount
    let needsSquares = variants.contains(.standardised)
    let values = needsSquares ? contrastRows.withSquares(about: units.noneMeans) : contrastRows.values
    let width = needsSquares ? 2 * count : count
    let means = try bootstrapMeans(
      values, units: width, groupOfRow: contrastRows.codes.map { Int($0) }, groups: 3, clusters: contrastRows.strata,
      replicates: plan.replicates, seed: plan.seed, purpose: "bootstrap cmni", threads: threads)
    return variants.map { variant in
      (0..<plan.replicates).map { replicate in
        func contrast(_ phase: Phase) -> [Double] {
          (0..<count).map { unit in
            let mean = { (group: Phase) in means.mean(replicate: replicate, group: Int(group.rawValue), unit: unit) }
            let difference = mean(phase) - mean(.neither)
            guard variant == .standardised else { return difference }
            func squares(_ group: Phase) -> Double {
              let centred = mean(group) - units.noneMeans[unit]
              let square = means.mean(replicate: replicate, group: Int(group.rawValue), unit: count + unit)
              return max(0, square - centred * centred) * Double(rows.count(group))
            }
            let pooled = (squares(phase) + squares(.neither)) / Double(rows.count(phase) + rows.count(.neither) - 2)
            return pooled > 0 ? difference / pooled.squareRoot() : 0
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
    let atLeast = null.count { $0 >= observed - 1e-12 * abs(observed) }
    pValue = Double(atLeast + 1) / Double(null.count + 1)
  }
}

extension PermutationNull {
  fileprivate func permutation(_ number: Int) -> ArraySlice<Double> { differences[number * units..<(number + 1) * units] }
}

extension ContrastRows {
  /// The values with, after each row's, their squared distances from `centres`: `[rows × 2 units]`.
  fileprivate func withSquares(about centres: [Double]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(values.count * 2)
    for row in codes.indices {
      let part = values[row * unitCount..<(row + 1) * unitCount]
      result.append(contentsOf: part)
      for (value, centre) in zip(part, centres) { result.append(Float((Double(value) - centre) * (Double(value) - centre))) }
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
          let difference = layer[phase].mean[unit] - layer[.neither].mean[unit]
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
      guard within > 1e-12 * squares, contrast.degrees > 0 else { return 0 }
      return difference / (within / contrast.degrees).squareRoot()
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
