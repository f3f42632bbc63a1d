import ActivationRecording
import Statistics

/// Smallest and largest activations of all rows, from a first pass over all shards: what `stats` accumulates.
public struct DivergenceRanges: Sendable {
  let layers: [LayerMoments]
  /// Hashes of the recordings of the first pass.
  let recordings: [String]
  /// How the first pass chose its rows and their phases.
  let options: [String: String]
  let isFiltered: Bool

  /// - Parameters:
  ///   - moments: of all shards, merged.
  ///   - recordings: SHA-256 of the recordings that they are of.
  ///   - header: of the first pass.
  public init(_ moments: MomentSums, of recordings: [String], header: AccumulatorHeader) {
    (layers, self.recordings, options, isFiltered) = (moments.layers, recordings, header.options, header.isFiltered)
  }

  /// - Throws: `RecordingError.badInput` where the view sees other rows, or other phases, than the first pass did.
  func requireSameRows(as view: RecordingView) throws {
    let own = view.selection.accumulatorOptions
    for name in Set(own.keys).union(options.keys).sorted() where own[name] != options[name] {
      throw RecordingError.badInput(
        file: view.path,
        fault: "the first pass had '\(options[name] ?? "nothing")' for '\(name)', and this one has '\(own[name] ?? "nothing")'. "
          + "Choose rows and phases alike in both.")
    }
    guard isFiltered == (try view.phases.isFiltered) else {
      throw RecordingError.badInput(
        file: view.path, fault: "self and other rows were filtered in one of the two passes alone. Choose rows alike in both.")
    }
  }
}

/// What `divergence` adds: moments, counts in bins, and of a share of the permutations the divergences under them.
public struct DivergenceSums: Accumulator {
  struct Layer: Sendable {
    let ranges: [ClosedRange<Double>]
    var histograms: GroupedHistograms
    /// `[comparisons][units]`, empty where nothing is dealt; nil for a shard of the rows.
    var shares: [[DivergenceNullShare]]?
  }

  var moments: MomentSums
  /// Nil for a layer without a row in any phase.
  var layers: [Layer?]
  /// Of a share.
  var designs: DivergenceDesigns?
  var numbers: Range<Int>

  public mutating func merge(_ next: DivergenceSums) throws {
    for (own, other) in zip(layers, next.layers) where own?.ranges != other?.ranges {
      throw designs == nil ? AccumulatorFault("has bins over other ranges, though the first pass is the same") : .otherObserved
    }
    guard designs != nil else {
      try moments.merge(next.moments)
      for number in layers.indices {
        if let histograms = next.layers[number]?.histograms { try layers[number]?.histograms.merge(histograms) }
      }
      return
    }
    guard designs == next.designs, moments.isSame(as: next.moments),
      zip(layers, next.layers).allSatisfy({ $0?.histograms.counts == $1?.histograms.counts })
    else { throw AccumulatorFault.otherObserved }
    guard next.numbers.lowerBound == numbers.upperBound else {
      throw AccumulatorFault("holds permutations from \(next.numbers.lowerBound) on, and \(numbers.upperBound) is the next one")
    }
    numbers = numbers.lowerBound..<next.numbers.upperBound
    for number in layers.indices {
      guard let shares = next.layers[number]?.shares else { continue }
      guard layers[number]?.shares.map({ zip($0, shares).allSatisfy { $0.count == $1.count } }) == true else {
        throw AccumulatorFault.otherObserved
      }
      for (comparison, units) in shares.enumerated() {
        for (unit, share) in units.enumerated() { layers[number]?.shares?[comparison][unit].merge(share) }
      }
    }
  }
}

