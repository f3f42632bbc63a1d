import ActivationRecording
import Statistics

/// What `correlate` adds: means and products of deviations of the units, for each set of layers and each selection of rows.
public struct CorrelationSums: Accumulator {
  /// `[sets of layers][selections]`
  var products: [[UnitProducts]]

  init(_ products: [[UnitProducts]]) { self.products = products }

  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let analysis = try CorrelationAnalysis(accumulated: header)
    products = try analysis.layerSets(header.layers).enumerated().map { set, layers in
      let size = UnitProducts.Size(
        units: layers.reduce(0) { $0 + $1.unitCount }, isSplit: layers.contains(where: \.storesDoubles))
      return try analysis.selections.indices.map { number in
        let name = "products/\(set)/\(number)"
        let moments = try CoMoments(
          count: arrays.integers("\(name)/rows", count: 1)[0], unitSums: arrays.numbers("\(name)/units", count: 3 * size.columns),
          products: arrays.numbers("\(name)/products", count: size.columns * size.columns), leftUnits: size.columns)
        let isSingle = try arrays.integers("\(name)/float32", count: 1)[0] == 1
        return UnitProducts(moments: moments, size: size, precision: isSingle ? .single : .double)
      }
    }
  }

  public func write(to arrays: inout AccumulatorArrays) {
    for (set, selections) in products.enumerated() {
      for (number, products) in selections.enumerated() {
        let name = "products/\(set)/\(number)"
        arrays.set("\(name)/rows", [products.count])
        arrays.set("\(name)/float32", [products.precision == .single ? 1 : 0])
        arrays.set("\(name)/units", products.moments.unitSums)
        arrays.set("\(name)/products", products.moments.products)
      }
    }
  }

  public mutating func merge(_ next: CorrelationSums) throws {
    for set in products.indices {
      for number in products[set].indices { try products[set][number].merge(next.products[set][number]) }
    }
  }
}

extension CorrelationAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = ["method": method.rawValue, "across layers": "\(acrossLayers)"]
    if case .within(let selections) = responses { options["phases"] = selections.map(\.name).joined(separator: ",") }
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    let text: String = try header.option("phases")
    let selections = try text.split(separator: ",").map { name in
      guard let selection = RowSelection(name: String(name)) else { throw AccumulatorFault("says '\(text)' for 'phases'") }
      return selection
    }
    guard header.options["method"] == CorrelationMethod.pearson.rawValue, !selections.isEmpty else {
      throw AccumulatorFault("is of no method that can be merged")
    }
    self.init(.within(selections), method: .pearson, acrossLayers: try header.option("across layers"))
  }

  /// The selections of rows; none across two phases.
  var selections: [RowSelection] { if case .within(let selections) = responses { selections } else { [] } }

  /// The layers that are correlated with each other.
  func layerSets<Layer>(_ layers: [Layer]) -> [[Layer]] { acrossLayers ? [layers] : layers.map { [$0] } }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    if place.kind == .share { return "correlations have no permutations to share" }
    if method == .spearman { return "ranks are among all rows, so Spearman's ρ cannot be had shard by shard" }
    if case .across = responses { return "correlations across phases are over the strata of all rows, and cannot be had shard by shard" }
    return nil
  }

  /// A matrix of each set of layers and selection, where a table without an accumulator has one at a time.
  public func keptBytes(_ shape: RecordingShape, as place: AccumulatorPlace) -> Double {
    layerSets(shape.layers).reduce(0) { bytes, layers in
      let size = UnitProducts.Size(
        units: layers.reduce(0) { $0 + $1.unitCount }, isSplit: layers.contains(where: \.storesDoubles))
      return bytes + 8 * Double(selections.count) * Double(size.columns) * Double(size.columns)
    }
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> CorrelationSums {
    let rows = try recording.phaseRows(for: selections)
    return CorrelationSums(
      try layerSets(recording.layers).map { layers in
        var found: [UnitProducts] = []
        try recording.forEachUnitProducts(of: layers, over: selections, rows: rows, threads: context.threads) { found.append($1) }
        return found
      })
  }

  public func rows(of sums: CorrelationSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [CorrelationRow] {
    var all: [CorrelationRow] = []
    try forEachRows(of: sums, header, in: context) { all += $0 }
    return all
  }

  public func forEachRows(
    of sums: CorrelationSums, _ header: AccumulatorHeader, in context: AnalysisContext, take: ([CorrelationRow]) throws -> Void
  ) throws {
    for (layers, products) in zip(layerSets(header.layers), sums.products) {
      for (selection, products) in zip(selections, products) {
        guard products.count >= 2 else {
          throw RecordingError.notEnoughRows(
            file: header.identity.recording,
            fault: "the shards together have \(products.count) rows of '\(selection.name)'; a correlation needs 2. Record more states.")
        }
        let units = layers.flatMap { CorrelationMatrix.Unit.all(of: $0.name, $0.unitCount) }
        try forEachPiece(of: CorrelationMatrix(units, within: selection, products), in: context, take: take)
      }
    }
  }
}
