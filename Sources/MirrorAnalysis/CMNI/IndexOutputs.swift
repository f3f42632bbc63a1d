import Statistics

/// Indices before their inference, put together layer by layer: one over all layers, or one of each.
struct IndexOutputs {
  struct Output {
    /// The layer that it is over; nil for all.
    let layer: String?
    let moments: [LayerMoments]
    let sums: IndexSums
    let variants: [CMNIVariant]
  }

  /// Over all layers so far; of nothing where each has its own.
  var total: IndexSums
  private let byLayer: Bool
  private var moments: [LayerMoments] = []
  private var ofLayers: [Output] = []

  init(byLayer: Bool, permutations: Int, rows: IndexRows) {
    let withRows = !byLayer && rows.canCrossFit
    total = IndexSums(permutations: byLayer ? 0 : permutations, rows: withRows ? rows.count : 0)
    self.byLayer = byLayer
  }

  /// - Parameter variants: of the layer by itself.
  mutating func add(_ sums: IndexSums, _ moments: LayerMoments, _ variants: [CMNIVariant]) {
    if byLayer {
      ofLayers.append(Output(layer: moments.name, moments: [moments], sums: sums, variants: variants))
    } else {
      self.moments.append(moments)
      total.add(sums)
    }
  }

  /// Adds what a layer comes to in each row to the index over all layers.
  mutating func addChosen(_ chosen: [VariantSums]) {
    for row in chosen.indices { total.chosen[row] += chosen[row] }
  }

  /// - Parameter variants: of the index over all layers.
  func all(_ variants: [CMNIVariant]) -> [Output] {
    byLayer ? ofLayers : [Output(layer: nil, moments: moments, sums: total, variants: variants)]
  }
}