extension DivergenceSums {
  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let bins: Int = try header.option("bins")
    let phases = Phase.allCases.count
    let comparisons = DivergenceAnalysis.comparedPhases.count
    moments = try MomentSums(arrays, of: header)
    (designs, numbers) = (nil, 0..<0)
    if header.place.kind == .share {
      let ends = try arrays.integers("nulls/numbers", count: 2)
      guard ends[0] <= ends[1], ends[0] >= 0, ends[1] <= (try header.permutations()) + 1 else {
        throw AccumulatorFault("nulls/numbers holds \(ends[0]), \(ends[1])")
      }
      numbers = ends[0]..<ends[1]
      let known = try arrays.integers("nulls/is_compared", count: comparisons)
      let reasons = try arrays.texts("nulls/reasons", count: comparisons)
      let names = try arrays.texts("nulls/exchange", count: comparisons)
      let blocks = try arrays.integers("nulls/n_blocks", count: comparisons)
      designs = DivergenceDesigns(
        permutations: try header.permutations(),
        exchanges: (0..<comparisons).map { number in
          known[number] == 1
            ? DivergenceDesigns.Exchange(
              reason: reasons[number].isEmpty ? nil : reasons[number], design: ExchangeDesign(rawValue: names[number]),
              blockCount: blocks[number]) : nil
        }, obstacle: try arrays.texts("nulls/obstacle").first)
    }
    layers = []
    for (number, layer) in header.layers.enumerated() {
      let name = "histograms/\(number)"
      guard arrays.contains("\(name)/low") else {
        layers.append(nil)
        continue
      }
      let (low, high) = (
        try arrays.numbers("\(name)/low", count: layer.unitCount), try arrays.numbers("\(name)/high", count: layer.unitCount)
      )
      let counts = try arrays.integers("\(name)/counts")
      guard bins > 0, counts.count / max(1, layer.unitCount * phases) == bins, zip(low, high).allSatisfy({ $0 <= $1 && ($1 - $0).isFinite })
      else { throw AccumulatorFault("\(name) holds no ranges, or no counts of \(bins) bins") }
      let ranges = zip(low, high).map { $0...$1 }
      var shares: [[DivergenceNullShare]]?
      if header.place.kind == .share {
        shares = try (0..<comparisons).map { comparison in
          guard arrays.contains("\(name)/extreme_\(comparison)") else { return [] }
          let extremes = try arrays.integers("\(name)/extreme_\(comparison)", count: layer.unitCount)
          let values = try arrays.numbers("\(name)/values_\(comparison)", count: layer.unitCount * numbers.count)
          guard extremes.allSatisfy({ (0...numbers.count).contains($0) }) else {
            throw AccumulatorFault("\(name)/extreme_\(comparison) counts more than there are")
          }
          return extremes.enumerated().map { unit, extreme in
            DivergenceNullShare(values: Array(values[unit * numbers.count..<(unit + 1) * numbers.count]), extreme: extreme)
          }
        }
      }
      layers.append(
        Layer(ranges: ranges, histograms: try GroupedHistograms(ranges: ranges, groups: phases, bins: bins, counts: counts), shares: shares)
      )
    }
  }

  public func write(to arrays: inout AccumulatorArrays) {
    moments.write(to: &arrays)
    if let designs {
      arrays.set("nulls/numbers", [numbers.lowerBound, numbers.upperBound])
      arrays.set("nulls/is_compared", designs.exchanges.map { $0 == nil ? 0 : 1 })
      arrays.set("nulls/reasons", designs.exchanges.map { $0?.reason ?? "" })
      arrays.set("nulls/exchange", designs.exchanges.map { $0?.design?.rawValue ?? "" })
      arrays.set("nulls/n_blocks", designs.exchanges.map { $0?.blockCount ?? 0 })
      arrays.set("nulls/obstacle", designs.obstacle.map { [$0] } ?? [])
    }
    for (number, layer) in layers.enumerated() {
      guard let layer else { continue }
      let name = "histograms/\(number)"
      arrays.set("\(name)/low", layer.ranges.map(\.lowerBound))
      arrays.set("\(name)/high", layer.ranges.map(\.upperBound))
      arrays.set("\(name)/counts", layer.histograms.counts)
      for (comparison, units) in (layer.shares ?? []).enumerated() where !units.isEmpty {
        arrays.set("\(name)/extreme_\(comparison)", units.map(\.extreme))
        arrays.set("\(name)/values_\(comparison)", units.flatMap(\.values))
      }
    }
  }
}

