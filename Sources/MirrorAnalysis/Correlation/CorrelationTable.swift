import ActivationRecording
import Statistics
import Tabular

/// A row of `correlate`: two units.
public struct CorrelationRow: TableRow {
  public let recording: String
  public let layerA: String
  public let unitA: Int
  public let layerB: String
  public let unitB: Int
  /// Names of phases, or `all`.
  public let phaseA: String
  public let phaseB: String
  public let method: CorrelationMethod
  public let count: Int
  public let r: Double?

  public static let schema = TableSchema(
    name: "correlate", title: "Correlation of units",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("layer_a", .string, "Layer of the first unit"),
      Column("unit_a", .integer, "Number of the first unit, 0-based"),
      Column("layer_b", .string, "Layer of the second unit"),
      Column("unit_b", .integer, "Number of the second unit, 0-based"),
      Column("phase_a", .string, "Phase of the first unit's activations: none, self, other, both or all"),
      Column("phase_b", .string, "Phase of the second unit's"),
      Column("method", .string, "pearson or spearman"),
      Column("n", .integer, "Rows, or strata across phases"),
      Column("r", .number, "Correlation; empty for a constant unit"),
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(layerA), .integer(unitA), .string(layerB), .integer(unitB), .string(phaseA), .string(phaseB),
      .string(method.rawValue), .integer(count), .number(r),
    ]
  }
}

public enum CorrelationMethod: String, Sendable, CaseIterable {
  case pearson, spearman
}

/// Correlations of all units of a set of layers with all others of that set, or across two phases.
public struct CorrelationMatrix: Sendable {
  public struct Unit: Sendable, Equatable {
    public let layer: String
    public let unit: Int
  }

  public let units: [Unit]
  /// Names of phases, or `all`.
  public let phaseA: String
  public let phaseB: String
  public let method: CorrelationMethod
  /// Rows, or strata across phases.
  public let count: Int
  /// `[units × units]`, the first unit's row; NaN for a constant unit.
  public let values: [Double]

  /// A row per pair: each once without the diagonal within a phase, all of them across two.
  public func rows(recording: String) -> [CorrelationRow] {
    units.indices.flatMap { a in
      (phaseA == phaseB ? a + 1..<units.count : 0..<units.count).map { b in
        let r = values[a * units.count + b]
        return CorrelationRow(
          recording: recording, layerA: units[a].layer, unitA: units[a].unit, layerB: units[b].layer, unitB: units[b].unit, phaseA: phaseA,
          phaseB: phaseB, method: method, count: count, r: r.isNaN ? nil : r)
      }
    }
  }
}

/// Correlates the units of a recording over the rows of a phase.
///
/// - Parameters:
///   - phase: after the partner filter; nil takes every row of the recording.
///   - acrossLayers: one matrix of all units of all layers instead of one per layer.
/// - Throws: `RecordingError.notEnoughRows` with fewer than two rows, `.notFinite`, and what reading throws.
public func correlations(
  of recording: Recording, phase: Phase?, method: CorrelationMethod, acrossLayers: Bool, partnerFilter: Bool, threads: Int
) throws -> [CorrelationMatrix] {
  let rows = try PhaseRows(of: recording, partnerFilter: partnerFilter)
  let isWanted: @Sendable (Int) -> Bool = { row in phase.map { rows.codes[row] == $0.rawValue } ?? true }
  let count = phase.map { rows.count($0) } ?? recording.rowCount
  guard count >= 2 else {
    throw RecordingError.notEnoughRows(
      file: recording.path, fault: "phase \(phase?.name ?? "all") has \(count) rows; a correlation needs 2. Record more states.")
  }
  let sets = acrossLayers ? [recording.layers] : recording.layers.map { [$0] }
  return try sets.map { layers in
    let units = layers.flatMap { layer in (0..<layer.unitCount).map { CorrelationMatrix.Unit(layer: layer.name, unit: $0) } }
    let values: [Double]
    if method == .pearson, layers.count == 1 {
      values = try recording.pearson(layers[0], rows: isWanted, count: count, threads: threads)
    } else {
      let stacked = try recording.stacked(layers, rows: isWanted, count: count, threads: threads)
      let source = method == .spearman ? try columnRanks(stacked, units: units.count, threads: threads) : stacked
      var accumulator = CorrelationAccumulator(units: units.count, precision: precision(rows: count, units: units.count))
      try accumulator.add(source, threads: threads)
      values = try accumulator.finish(threads: threads).correlations()
    }
    let name = phase?.name ?? "all"
    return CorrelationMatrix(units: units, phaseA: name, phaseB: name, method: method, count: count, values: values)
  }
}

