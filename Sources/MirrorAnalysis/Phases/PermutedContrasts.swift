import ActivationRecording
import Statistics

/// The differences of means self − none and other − none of every unit of every open layer, observed and under permuted labels.
///
/// The labels none and self are permuted among their rows, and none and other among theirs, separately and inside strata. One
/// permutation deals the labels of whole rows, so all units of all layers move together.
public struct PermutedContrasts: Sendable {
  public let own: PermutationNull
  public let other: PermutationNull

  /// Permutes in one pass over the recording, or in several where sums and the labels that are left of open strata would take more than
  /// 64 MiB: from some thousand units or open strata on.
  ///
  /// - Parameter moments: of this recording.
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows, `.invalid` for a double that is too large for
  ///   a Float.
  public init(of recording: Recording, moments: RecordingMoments, plan: ResamplingPlan, threads: Int) throws {
    try moments.rows.require([.neither, .own, .other], in: recording.path)
    try moments.requireFloats(in: recording.path)
    let rows = ContrastStream(recording: recording, codes: moments.rows.codes, usesStrata: plan.usesStrata)
    let (ownStrata, otherStrata) = try rows.strata()
    let units = moments.layers.reduce(0) { $0 + $1.unitCount }
    let bytes = [ownStrata, otherStrata].reduce(0) { $0 + PermutedSums.bytesPerPermutation(units: units, strata: $1) }
    let permutationsPerPass = max(32, (64 << 20) / max(1, bytes) / 32 * 32)
    var nulls: (own: PermutationNull, other: PermutationNull)?
    for first in stride(from: 0, to: max(1, plan.permutations), by: permutationsPerPass) {
      let permutations = first..<min(first + permutationsPerPass, plan.permutations)
      func sums(_ phase: Phase, _ strata: PermutationStrata) -> PermutedSums {
        PermutedSums(
          magnitudes: moments.magnitudes(phase), strata: strata, permutations: permutations, seed: plan.seed,
          purpose: "permute none and \(phase.name)")
      }
      let (own, other) = (sums(.own, ownStrata), sums(.other, otherStrata))
      try rows.forEachBatch(threads: threads) { batch in
        try batch.values.withUnsafeBufferPointer { values in
          try own.add(values, sides: batch.sides(.own), strata: batch.strata, threads: threads)
          try other.add(values, sides: batch.sides(.other), strata: batch.strata, threads: threads)
        }
      }
      let part = (own: own.finish(), other: other.finish())
      nulls = nulls.map { ($0.own.appending(part.own), $0.other.appending(part.other)) } ?? part
    }
    guard let nulls else { throw RecordingError.notEnoughRows(file: recording.path, fault: "has no rows to permute.") }
    (own, other) = nulls
  }

  /// Bytes that the permutations of a recording take at most, rows not counted: two nulls, and what is dealt from.
  public static func bytes(layers: [RecordedLayer], permutations: Int) -> Int {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    return byteCount(16 * Double(permutations) * Double(units) + 0x1p26)
  }
}

extension RecordingMoments {
  /// Rows are permuted as floats.
  fileprivate func requireFloats(in path: String) throws {
    for layer in layers {
      for unit in 0..<layer.unitCount {
        for phase in [Phase.neither, .own, .other] {
          for end in [layer[phase].minimum(unit), layer[phase].maximum(unit)] {
            guard let end, !Float(end).isFinite else { continue }
            throw RecordingError.invalid(
              file: path,
              fault: "/layers/\(layer.name)/activations holds \(end) in unit \(unit), too large to permute (at most "
                + "\(Float.greatestFiniteMagnitude)). Use --p-values welch in units, or leave the layer out with --layers.")
          }
        }
      }
    }
  }

  /// Per unit the largest |activation| in the none phase and another, layers one after another.
  fileprivate func magnitudes(_ phase: Phase) -> [Float] {
    layers.flatMap { layer in
      (0..<layer.unitCount).map { unit in
        let ends: [Double] = [layer[.neither], layer[phase]].flatMap { [$0.minimum(unit) ?? 0, $0.maximum(unit) ?? 0] }
        return Float(ends.map { abs($0) }.max() ?? 0)
      }
    }
  }
}

/// The none, self and other rows of a recording with the activations of all open layers side by side, batch by batch.
private struct ContrastStream {
  let recording: Recording
  let codes: [UInt8]
  let usesStrata: Bool

  struct Batch: Sendable {
    /// `[rows × units]`, layers one after another. Stored doubles are rounded to Float.
    var values: [Float] = []
    var codes: [UInt8] = []
    var strata: [Int32]?

    func sides(_ phase: Phase) -> [ContrastSide] {
      codes.map { $0 == phase.rawValue ? .treated : $0 == Phase.neither.rawValue ? .reference : .neither }
    }

    mutating func append(_ other: Batch) {
      values.append(contentsOf: other.values)
      strata = codes.isEmpty ? other.strata : strata.map { $0 + (other.strata ?? []) }
      codes.append(contentsOf: other.codes)
    }
  }

  /// The rows of a range that are in the none, self or other phase.
  private static func used(_ range: Range<Int>, _ codes: [UInt8]) -> [Int] { range.filter { codes[$0] < Phase.both.rawValue } }

  private func strata(of rows: [Int], in range: Range<Int>) throws -> [Int32]? {
    guard usesStrata, let strata = try recording.strata(rows: range) else { return nil }
    return rows.map { strata[$0 - range.lowerBound] }
  }

  /// The strata of both contrasts.
  func strata() throws -> (own: PermutationStrata, other: PermutationStrata) {
    var (own, other) = (PermutationStrata(), PermutationStrata())
    for start in stride(from: 0, to: codes.count, by: 1 << 18) {
      let range = start..<min(start + 1 << 18, codes.count)
      let rows = Self.used(range, codes)
      var batch = Batch()
      batch.codes = rows.map { codes[$0] }
      batch.strata = try strata(of: rows, in: range)
      own.add(batch.sides(.own), strata: batch.strata)
      other.add(batch.sides(.other), strata: batch.strata)
    }
    return (own, other)
  }

  /// Reads batches of some thousand rows on several threads and hands them on in row order.
  func forEachBatch(threads: Int, _ body: (Batch) throws -> Void) throws {
    let widths = recording.layers.map(\.unitCount)
    let codes = codes
    var batch = Batch()
    try recording.mapBlocks(inStep: recording.layers, threads: threads) { (range, blocks: [UnsafeBufferPointer<Float>]) in
      let rows = Self.used(range, codes)
      var values: [Float] = []
      values.reserveCapacity(rows.count * widths.reduce(0, +))
      for row in rows {
        for (block, width) in zip(blocks, widths) {
          let first = (row - range.lowerBound) * width
          values.append(contentsOf: block[first..<first + width])
        }
      }
      return (range: range, rows: rows, values: values)
    } take: { part in
      try batch.append(
        Batch(values: part.values, codes: part.rows.map { codes[$0] }, strata: strata(of: part.rows, in: part.range)))
      if batch.codes.count >= 1 << 14 || batch.values.count >= 1 << 22 {
        try body(batch)
        batch = Batch()
      }
    }
    if !batch.codes.isEmpty { try body(batch) }
  }
}
