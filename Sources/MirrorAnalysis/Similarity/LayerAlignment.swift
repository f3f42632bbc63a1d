import ActivationRecording
import Parallelism
import Statistics

/// How the products of units that CKA between layers takes are formed, so that they stay small.
///
/// Narrow layers are multiplied all at once. Wide ones of few rows are taken layer by layer as products of rows, which are fewer; of many
/// rows, two sets of layers at a time, which reads each set once for every other.
enum LayerAlignment {
  /// Layers of one set are multiplied all at once.
  case sets([[Int]])
  case products(ofRows: Int)

  /// Most columns of a set, unless a single layer has more.
  private static let mostColumns = 2048

  init(_ shape: RecordingShape, _ selections: [RowSelection]) {
    var sets: [[Int]] = []
    var columns = 0
    for (number, layer) in shape.layers.enumerated() {
      let own = layer.unitCount * (layer.storesDoubles ? 2 : 1)
      if !sets.isEmpty, columns + own <= Self.mostColumns {
        sets[sets.count - 1].append(number)
        columns += own
      } else {
        sets.append([number])
        columns = own
      }
    }
    let rows = selections.map { $0.count(in: shape) }.max() ?? 0
    self = sets.count > 1 && rows <= shape.widestLayer ? .products(ofRows: rows) : .sets(sets)
  }

  /// The layers that are read in step.
  var layersReadAtOnce: [[Int]] {
    guard case .sets(let sets) = self else { return [] }
    return sets.count == 1 ? sets : setPairs(sets).map { sets[$0] + sets[$1] }
  }

  /// Bytes at the peak beside blocks of rows.
  func bytes(_ shape: RecordingShape, _ selections: [RowSelection], threads: Int) -> Double {
    guard shape.layers.count > 1 else { return 0 }
    let counts = selections.map { $0.count(in: shape) }
    switch self {
    case .sets(let sets):
      func bytes(_ left: [Int], _ right: [Int]?) -> Double {
        let isSplit = (left + (right ?? [])).contains { shape.layers[$0].storesDoubles }
        func units(_ layers: [Int]) -> Int { layers.reduce(0) { $0 + shape.layers[$1].unitCount } }
        let size = UnitProducts.Size(units: units(left), rightUnits: right.map(units), isSplit: isSplit)
        return UnitProducts.bytes(size, rows: counts)
          + shape.gatheredBytes(
            counts, units: units(left + (right ?? [])), valueBytes: isSplit ? 8 : 4, threads: threads)
      }
      let within = sets.map { bytes($0, nil) }.max() ?? 0
      return max(within, setPairs(sets).map { bytes(sets[$0], sets[$1]) }.max() ?? 0)
    case .products(let rows):
      let held = counts.reduce(0) { $0 + CentredGram.byteCount(rows: $1) } * Double(shape.layers.count)
      let layer = shape.layers.map { layer in
        Double(layer.valueBytes * layer.unitCount) * Double(shape.rowCount) + CentredGram.workingBytes(rows: rows, units: layer.unitCount)
      }
      return held + (layer.max() ?? 0) + 40 * Double(shape.rowCount)
    }
  }
}

private func setPairs(_ sets: [[Int]]) -> [(Int, Int)] {
  sets.indices.flatMap { first in (first + 1..<max(sets.count, first + 1)).map { (first, $0) } }
}

