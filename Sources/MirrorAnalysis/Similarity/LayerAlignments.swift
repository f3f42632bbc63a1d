import ActivationRecording
import Parallelism
import Statistics

/// CKA of several comparisons, unbiased and plain.
struct Alignments: Sendable {
  var unbiased: [Similarity] = []
  var biased: [Similarity] = []

  static func + (first: Alignments, second: Alignments) -> Alignments {
    Alignments(unbiased: first.unbiased + second.unbiased, biased: first.biased + second.biased)
  }

  /// Adds a comparison of two sets.
  ///
  /// - Parameters:
  ///   - what: what does not vary where there is no value: "a layer".
  ///   - items: what is counted: "rows".
  ///   - design: what is exchanged where it is not what the orders say.
  mutating func add(
    _ sums: AlignmentSums?, _ first: Int, _ second: Int, count: Int, what: String, items: String, orders: RowOrders?,
    _ p: AlignmentPValues?,
    design: ExchangeDesign? = nil
  ) {
    let values = [sums.flatMap { $0.cka(first, second) }, sums.flatMap { $0.biasedCKA(first, second) }]
    let similarities = values.enumerated().map { number, value in
      let reason: String? =
        if value != nil {
          orders.flatMap { $0.reason.map { "no p: \($0)" } }
        } else if number == 0 {
          count < 4 ? "needs 4 \(items)" : "\(what) has no similarity of rows beyond that of each with itself: HSIC(K, K) is not above 0"
        } else {
          count < 2 ? "needs 2 \(items)" : "\(what) does not vary"
        }
      return Similarity(
        count: count, value: value, pValue: value.flatMap { _ in number == 0 ? p?.unbiased : p?.biased }, reason: reason,
        exchange: value.flatMap { _ in orders.map { design ?? $0.design } }, blockCount: value.flatMap { _ in orders?.movableBlockCount })
    }
    unbiased.append(similarities[0])
    biased.append(similarities[1])
  }
}

extension SimilarityAnalysis {
  /// CKA of every two layers over the same rows, by selection.
  func layerAlignments(of recording: RecordingView, rows: PhaseRows, in context: AnalysisContext) throws -> Alignments {
    let layers = recording.layers
    guard layers.count > 1 else { return Alignments() }
    let shape = RecordingShape(
      rowCount: recording.rowCount,
      layers: layers.map { RecordingShape.Layer(name: $0.name, unitCount: $0.unitCount, storesDoubles: $0.storesDoubles) },
      phaseCounts: rows.counts)
    let found =
      switch LayerAlignment(shape, selections) {
      case .sets(let sets): try alignments(of: sets, in: recording, rows: rows, context)
      case .products: try alignmentsOverRows(of: recording, rows: rows, context)
      }
    var result = Alignments()
    for comparison in Comparison.betweenLayers(layers.count, selections) {
      let (selection, pair) = (comparison.selections.0, comparison.layers)
      let of = found[selection]
      result.add(
        of.sums, pair.0, pair.1, count: selections[selection].count(in: rows), what: "a layer", items: "rows", orders: of.orders,
        of.pValues.isEmpty ? nil : of.pValues[pair.0 * layers.count + pair.1])
    }
    return result
  }

  /// CKA of every two layers in a selection.
  private struct SelectionAlignments {
    let sums: AlignmentSums
    var orders: RowOrders?
    var pValues: [AlignmentPValues?] = []
  }

