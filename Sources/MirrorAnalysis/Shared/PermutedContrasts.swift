import ActivationRecording
import Statistics

/// The differences of means self − none and other − none of every unit of every open layer, observed and under permuted labels.
///
/// The labels none and self are permuted among their rows, and none and other among theirs, separately and inside strata. One
/// permutation deals the labels of whole rows, so all units of all layers move together.
public struct PermutedContrasts: Sendable {
  public let own: PermutationNull
  public let other: PermutationNull

  /// Bytes of sums, and of the labels that are left of open strata, in one pass over the rows.
  private static let passBytes = 64 << 20
  private static let purposes = [Phase.own, .other].map { "permute none and \($0.name)" }

  /// Permutes in one pass over the recording, or in several where sums and the labels that are left of open strata would take more than
  /// 64 MiB: from some thousand units or open strata on.
  ///
  /// - Parameter moments: of this recording.
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows; what reading throws.
  public init(of recording: RecordingView, moments: RecordingMoments, plan: ResamplingPlan, seed: UInt64, threads: Int) throws {
    try moments.rows.require([.neither, .own, .other], in: recording.path)
    let rows = ContrastStream(
      recording: recording, codes: moments.rows.codes, strata: plan.usesStrata ? try recording.strata : nil)
    let strata = try [Phase.own, .other].map { try rows.permutationStrata($0) }
    let units = moments.layers.reduce(0) { $0 + $1.unitCount }
    let bytes = strata.reduce(0) { $0 + PermutedSums.bytesPerPermutation(units: units, strata: $1) }
    let permutationsPerPass = max(32, Self.passBytes / max(1, bytes) / 32 * 32)
    var nulls: [PermutationNull] = []
    for first in stride(from: 0, to: max(1, plan.permutations), by: permutationsPerPass) {
      let permutations = first..<min(first + permutationsPerPass, plan.permutations)
      let storesDoubles = recording.layers.contains(where: \.storesDoubles)
      let sums = try [Phase.own, .other].enumerated().map { number, phase in
        let ranges = moments.ranges(phase)
        return storesDoubles
          ? try moments.naming(recording) {
            try PermutedSums(
              ranges: ranges, strata: strata[number], permutations: permutations, seed: seed, purpose: Self.purposes[number])
          }
          : PermutedSums(
            magnitudes: ranges.map { max(abs($0.lowerBound), abs($0.upperBound)) }, strata: strata[number], permutations: permutations,
            seed: seed, purpose: Self.purposes[number])
      }
      storesDoubles
        ? try rows.add(to: sums, as: Double.self, threads: threads) : try rows.add(to: sums, as: Float.self, threads: threads)
      let parts = sums.map { $0.finish() }
      nulls = nulls.isEmpty ? parts : zip(nulls, parts).map { $0.appending($1) }
    }
    (own, other) = (nulls[0], nulls[1])
  }

  /// Bytes that the permutations of a recording take at most: two nulls twice, sums with what is dealt from, and a batch of rows.
  static func bytes(_ shape: RecordingShape, permutations: Int) -> Double {
    let (units, rows) = (Double(shape.unitCount), Double(shape.contrastRowCount))
    // A pass takes 32 permutations at least; as many strata may be open as there are rows.
    let perPermutation = 16 * (units + rows)
    let sums = max(32 * perPermutation, min(Double(passBytes), Double(permutations) * perPermutation))
    let batch = 24 * min(Double(ContrastStream.batchValues), rows * units)
    return 32 * Double(permutations) * units + 2 * sums + batch + 12 * Double(shape.rowCount)
  }
}

extension RecordingMoments {
  /// Per unit the smallest and largest activation in the none phase and another, layers one after another.
  fileprivate func ranges(_ phase: Phase) -> [ClosedRange<Double>] {
    layers.flatMap { layer in
      (0..<layer.unitCount).map { unit in
        let ends = [layer[.neither], layer[phase]].flatMap { [$0.minimum(unit), $0.maximum(unit)] }.compactMap { $0 }
        return (ends.min() ?? 0)...(ends.max() ?? 0)
      }
    }
  }

  /// Gives what a statistic cannot take its name in the recording.
  fileprivate func naming<Value>(_ recording: RecordingView, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch StatisticsError.tooLarge(let unit, let value, _) {
      var (layer, position) = (layers.first?.name ?? "", unit)
      for candidate in layers {
        layer = candidate.name
        if position < candidate.unitCount { break }
        position -= candidate.unitCount
      }
      throw RecordingError.invalid(
        file: recording.path,
        fault: "/layers/\(layer)/activations goes up to \(value) in size in unit \(position), too wide a span to permute. Scale it.",
        remedy: .testByWelch)
    }
  }
}

/// The none, self and other rows of a recording with the activations of all open layers side by side, batch by batch.
private struct ContrastStream: Sendable {
  let recording: RecordingView
  let codes: [UInt8]
  /// Nil where all rows are one stratum.
  let strata: [Int32]?

  static let batchRows = 1 << 14
  static let batchValues = 1 << 22

  private func sides(_ phase: Phase, of rows: [Int]) -> [ContrastSide] {
    rows.map { codes[$0] == phase.rawValue ? .treated : codes[$0] == Phase.neither.rawValue ? .reference : .neither }
  }

  private func labels(of rows: [Int]) -> [Int32]? { strata.map { strata in rows.map { strata[$0] } } }

  private func isUsed(_ row: Int) -> Bool { codes[row] < Phase.both.rawValue }

  func permutationStrata(_ phase: Phase) throws -> PermutationStrata {
    var result = PermutationStrata()
    for start in stride(from: 0, to: codes.count, by: 1 << 18) {
      let rows = (start..<min(start + 1 << 18, codes.count)).filter(isUsed)
      try result.add(sides(phase, of: rows), strata: labels(of: rows))
    }
    return result
  }

  /// Reads batches of some thousand rows on several threads and adds them, in row order, to the sums of self and of other.
  func add<Value: ActivationValue>(to sums: [PermutedSums], as type: Value.Type, threads: Int) throws {
    var rows: [Int] = []
    var values: [Value] = []
    func addBatch() throws {
      let labels = labels(of: rows)
      try values.withUnsafeBufferPointer { values in
        for (phase, sums) in zip([Phase.own, .other], sums) {
          try sums.add(values, sides: sides(phase, of: rows), strata: labels, threads: threads)
        }
      }
      rows.removeAll(keepingCapacity: true)
      values.removeAll(keepingCapacity: true)
    }
    try recording.mapRows(of: recording.layers, selections: [isUsed], threads: threads) { (rows, values: [Value]) in
      (rows, values)
    } take: { parts in
      rows += parts[0].0
      values += parts[0].1
      if rows.count >= Self.batchRows || values.count >= Self.batchValues { try addBatch() }
    }
    if !rows.isEmpty { try addBatch() }
  }
}
