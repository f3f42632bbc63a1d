import ActivationRecording
import Statistics

/// What `cmni` adds.
public enum CMNISums: Accumulator {
  /// A shard of the rows: what the index itself is made of.
  case moments(MomentSums)
  /// A share of the permutations.
  case share(IndexShare)

  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    switch header.place.kind {
    case .shard: self = .moments(try MomentSums(arrays, of: header))
    case .share: self = .share(try IndexShare(arrays, of: header))
    }
  }

  public func write(to arrays: inout AccumulatorArrays) {
    switch self {
    case .moments(let sums): sums.write(to: &arrays)
    case .share(let share): share.write(to: &arrays)
    }
  }

  public mutating func merge(_ next: CMNISums) throws {
    switch (self, next) {
    case (.moments(var own), .moments(let other)):
      try own.merge(other)
      self = .moments(own)
    case (.share(var own), .share(let other)):
      try own.merge(other)
      self = .share(own)
    default: throw AccumulatorFault("is no \(self.name)")
    }
  }

  private var name: String { if case .moments = self { "shard" } else { "share" } }
}

extension CMNIAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = ["by layer": "\(byLayer)", "permutations": "\(permutations)"]
    options["exchange"] = exchange?.rawValue
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    self.init(permutations: try header.permutations())
    byLayer = try header.option("by layer")
    exchange = try header.choice("exchange")
  }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    switch place.kind {
    case .shard where permutations > 0:
      "permutations move labels among all rows, so each machine has to read all of them and take a share"
    case .share where permutations == 0: "there are no permutations to share"
    default: nil
    }
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> CMNISums {
    guard place.kind == .share else { return .moments(try MomentSums(of: recording, threads: context.threads)) }
    let rows = try IndexRows(of: recording, choice: exchange, seed: context.seed)
    let (outputs, numbers) = try self.outputs(of: recording, using: rows, share: place.share, in: context)
    return .share(IndexShare(outputs, numbers: numbers, rows: rows))
  }

  public func rows(of sums: CMNISums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [CMNIRow] {
    switch sums {
    case .share(let share): return try share.rows(permutations: permutations, header)
    case .moments(let sums):
      let moments = sums.moments(header)
      try moments.rows.require([.neither, .own, .other], in: header.identity.recording)
      let layers = moments.layers.filter(\.countsInIndex)
      let indices: [(name: String?, layers: [LayerMoments], variants: [CMNIVariant])] =
        byLayer
        ? layers.map { ($0.name, [$0], ownVariants(isOutput: $0.isOutput)) } : [(nil, layers, variants)]
      var inference = CMNIInference()
      inference.reasons = ["merged from shards: no cmni_crossfit, whose halves are of all rows"]
      return indices.flatMap { name, layers, variants in
        variants.compactMap { variant in
          CMNI(variant, of: layers).map { index in
            var own = inference
            if index.value == nil { own.reasons.insert("no unit counts in this variant", at: 0) }
            return CMNIRow(model: header.model, index: index, phaseRows: moments.rows, inference: own, layer: name)
          }
        }
      }
    }
  }
}
