import ActivationRecording
import Statistics

/// A layer whose rows are in memory, and sums over its units.
struct HeldLayer<Value: ActivationValue & MatrixScalar> {
  let name: String
  let rows: ScaledRows<Value>
  let units: IndexUnits
  var sums: IndexSums
}

/// What a layer in memory takes.
enum HeldLayerBytes {
  /// Of a layer: its rows in use, constants of its units, and its sums.
  ///
  /// - Parameter byLayer: whether sums of each row stay with the layer.
  static func all(units: Int, valueBytes: Int, rows: Double, permutations: Int, byLayer: Bool) -> Double {
    Double(units) * (Double(valueBytes) * rows + ofUnit(rows: rows))
      + IndexSums.bytes(permutations: permutations, rows: byLayer ? rows : 0)
  }

  /// Of the constants of a unit, and its sums of blocks of rows.
  static func ofUnit(rows: Double) -> Double { 400 + 192 * (rows / 2048 + 1) }
}
