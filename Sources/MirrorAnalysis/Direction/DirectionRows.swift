import ActivationRecording
import Statistics

/// The rows in use of a layer, scaled: held, or read anew for each piece of work, so that a layer of any number of rows takes the memory of the
/// rows of self or of other.
enum DirectionRows<Value: ActivationValue & MatrixScalar>: Sendable {
  case held(ScaledRows<Value>)
  /// - Parameters:
  ///   - spreads: of each unit over all rows in use.
  ///   - pieceRows: rows of the recording that are read at a time where all are gone through.
  case read(RecordingView, RecordedLayer, spreads: [UnitSpread], pieceRows: Int)

  /// Bytes of a layer's rows above which they are not held.
  static var mostHeldBytes: Double { 256 * 1024 * 1024 }

  /// None of the rows, for what is of units alone.
  private func noRows() throws -> ScaledRows<Value> {
    switch self {
    case .held(let rows): rows
    case .read(_, _, let spreads, _): try ScaledRows([], spreads: spreads, threads: 1)
    }
  }

  /// Of each unit its scale over the largest one, and whether it has a single value.
  func scales() throws -> (relative: [Double], isConstant: [Bool]) {
    let rows = try noRows()
    return (rows.relativeScales, rows.isConstant)
  }

  /// Σ x and Σ x² of each half and phase and unit, in the scale of `ScaledRows`, `[6 × units]`.
  func sums(of index: IndexRows, threads: Int) throws -> (sums: [Double], squares: [Double]) {
    var found: (sums: [Double], squares: [Double])?
    try forEachPiece(of: index, threads: threads) { rows, places in
      let next = try rows.sums(by: groups(places, index), groups: 6, threads: threads)
      guard var sums = found?.sums, var squares = found?.squares else {
        found = next
        return
      }
      for number in sums.indices {
        sums[number] += next.sums[number]
        squares[number] += next.squares[number]
      }
      found = (sums, squares)
    }
    return found ?? ([], [])
  }

  /// Σ x·w of every row in use, for four sets of weights by its half and phase.
  func weighted(by weights: [[SIMD4<Double>]], of index: IndexRows, threads: Int) throws -> [SIMD4<Double>] {
    var result = [SIMD4<Double>](repeating: .zero, count: index.count)
    try forEachPiece(of: index, threads: threads) { rows, places in
      let values = try rows.weighted(by: weights, group: groups(places, index), threads: threads)
      guard let places else {
        result = values
        return
      }
      for (place, value) in zip(places, values) { result[Int(place)] = value }
    }
    return result
  }

  /// The rows of a phase, 0 none, 1 self, 2 other, and the number of the first among the rows that come with them.
  func phase(_ phase: UInt8, of index: IndexRows, threads: Int) throws -> (rows: ScaledRows<Value>, first: Int32) {
    switch self {
    case .held(let rows): return (rows, 0)
    case .read(let recording, let layer, let spreads, _):
      let places = index.places
      let values: [Value] = try recording.values(
        of: [layer], where: { places[$0] >= 0 && index.phase[Int(places[$0])] == phase }, threads: threads)
      // Rows in use are sorted by phase.
      let first = index.phase.firstIndex(of: phase) ?? 0
      return (try ScaledRows(values, spreads: spreads, threads: threads), Int32(truncatingIfNeeded: first))
    }
  }

  private func groups(_ places: [Int32]?, _ index: IndexRows) -> [UInt8] {
    places.map { $0.map { index.halfPhase[Int($0)] } } ?? index.halfPhase
  }

  /// - Parameter body: gets rows and the places of them among those in use; no places for all of them in order.
  private func forEachPiece(
    of index: IndexRows, threads: Int, _ body: (_ rows: ScaledRows<Value>, _ places: [Int32]?) throws -> Void
  ) throws {
    switch self {
    case .held(let rows): try body(rows, nil)
    case .read(let recording, let layer, let spreads, let pieceRows):
      let places = index.places
      for start in stride(from: 0, to: recording.rowCount, by: pieceRows) {
        let range = start..<min(start + pieceRows, recording.rowCount)
        let values: [Value] = try recording.values(of: [layer], where: { range.contains($0) && places[$0] >= 0 }, threads: threads)
        try body(try ScaledRows(values, spreads: spreads, threads: threads), range.map { places[$0] }.filter { $0 >= 0 })
      }
    }
  }
}