  /// The orders of the rows of a selection, and the p of every two layers.
  private func permuted(
    _ sums: AlignmentSums, _ selection: RowSelection, of recording: RecordingView, rows: PhaseRows, _ context: AnalysisContext,
    sets: () throws -> AlignedSets
  ) throws -> SelectionAlignments {
    guard permutations > 0 else { return SelectionAlignments(sums: sums) }
    let places = rows.codes.indices.filter { selection.contains(rows.codes[$0]) }
    let blocks = try recording.dependentRows().map { dependent in places.map { dependent.numbers[$0] } }
    let orders = try RowOrders(rows: places.count, blocks: blocks, choice: exchange)
    guard orders.reason == nil else { return SelectionAlignments(sums: sums, orders: orders) }
    try context.checkCancellation()
    let steps = context.progress.steps(permutations)
    let pValues = try alignmentPValues(
      sets(), orders: orders, permutations: permutations, seed: context.seed, purpose: "cka order \(selection.name)",
      threads: context.threads, finished: steps.done)
    return SelectionAlignments(sums: sums, orders: orders, pValues: pValues)
  }

  /// From products of units, of sets of layers that are multiplied all at once.
  private func alignments(
    of sets: [[Int]], in recording: RecordingView, rows: PhaseRows, _ context: AnalysisContext
  ) throws -> [SelectionAlignments] {
    let layers = recording.layers
    let units = layers.reduce(0) { $0 + $1.unitCount }
    // ‖XᵀY‖² by selection.
    var squares = selections.map { _ in [Double](repeating: 0, count: layers.count * layers.count) }
    func add(_ left: [Int], _ right: [Int]?) throws {
      let (leftRanges, rightRanges) = (unitRanges(left, of: layers), unitRanges(right ?? left, of: layers))
      let pairs = left.indices.flatMap { first in
        (right ?? left).indices.filter { right != nil || $0 >= first }.map { (first, $0) }
      }
      try recording.forEachUnitProducts(
        of: left.map { layers[$0] }, with: right?.map { layers[$0] }, over: selections, rows: rows, pairs: units * (units + 1) / 2,
        threads: context.threads
      ) { selection, products in
        let found = products.norms(pairs.map { (leftRanges[$0], rightRanges[$1]) })
        for (pair, norm) in zip(pairs, found) {
          squares[selection][left[pair.0] * layers.count + (right ?? left)[pair.1]] = norm * norm
        }
      }
    }
    let reading = context.part(0, permutations > 0 ? 0.3 : 1)
    let pairs = setPairs(sets)
    try reading.progress.reading(cells: recording.cellCount() * (pairs.isEmpty ? 1 : sets.count)) {
      for set in sets { try add(set, nil) }
      for (first, second) in pairs { try add(sets[first], sets[second]) }
    }
    let norms = try layers.map { layer in
      layer.storesDoubles
        ? try recording.rowNorms(of: layer, over: selections, rows: rows, as: Double.self, threads: context.threads)
        : try recording.rowNorms(of: layer, over: selections, rows: rows, as: Float.self, threads: context.threads)
    }
    let contexts = context.part(0.3, 1).parts(selections.map { $0.count(in: rows) })
    return try zip(selections.enumerated(), contexts).map { numbered, context in
      let (number, selection) = numbered
      let sums = try AlignmentSums(squares: squares[number], rowNorms: norms.map { $0[number] })
      return try permuted(sums, selection, of: recording, rows: rows, context) {
        let test = selection.test(rows)
        let values = try layers.map { layer -> [Double] in
          layer.storesDoubles
            ? try recording.values(of: [layer], where: test, threads: context.threads)
            : try recording.values(of: [layer], where: test, as: Float.self, threads: context.threads).map { Double($0) }
        }
        return try AlignedSets(values, rows: selection.count(in: rows))
      }
    }
  }

