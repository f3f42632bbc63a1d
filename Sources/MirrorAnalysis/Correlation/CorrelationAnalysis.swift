import ActivationRecording
import Statistics

/// Correlations of the units of a recording: of each layer, or of all layers together.
///
/// Pearson's r takes one pass per layer, in the memory of a matrix per selection and a few blocks: within 1e-12 of float64's, or 1e-6 where
/// products are formed in Float (`ProductPrecision.suited`). Spearman's ρ needs the rows of a selection in memory.
public struct CorrelationAnalysis: Analysis {
  /// What is correlated with what.
  public enum Responses: Sendable {
    /// Activations over the same rows, in each selection.
    case within([RowSelection])
    /// Every unit's mean response in one phase with every unit's in another, over the strata that hold both.
    case across(Phase, Phase)
  }

  public var responses: Responses
  public var method: CorrelationMethod
  /// One matrix of all units of all layers instead of one per layer.
  public var acrossLayers: Bool

  public init(_ responses: Responses = .within([.all]), method: CorrelationMethod = .pearson, acrossLayers: Bool = false) {
    self.responses = responses
    self.method = method
    self.acrossLayers = acrossLayers
  }

  public var needs: RecordingNeeds {
    var needs = RecordingNeeds(reading: acrossLayers ? .inStep : .layerByLayer, counting: counted)
    needs.handsOnPieces = true
    return needs
  }

  private var counted: Set<RecordingView.CountedColumn> {
    switch responses {
    case .within(let selections): selections.contains { $0 != .all } ? [.phase] : []
    case .across: [.phase, .stratum]
    }
  }

  public var smallerAlternative: String { "Choose fewer layers or phases," }

  /// Rows of the table that are handed on at a time.
  private static let pieceRows = 4096

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let sets = layerSets(shape.layers)
    // A piece of the table, with the names of its cells.
    return byteCount((sets.map { bytes($0, shape, threads: threads) }.max() ?? 0) + 400 * Double(Self.pieceRows + shape.unitCount))
  }

  private func bytes(_ layers: [RecordingShape.Layer], _ shape: RecordingShape, threads: Int) -> Double {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let storesDoubles = layers.contains(where: \.storesDoubles)
    let square = 8 * Double(units) * Double(units)
    switch responses {
    case .within(let selections):
      let counts = selections.map { $0.count(in: shape) }
      let size = UnitProducts.Size(units: units, isSplit: method == .pearson && storesDoubles)
      switch method {
      case .pearson:
        return UnitProducts.bytes(size, rows: counts, fileCount: shape.fileCount)
          + shape.gatheredBytes(counts, units: units, valueBytes: storesDoubles ? 8 : 4, threads: threads)
      case .spearman:
        let most = counts.max() ?? 0
        let values = Double(units) * Double(most)
        // Values with the ranks of columns and of rows; then the ranks and their products.
        let ranking = values * (storesDoubles ? 16 : 12) + 48 * Double(most) * Double(max(1, threads))
        return max(ranking, 4 * values + UnitProducts.bytes(size, rows: [most]))
      }
    case .across(let a, let b):
      let strata = min(shape.stratumCount ?? 0, max(shape.count(a), shape.count(b)))
      // Means, those of shared strata, their ranks, and both standardised; then the matrix twice.
      return 2 * StratumMeans.bytes(strata: strata, units: units, fileCount: shape.fileCount) + 48 * Double(strata) * Double(units) + 2
        * square
        + 2 * StratumIndex.bytes(rows: shape.rowCount)
    }
  }

  /// - Throws: `RecordingError.notEnoughRows` where a selection has fewer than two rows, or fewer than three strata hold both phases,
  ///   `.missingPart` without strata, `.notFinite`, and what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [CorrelationRow] {
    var all: [CorrelationRow] = []
    try forEachRows(of: recording, in: context) { all += $0 }
    return all
  }

  public func forEachRows(of recording: RecordingView, in context: AnalysisContext, take: ([CorrelationRow]) throws -> Void) throws {
    try forEachMatrix(of: recording, in: context) { try forEachPiece(of: $0, in: context, take: take) }
  }

  /// Hands on the rows of a matrix in pieces.
  func forEachPiece(of matrix: CorrelationMatrix, in context: AnalysisContext, take: ([CorrelationRow]) throws -> Void) throws {
    var piece: [CorrelationRow] = []
    for unit in matrix.units.indices {
      piece += matrix.rows(ofUnit: unit)
      guard piece.count >= Self.pieceRows else { continue }
      try context.checkCancellation()
      try take(piece)
      piece.removeAll(keepingCapacity: true)
    }
    if !piece.isEmpty { try take(piece) }
  }

  /// Hands on the matrices one after the other: by layer, then by selection.
  ///
  /// - Throws: as `rows(of:in:)`.
  public func forEachMatrix(of recording: RecordingView, in context: AnalysisContext, take: (CorrelationMatrix) throws -> Void) throws {
    let sets = layerSets(recording.layers)
    switch responses {
    case .within(let selections):
      let rows = try recording.phaseRows(for: selections)
      try requireTwoRows(selections, rows: rows, in: recording)
      for (layers, context) in zip(sets, context.parts(sets.map { recording.cellCount(of: $0) })) {
        try context.progress.reading(cells: recording.cellCount(of: layers)) {
          try forEachMatrix(of: layers, over: selections, rows: rows, of: recording, threads: context.threads, take: take)
        }
      }
    case .across(let a, let b):
      let indices = try sharedStrata(a, b, of: recording)
      for (layers, context) in zip(sets, context.parts(sets.map { recording.cellCount(of: $0) })) {
        try context.progress.reading(cells: recording.cellCount(of: layers)) {
          try take(matrix(of: layers, across: (a, b), by: indices, of: recording, threads: context.threads))
        }
      }
    }
  }

  // MARK: Over rows

  private func requireTwoRows(_ selections: [RowSelection], rows: PhaseRows, in recording: RecordingView) throws {
    for selection in selections {
      switch selection {
      case .phase(let phase): try rows.require([phase], rows: 2, in: recording.path)
      case .all where rows.codes.count < 2:
        throw RecordingError.notEnoughRows(
          file: recording.path, fault: "has \(rows.codes.count) rows; a correlation needs 2. Record more states.")
      case .all: break
      }
    }
  }

  private func forEachMatrix(
    of layers: [RecordedLayer], over selections: [RowSelection], rows: PhaseRows, of recording: RecordingView, threads: Int,
    take: (CorrelationMatrix) throws -> Void
  ) throws {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    switch method {
    case .pearson:
      try recording.forEachUnitProducts(of: layers, over: selections, rows: rows, threads: threads) { number, products in
        try take(CorrelationMatrix(CorrelationMatrix.Unit.all(of: layers), within: selections[number], products))
      }
    case .spearman:
      for selection in selections {
        let values = try recording.rankCorrelations(of: layers, over: selection, rows: rows, threads: threads)
        let count = selection.count(in: rows)
        try take(
          CorrelationMatrix(
            CorrelationMatrix.Unit.all(of: layers), within: selection, method: method, precision: .suited(rows: count, units: units),
            count: count, values: values))
      }
    }
  }

  // MARK: Over strata

  /// The strata of both phases.
  private func sharedStrata(_ a: Phase, _ b: Phase, of recording: RecordingView) throws -> [StratumIndex] {
    guard let strata = try recording.strata else {
      throw RecordingError.missingPart(
        file: recording.path, part: "/stratum",
        advice: "Correlating across phases needs matched groups of rows: record the episode or group of each row.")
    }
    let rows = try recording.phases
    let indices = [a, b].map { StratumIndex(strata, selection: .phase($0), rows: rows) }
    let shared = Set(indices[0].strata).intersection(indices[1].strata).count
    guard shared >= 3 else {
      throw RecordingError.notEnoughRows(
        file: recording.path,
        fault: "\(shared) strata hold rows of both phase \(a.name) and phase \(b.name); a correlation across "
          + "them needs 3. Record more states.")
    }
    return indices
  }

  private func matrix(
    of layers: [RecordedLayer], across phases: (Phase, Phase), by indices: [StratumIndex], of recording: RecordingView, threads: Int
  ) throws -> CorrelationMatrix {
    let means = try recording.stratumMeans(of: layers, by: indices, threads: threads)
    let width = means[0].unitCount
    let shared = [means[0].shared(with: means[1]), means[1].shared(with: means[0])]
    let sides = shared.map { method == .spearman ? rankedColumns($0.values, units: width) : $0.values }
    return CorrelationMatrix(
      CorrelationMatrix.Unit.all(of: layers), phases: (phases.0.name, phases.1.name), method: method, count: shared[0].strata.count,
      values: pearsonMatrix(sides[0], leftUnits: width, sides[1], rightUnits: width),
      isConstant: (constantColumns(sides[0], units: width), constantColumns(sides[1], units: width)))
  }
}