extension DivergenceAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = ["bins": "\(bins)", "range": range.rawValue, "permutations": "\(permutations)"]
    if permutations > 0 { options["exchange"] = exchange?.rawValue }
    options[AccumulatorHeader.firstPassOption] = firstPass?.recordings.joined(separator: " ")
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    guard let range: HistogramRange = try header.choice("range") else { throw AccumulatorFault("does not say 'range'") }
    self.init(
      bins: try header.option("bins"), range: range, permutations: try header.permutations(),
      exchange: try header.choice("exchange"))
  }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    switch place.kind {
    case .shard where permutations > 0:
      "permutations move labels among all rows, so each machine has to read all of them and take a share"
    case .shard where place.count > 1 && firstPass == nil:
      "bins reach over the range of all rows, which a first pass has to find"
    case .share where permutations == 0: "there are no permutations to share"
    case .share where firstPass != nil: "each share reads all rows, and finds their range itself"
    default: nil
    }
  }

  /// The histograms of all layers, and for a share the distances of its permutations, which are copied.
  public func keptBytes(_ shape: RecordingShape, as place: AccumulatorPlace) -> Double {
    let taken = place.kind == .share ? Double(permutations / place.count + 2) : 0
    return shape.momentSumBytes + Double(shape.unitCount)
      * (8 * Double(Phase.allCases.count * bins) + 16 * Double(Self.comparedPhases.count) * (taken + 1))
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> DivergenceSums {
    try firstPass?.requireSameRows(as: recording)
    let moments = try RecordingMoments(of: recording, threads: context.threads)
    let codes = moments.rows.codes
    let nulls = place.kind == .share ? try DivergenceNulls(self, of: recording, rows: moments.rows, seed: context.seed) : nil
    // Each permutation is dealt and taken by itself, so that a share may begin with any.
    let numbers = 1 + permutations * (place.number - 1) / place.count..<1 + permutations * place.number / place.count
    var sums = DivergenceSums(
      moments: MomentSums(layers: moments.layers, counts: moments.rows.counts), layers: [], designs: nulls?.designs,
      numbers: nulls == nil ? 0..<0 : numbers)
    for (number, (layer, own)) in zip(recording.layers, moments.layers).enumerated() {
      guard let ranges = try ranges(ofLayer: number, own, in: recording) else {
        sums.layers.append(nil)
        continue
      }
      let empty = GroupedHistograms(ranges: ranges, groups: Phase.allCases.count, bins: bins)
      sums.layers.append(
        DivergenceSums.Layer(
          ranges: ranges, histograms: try recording.histograms(of: layer, into: empty, codes: codes, threads: context.threads),
          shares: try nulls?.shares(of: layer, in: recording, bins: empty, taking: numbers, context)))
    }
    return sums
  }

  /// Those of the first pass, or the recording's own; nil for a layer without a row in any phase.
  private func ranges(ofLayer number: Int, _ own: LayerMoments, in recording: RecordingView) throws -> [ClosedRange<Double>]? {
    guard let firstPass else { return try own.histogramRanges(range, path: recording.path) }
    guard firstPass.layers.indices.contains(number), firstPass.layers[number].name == own.name,
      firstPass.layers[number].unitCount == own.unitCount
    else {
      throw RecordingError.badInput(
        file: recording.path, fault: "has a layer \(own.name) that the first pass has not. Choose the same layers.")
    }
    guard let ranges = try firstPass.layers[number].histogramRanges(range, path: recording.path) else { return nil }
    for unit in 0..<own.unitCount {
      for moments in Phase.allCases.map({ own[$0] }) {
        guard let low = moments.minimum(unit), let high = moments.maximum(unit) else { continue }
        guard ranges[unit].contains(low), ranges[unit].contains(high) else {
          throw RecordingError.badInput(
            file: recording.path,
            fault:
              "layer \(own.name), unit \(unit) reaches from \(low) to \(high), beyond the range of the first pass, which was over other rows."
          )
        }
      }
    }
    return ranges
  }

  public func rows(of sums: DivergenceSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [DivergenceRow] {
    if sums.designs != nil, sums.numbers != 1..<permutations + 1 {
      throw AccumulatorFault("holds permutations \(sums.numbers.lowerBound) to \(sums.numbers.upperBound - 1) of \(permutations)")
    }
    for layer in sums.layers {
      for share in (layer?.shares ?? []).joined() where share.values.count != permutations {
        throw AccumulatorFault("holds \(share.values.count) of \(permutations) permutations of a unit")
      }
    }
    return zip(sums.moments.layers, sums.layers).flatMap { moments, layer -> [DivergenceRow] in
      guard let layer else { return [] }
      return divergenceRows(moments, layer.histograms, sums.designs, layer.shares?.map { $0.map(\.null) })
    }
  }
}