/// Correlates every unit's mean response in one phase with every unit's in another, over the strata that hold both.
///
/// - Throws: `RecordingError.missingPart` without `/stratum`, `.notEnoughRows` with fewer than three strata.
public func correlationsAcross(
  _ a: Phase, _ b: Phase, of recording: Recording, method: CorrelationMethod, acrossLayers: Bool, partnerFilter: Bool, threads: Int
) throws -> [CorrelationMatrix] {
  guard let strata = try recording.strata() else {
    throw RecordingError.missingPart(
      file: recording.path, part: "/stratum",
      advice: "Correlating across phases needs matched groups of rows: record the episode or group of each row.")
  }
  let rows = try PhaseRows(of: recording, partnerFilter: partnerFilter)
  func members(_ phase: Phase) -> [Int32: [Int]] {
    Dictionary(grouping: rows.codes.indices.filter { rows.codes[$0] == phase.rawValue }, by: { strata[$0] })
  }
  let (inA, inB) = (members(a), members(b))
  let shared = inA.keys.filter { inB[$0] != nil }.sorted()
  guard shared.count >= 3 else {
    throw RecordingError.notEnoughRows(
      file: recording.path,
      fault: "\(shared.count) strata hold rows of both phase \(a.name) and phase \(b.name); a correlation across "
        + "them needs 3. Record more states.")
  }
  let sets = acrossLayers ? [recording.layers] : recording.layers.map { [$0] }
  return try sets.map { layers in
    let units = layers.flatMap { layer in (0..<layer.unitCount).map { CorrelationMatrix.Unit(layer: layer.name, unit: $0) } }
    let values = try recording.stacked(layers, rows: { _ in true }, count: recording.rowCount, threads: threads)
    func means(_ members: [Int32: [Int]]) -> [Double] {
      shared.flatMap { stratum -> [Double] in
        let rows = members[stratum] ?? []
        var sums = Array(repeating: 0.0, count: units.count)
        for row in rows { for unit in units.indices { sums[unit] += Double(values[row * units.count + unit]) } }
        return sums.map { $0 / Double(rows.count) }
      }
    }
    func source(_ means: [Double]) -> [Double] { method == .spearman ? ranked(means, units: units.count) : means }
    return CorrelationMatrix(
      units: units, phaseA: a.name, phaseB: b.name, method: method, count: shared.count,
      values: pearsonMatrix(source(means(inA)), leftUnits: units.count, source(means(inB)), rightUnits: units.count))
  }
}

/// `[rows × units]` with each column replaced by its ranks.
private func ranked(_ values: [Double], units: Int) -> [Double] {
  var result = values
  for unit in 0..<units {
    let column = averageRanks(stride(from: unit, to: values.count, by: units).map { values[$0] })
    for (row, rank) in column.enumerated() { result[row * units + unit] = rank }
  }
  return result
}

private func precision(rows: Int, units: Int) -> ProductPrecision {
  .suited(rows: rows, pairs: units * (units + 1) / 2)
}

extension Recording {
  /// One streaming pass: in memory are the matrix and a few blocks.
  fileprivate func pearson(
    _ layer: RecordedLayer, rows isWanted: @escaping @Sendable (Int) -> Bool, count: Int, threads: Int
  ) throws -> [Double] {
    let width = layer.unitCount
    let path = path
    var accumulator = CorrelationAccumulator(units: width, precision: precision(rows: count, units: width))
    try mapBlocks(of: layer, threads: threads) { (rows, block: UnsafeBufferPointer<Float>) in
      if let position = block.firstIndex(where: { !$0.isFinite }) {
        throw RecordingError.notFinite(
          file: path, layer: layer.name, unit: position % width, row: rows.lowerBound + position / width, value: Double(block[position]))
      }
      var kept: [Float] = []
      kept.reserveCapacity(block.count)
      for row in rows where isWanted(row) {
        let start = (row - rows.lowerBound) * width
        kept.append(contentsOf: block[start..<start + width])
      }
      return kept
    } take: { kept in
      try accumulator.add(kept, threads: threads)
    }
    return try accumulator.finish(threads: threads).correlations()
  }

  /// Wanted rows of several layers side by side, `[rows × units]`.
  fileprivate func stacked(
    _ layers: [RecordedLayer], rows isWanted: (Int) -> Bool, count: Int, threads: Int
  ) throws -> [Float] {
    let width = layers.reduce(0) { $0 + $1.unitCount }
    var result = [Float](repeating: 0, count: count * width)
    var offset = 0
    for layer in layers {
      let values = try activations(of: layer, threads: threads)
      var target = offset
      for row in 0..<rowCount where isWanted(row) {
        for unit in 0..<layer.unitCount { result[target + unit] = values[row * layer.unitCount + unit] }
        target += width
      }
      offset += layer.unitCount
    }
    return result
  }
}
