import ActivationRecording
import Statistics

/// The moments of every unit in each phase: what `stats`, `units` by Welch's t and `cmni` without inference add.
public struct MomentSums: Accumulator {
  var layers: [LayerMoments]
  /// Rows of each phase, in the order of `Phase.allCases`.
  var counts: [Int]

  init(layers: [LayerMoments], counts: [Int]) { (self.layers, self.counts) = (layers, counts) }

  init(of recording: RecordingView, threads: Int) throws {
    let moments = try RecordingMoments(of: recording, threads: threads)
    self.init(layers: moments.layers, counts: moments.rows.counts)
  }

  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let phases = Phase.allCases.count
    let counts = try arrays.integers("rows", count: phases)
    layers = try header.layers.enumerated().map { number, layer in
      let kinds = try arrays.integers("moments/\(number)/doubles", count: phases)
      let sums = try arrays.numbers("moments/\(number)/sums", count: phases * 7 * layer.unitCount)
      return LayerMoments(
        name: layer.name, kind: layer.kind, isOutput: layer.isOutput, unitCount: layer.unitCount,
        phases: try (0..<phases).map { phase in
          try UnitMoments(
            count: counts[phase], unitSums: Array(sums[phase * 7 * layer.unitCount..<(phase + 1) * 7 * layer.unitCount]),
            unitCount: layer.unitCount, holdsDoubles: kinds[phase] == 1)
        })
    }
    self.counts = counts
  }

  public func write(to arrays: inout AccumulatorArrays) {
    arrays.set("rows", counts)
    for (number, layer) in layers.enumerated() {
      arrays.set("moments/\(number)/doubles", Phase.allCases.map { layer[$0].holdsDoubles ? 1 : 0 })
      arrays.set("moments/\(number)/sums", Phase.allCases.flatMap { layer[$0].unitSums })
    }
  }

  public mutating func merge(_ next: MomentSums) throws {
    for (number, layer) in next.layers.enumerated() { try layers[number].merge(Phase.allCases.map { layer[$0] }) }
    counts = zip(counts, next.counts).map { $0 + $1 }
  }

  /// Whether two machines have found the same to the last bit.
  func isSame(as other: MomentSums) -> Bool {
    counts == other.counts
      && zip(layers, other.layers).allSatisfy { own, other in
        Phase.allCases.allSatisfy { MirrorAnalysis.isSame(own[$0].unitSums, other[$0].unitSums) }
      }
  }

  /// As those of a recording.
  func moments(_ header: AccumulatorHeader) -> RecordingMoments {
    RecordingMoments(
      name: header.identity.recording, model: header.model, rows: PhaseRows(counts: counts, isFiltered: header.isFiltered), layers: layers)
  }
}