/// Whether each column of `[rows × units]` holds one value.
private func constantColumns(_ values: [Double], units: Int) -> [Bool] {
  (0..<units).map { unit in stride(from: unit, to: values.count, by: units).allSatisfy { values[$0] == values[unit] } }
}

/// `[rows × units]` with each column replaced by its average ranks.
private func rankedColumns(_ values: [Double], units: Int) -> [Double] {
  var result = values
  for unit in 0..<units {
    let column = averageRanks(stride(from: unit, to: values.count, by: units).map { values[$0] })
    for (row, rank) in column.enumerated() { result[row * units + unit] = rank }
  }
  return result
}

extension RecordingView {
  /// Spearman's ρ of all units of some layers, `[units × units]`. Stored doubles are ranked as doubles.
  fileprivate func rankCorrelations(
    of layers: [RecordedLayer], over selection: RowSelection, rows: PhaseRows, threads: Int
  ) throws -> [Double] {
    layers.contains(where: \.storesDoubles)
      ? try rankCorrelations(of: layers, over: selection, rows: rows, threads: threads) { (values: [Double], units) in
        try columnRanks(values, units: units, threads: threads)
      }
      : try rankCorrelations(of: layers, over: selection, rows: rows, threads: threads) { (values: [Float], units) in
        try columnRanks(values, units: units, threads: threads)
      }
  }

  private func rankCorrelations<Value: ActivationValue>(
    of layers: [RecordedLayer], over selection: RowSelection, rows: PhaseRows, threads: Int, ranks: ([Value], Int) throws -> ColumnRanks
  ) throws -> [Double] {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let count = selection.count(in: rows)
    var accumulator = CorrelationAccumulator(units: units, precision: .suited(rows: count, units: units))
    let ranked = try ranks(values(of: layers, where: selection.test(rows), threads: threads), units)
    try accumulator.add(ranked, threads: threads)
    return try accumulator.finish(threads: threads).correlations()
  }
}
