import ActivationRecording
import Statistics

/// What `units` adds: moments, and of a share of the permutations what they count.
public struct UnitSums: Accumulator {
  var moments: MomentSums
  /// Nil for a shard of the rows.
  var permuted: PermutedUnits?

  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    moments = try MomentSums(arrays, of: header)
    permuted = header.place.kind == .share ? try PermutedUnits(arrays, of: header) : nil
  }

  init(moments: MomentSums, permuted: PermutedUnits?) { (self.moments, self.permuted) = (moments, permuted) }

  public func write(to arrays: inout AccumulatorArrays) {
    moments.write(to: &arrays)
    permuted?.write(to: &arrays)
  }

  public mutating func merge(_ next: UnitSums) throws {
    guard let more = next.permuted else { return try moments.merge(next.moments) }
    guard moments.isSame(as: next.moments) else { throw AccumulatorFault.otherObserved }
    try permuted?.merge(more)
  }
}

extension UnitsAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = [
      "test": test.rawValue, "responsive": "\(criteria.responsive)", "selectivity": "\(criteria.selectivity)", "level": "\(criteria.level)",
      "margin": "\(criteria.margin)",
    ]
    guard test == .permutation else { return options }
    options["permutations"] = "\(permutations)"
    options["exchange"] = exchange?.rawValue
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    var criteria = UnitCriteria()
    criteria.responsive = try header.option("responsive")
    criteria.selectivity = try header.option("selectivity")
    criteria.level = try header.option("level")
    criteria.margin = try header.option("margin")
    guard let test: ContrastTest = try header.choice("test") else { throw AccumulatorFault("does not say 'test'") }
    self.init(
      test: test, criteria: criteria, permutations: test == .permutation ? try header.permutations() : 0,
      exchange: try header.choice("exchange"))
  }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    switch (place.kind, test) {
    case (.shard, .permutation): "permutations move labels among all rows, so each machine has to read all of them and take a share"
    case (.share, .welch): "Welch's test has no permutations to share"
    case (.share, .permutation) where stopsEarly: "permutations that stop early depend on all those before, and cannot be shared"
    default: nil
    }
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> UnitSums {
    guard place.kind == .share else { return UnitSums(moments: try MomentSums(of: recording, threads: context.threads), permuted: nil) }
    try recording.phases.require([.neither, .own, .other], in: recording.path)
    let moments = try RecordingMoments(of: recording, threads: context.threads)
    let permuted = try UnitPermutations(
      of: recording, layers: recording.layers, moments: moments, permutations: permutations, choice: exchange, share: place.share,
      context: context)
    for note in permuted.pairs.notes { context.note("\(recording.path): \(note)") }
    return UnitSums(moments: MomentSums(layers: moments.layers, counts: moments.rows.counts), permuted: permuted.permuted)
  }

  public func rows(of sums: UnitSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [UnitsRow] {
    for counts in sums.permuted?.pairs.compactMap(\.counts) ?? [] where counts.numbers != 0..<permutations {
      throw AccumulatorFault(
        "holds permutations \(counts.numbers.lowerBound) to \(counts.numbers.upperBound - 1) of \(permutations)")
    }
    return try sums.moments.moments(header).unitsRows(criteria: criteria, permuted: sums.permuted)
  }
}
