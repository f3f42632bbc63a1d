import ActivationRecording
import Statistics
import Tabular

/// Whether a layer answers to self and to other in the same direction of its units, and along the same axes.
///
/// cosine = ½(a₁·b₂ + a₂·b₁) / √(a₁·a₂ b₁·b₂), a Δself and b Δother over the units, by half of the rows (strata whole): across halves,
/// since the noise of the none mean, which both have in common, would make a cosine of about ½ without any effect, and noise in the lengths
/// would make it smaller. Empty where a product under the root is not above 0.
///
/// p is the larger of two one-sided ones, none dealt against self and none dealt against other, each with the third phase left as it is: of
/// the product over its standard error, taken anew in each deal, so that the test holds its level too where both phases have effects square
/// to each other, and where variances differ.
public struct DirectionAnalysis: Analysis {
  /// Permutations of the phase labels; 0 for none.
  public var permutations: Int
  /// Axes of shared_variance.
  public var axes: Int
  /// What is exchanged, whatever the blocks would say.
  public var exchange: ExchangeDesign?
  /// Whether rows carry Δself and Δother of each unit.
  public var keepsDirections = false

  public init(permutations: Int = 0, axes: Int = 3, exchange: ExchangeDesign? = nil) {
    (self.permutations, self.axes, self.exchange) = (permutations, max(1, axes), exchange)
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Choose fewer rows, leave a wide layer out," }

  private static func isHeld(rows: Int, units: Int, valueBytes: Int) -> Bool {
    Double(rows) * Double(units) * Double(valueBytes) <= DirectionRows<Float>.mostHeldBytes
  }

  /// The rows of the widest layer, all in use where they are permuted or few, otherwise those of self or of other; their numbers; and the
  /// larger of what deals and axes take.
  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let rows = Double(shape.contrastRowCount)
    let work = shape.layers.map { layer -> Double in
      let units = Double(layer.unitCount)
      let isHeld = permutations > 0 || Self.isHeld(rows: shape.contrastRowCount, units: layer.unitCount, valueBytes: layer.valueBytes)
      // All rows, or the larger of what is gone through piece by piece and the rows of self or of other.
      let values =
        isHeld
        ? Double(layer.valueBytes) * units * rows
        : max(
          DirectionRows<Float>.mostHeldBytes, Double(layer.valueBytes) * units * Double(max(shape.count(.own), shape.count(.other))))
      // Sums of blocks of rows by half and phase, and weights.
      let sums = 96 * units * (rows / 2048 + 2) + 400 * units
      let axesRows = Double(max(shape.count(.own), shape.count(.other)))
      let ofAxes = ScaledRows<Double>.axesBytes(rows: axesRows, units: units, axes: Double(max(3, axes)), threads: threads)
      let ofDeals =
        permutations > 0
        ? DirectionPermutations<Double>.bytes(rows: rows, units: units, permutations: permutations, threads: threads) : 0
      return values + sums + max(ofAxes, ofDeals)
    }
    var bytes = shape.momentBytes(threads: threads) + IndexRows.bytes(shape) + 96 * rows + (work.max() ?? 0)
    if keepsDirections { bytes += 48 * Double(shape.unitCount) }
    return byteCount(bytes + 400 * Double(shape.layers.count))
  }

  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows, `.notFinite`, and what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [DirectionRow] {
    try rows(of: recording, using: IndexRows(of: recording, choice: exchange, seed: context.seed), in: context)
  }

  func rows(of recording: RecordingView, using index: IndexRows, in context: AnalysisContext) throws -> [DirectionRow] {
    try layers(of: recording, using: index, share: .whole, in: context).map { layer in
      var row = layer.row
      layer.nulls?.fill(&row)
      return row
    }
  }

  /// The rows without p, and what a share of the permutations gives.
  func layers(
    of recording: RecordingView, using index: IndexRows, share: PermutationShare, in context: AnalysisContext
  ) throws -> [(row: DirectionRow, nulls: DirectionNulls?)] {
    let deals = permutations > 0 && index.canCrossFit ? try DirectionDeals(index) : nil
    if permutations > 0 { for note in index.deals.directionNotes { context.note("\(recording.path): \(note).") } }
    return try zip(recording.layers, context.parts(recording.layers.map(\.unitCount))).map { layer, context in
      try context.checkCancellation()
      return layer.storesDoubles
        ? try row(of: layer, recording, index, deals, share, in: context, as: Double.self)
        : try row(of: layer, recording, index, deals, share, in: context, as: Float.self)
    }
  }

  private func row<Value: ActivationValue & MatrixScalar>(
    of layer: RecordedLayer, _ recording: RecordingView, _ index: IndexRows, _ deals: DirectionDeals?, _ share: PermutationShare,
    in context: AnalysisContext, as type: Value.Type
  ) throws -> (row: DirectionRow, nulls: DirectionNulls?) {
    var row = DirectionRow(layer: layer.name, rows: index)
    let isHeld = permutations > 0 || Self.isHeld(rows: index.count, units: layer.unitCount, valueBytes: MemoryLayout<Value>.size)
    let (moments, held) = try context.progress.part(0, permutations > 0 ? 0.2 : isHeld ? 0.8 : 0.1).reading(
      cells: recording.cellCount(of: [layer])
    ) { () -> (LayerMoments, ScaledRows<Value>?) in
      guard isHeld else { return (try recording.moments(of: [layer], threads: context.threads)[0], nil) }
      let read = try recording.indexLayer(layer, rows: index, threads: context.threads, as: Value.self)
      return (read.moments, read.rows)
    }
    if keepsDirections, let contrasts = moments.contrasts {
      row.directions = LayerDirections(deltaSelf: contrasts.map(\.deltaSelf), deltaOther: contrasts.map(\.deltaOther))
    }
    if index.deals.joint.design == nil, let reason = index.deals.joint.reason { row.explain(reason) }
    guard index.canCrossFit else {
      row.explain("a phase has too few \(index.blocks == nil ? "rows" : "strata") for two halves, or a half no more rows than phases")
      return (row, nil)
    }
    let rows =
      held.map { .held($0) }
      ?? DirectionRows<Value>.read(
        recording, layer, spreads: moments.spreads,
        pieceRows: max(1, Int(DirectionRows<Value>.mostHeldBytes) / max(1, layer.unitCount * MemoryLayout<Value>.size)))
    let units = try DirectionUnits(rows, of: index, threads: context.threads)
    context.progress.tell(isHeld ? 0 : 0.3)
    try units.fill(&row, threads: context.threads)
    context.progress.tell(isHeld ? 0 : 0.5)
    var nulls: DirectionNulls?
    if let deals, let held {
      nulls = try DirectionPermutations(units, held, deals: deals, permutations: permutations, in: context.part(0.2, 0.9))
        .nulls(share, explaining: &row)
    }
    try context.checkCancellation()
    try units.fillAxes(&row, axes: axes, seed: context.seed, threads: context.threads)
    return (row, nulls)
  }
}