  /// From products of rows, layer by layer.
  private func alignmentsOverRows(
    of recording: RecordingView, rows: PhaseRows, _ context: AnalysisContext
  ) throws -> [SelectionAlignments] {
    let isUsed: RowTest = { [selections] row in selections.contains { $0.contains(rows.codes[row]) } }
    let used = rows.codes.indices.filter(isUsed)
    let codes = used.map { rows.codes[$0] }
    let units = recording.layers.reduce(0) { $0 + $1.unitCount }
    let floats = ProductPrecision.suited(rows: units, pairs: used.count * used.count / 2)
    func products<Value: ActivationValue>(
      of layer: RecordedLayer, as type: Value.Type, _ precision: ProductPrecision
    ) throws -> CentredGram {
      let values: [Value] = try recording.values(of: [layer], where: isUsed, threads: context.threads)
      return try values.withUnsafeBufferPointer {
        try CentredGram($0, units: layer.unitCount, groups: codes, precision: precision, threads: context.threads)
      }
    }
    let reading = context.part(0, permutations > 0 ? 0.4 : 0.8)
    let grams = try zip(recording.layers, reading.parts(recording.layers.map(\.unitCount))).map { layer, context in
      try context.checkCancellation()
      defer { context.progress.tell(1) }
      return layer.storesDoubles ? try products(of: layer, as: Double.self, .double) : try products(of: layer, as: Float.self, floats)
    }
    let contexts = context.part(permutations > 0 ? 0.4 : 0.8, 1).parts(selections.map { $0.count(in: rows) })
    return try zip(selections, contexts).map { selection, context in
      let places = codes.indices.filter { selection.contains(codes[$0]) }
      let sums = try AlignmentSums(grams, rows: places, isWithin: selection != .all, threads: context.threads)
      return try permuted(sums, selection, of: recording, rows: rows, context) {
        try AlignedSets(grams, rows: places, isWithin: selection != .all, threads: context.threads)
      }
    }
  }
}

/// Sums of the units over rows.
private struct ColumnSums: Sendable {
  var count = 0
  /// Of the first row, and of what the others differ from it.
  var origin: [Double] = []
  var sums: [Double] = []
}

extension RecordingView {
  /// Σ over units of (x − x̄)² of each row, x̄ over a selection of rows, by selection, in two passes.
  fileprivate func rowNorms<Value: ActivationValue>(
    of layer: RecordedLayer, over selections: [RowSelection], rows phases: PhaseRows, as type: Value.Type, threads: Int
  ) throws -> [[Double]] {
    let units = layer.unitCount
    var totals = selections.map { _ in ColumnSums() }
    try mapBlocks(of: layer, threads: threads) { (rows, block: UnsafeBufferPointer<Value>) -> [ColumnSums] in
      selections.map { selection in
        var part = ColumnSums()
        for row in rows where selection.contains(phases.codes[row]) {
          let start = (row - rows.lowerBound) * units
          if part.count == 0 {
            part.origin = (0..<units).map { Double(block[start + $0]) }
            part.sums = [Double](repeating: 0, count: units)
          }
          part.count += 1
          for unit in 0..<units { part.sums[unit] += Double(block[start + unit]) - part.origin[unit] }
        }
        return part
      }
    } take: { parts in
      for (number, part) in parts.enumerated() where part.count > 0 {
        guard totals[number].count > 0 else {
          totals[number] = part
          continue
        }
        totals[number].count += part.count
        for unit in 0..<units {
          totals[number].sums[unit] += part.sums[unit] + Double(part.count) * (part.origin[unit] - totals[number].origin[unit])
        }
      }
    }
    let means = totals.map { total in zip(total.origin, total.sums).map { $0 + $1 / Double(total.count) } }
    var norms = selections.map { _ in [Double]() }
    try mapBlocks(of: layer, threads: threads) { (rows, block: UnsafeBufferPointer<Value>) -> [[Double]] in
      selections.enumerated().map { number, selection in
        rows.filter { selection.contains(phases.codes[$0]) }.map { row -> Double in
          let start = (row - rows.lowerBound) * units
          var sum = 0.0
          for unit in 0..<units {
            let distance = Double(block[start + unit]) - means[number][unit]
            sum += distance * distance
          }
          return sum
        }
      }
    } take: { parts in
      for (number, part) in parts.enumerated() { norms[number] += part }
    }
    return norms
  }
}