extension SimilarityAnalysis {
  /// CKA of every two layers over the same rows, by selection.
  func layerAlignments(of recording: RecordingView, rows: PhaseRows, in context: AnalysisContext) throws -> [Similarity] {
    let layers = recording.layers
    guard layers.count > 1 else { return [] }
    let shape = RecordingShape(
      rowCount: recording.rowCount,
      layers: layers.map { RecordingShape.Layer(name: $0.name, unitCount: $0.unitCount, storesDoubles: $0.storesDoubles) },
      phaseCounts: rows.counts)
    let values =
      switch LayerAlignment(shape, selections) {
      case .sets(let sets): try alignments(of: sets, in: recording, rows: rows, context)
      case .products: try alignmentsOverRows(of: recording, rows: rows, context)
      }
    return Comparison.betweenLayers(layers.count, selections).map { comparison in
      let selection = comparison.selections.0
      let count = selections[selection].count(in: rows)
      guard let value = values[selection](comparison.layers.0, comparison.layers.1) else {
        return Similarity(count: count, reason: count < 2 ? "needs 2 rows" : "a layer does not vary")
      }
      return Similarity(
        count: count, value: value, reason: permutations > 0 ? "no p: permuting the rows of a layer takes all of them in memory" : nil)
    }
  }

  /// CKA of two layers in a selection.
  private typealias Alignments = (_ first: Int, _ second: Int) -> Double?

  /// From products of units, of sets of layers that are multiplied all at once.
  private func alignments(
    of sets: [[Int]], in recording: RecordingView, rows: PhaseRows, _ context: AnalysisContext
  ) throws -> [Alignments] {
    let layers = recording.layers
    let units = layers.reduce(0) { $0 + $1.unitCount }
    // ‖XᵀY‖ by selection.
    var norms = selections.map { _ in [Double](repeating: 0, count: layers.count * layers.count) }
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
        for (pair, norm) in zip(pairs, found) { norms[selection][left[pair.0] * layers.count + (right ?? left)[pair.1]] = norm }
      }
    }
    for set in sets { try add(set, nil) }
    for (first, second) in setPairs(sets) { try add(sets[first], sets[second]) }
    return norms.map { norms in
      { centredAlignment(cross: norms[$0 * layers.count + $1], norms[$0 * (layers.count + 1)], norms[$1 * (layers.count + 1)]) }
    }
  }

  /// From products of rows, layer by layer.
  private func alignmentsOverRows(of recording: RecordingView, rows: PhaseRows, _ context: AnalysisContext) throws -> [Alignments] {
    let layers = recording.layers
    let isUsed: RowTest = { [selections] row in selections.contains { $0.contains(rows.codes[row]) } }
    let used = rows.codes.indices.filter(isUsed)
    let places = selections.map { selection in used.indices.filter { selection.contains(rows.codes[used[$0]]) } }
    func products<Value: ActivationValue>(of layer: RecordedLayer, as type: Value.Type) throws -> [CentredGram] {
      let values: [Value] = try recording.values(of: [layer], where: isUsed, threads: context.threads)
      return try values.withUnsafeBufferPointer { values in
        try places.map { try CentredGram(values, units: layer.unitCount, rows: $0, threads: context.threads) }
      }
    }
    let grams = try layers.map { layer in
      try context.checkCancellation()
      return layer.storesDoubles ? try products(of: layer, as: Double.self) : try products(of: layer, as: Float.self)
    }
    let pairs = layers.indices.flatMap { first in (first..<layers.count).map { (first, $0) } }
    return try selections.indices.map { selection in
      let found = try mapBlocks(count: pairs.count, threads: context.threads) { number in
        try grams[pairs[number].0][selection].product(with: grams[pairs[number].1][selection])
      }
      var squares = [Double](repeating: 0, count: layers.count * layers.count)
      for (pair, value) in zip(pairs, found) { squares[pair.0 * layers.count + pair.1] = value }
      let count = layers.count
      return { [squares] in
        linearCKA(cross: squares[$0 * count + $1], left: squares[$0 * (count + 1)], right: squares[$1 * (count + 1)])
      }
    }
  }
}

/// Where the units of some layers are, side by side.
private func unitRanges(_ numbers: [Int], of layers: [RecordedLayer]) -> [Range<Int>] {
  var end = 0
  return numbers.map { number in
    end += layers[number].unitCount
    return end - layers[number].unitCount..<end
  }
}
