import ActivationRecording
import Parallelism
import Statistics

public enum CorrelationMethod: String, Sendable, CaseIterable {
  case pearson, spearman
}

/// Correlations of all units of a set of layers with all others of that set, or across two phases.
public struct CorrelationMatrix: Sendable {
  public struct Unit: Sendable, Equatable {
    public let layer: String
    public let unit: Int

    /// Such as dense_1:3.
    public var name: String { "\(layer):\(unit)" }
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
  /// Whether each unit is constant in `phaseA`, and in `phaseB`.
  let isConstantA: [Bool]
  let isConstantB: [Bool]
}

/// Correlates the units of a recording within selections of its rows: by layer, then by selection.
///
/// Pearson's r takes one pass per layer, in the memory of a matrix per selection and a few blocks: within 1e-12 of float64's, or 1e-6 where
/// products are formed in Float (`ProductPrecision.suited`). Spearman's ρ needs the rows of a selection in memory.
///
/// - Parameter acrossLayers: one matrix of all units of all layers instead of one per layer.
/// - Throws: `RecordingError.notEnoughRows` where a selection has fewer than two rows, `.notFinite`, and what reading throws.
public func correlations(
  of recording: Recording, over selections: [RowSelection], method: CorrelationMethod, acrossLayers: Bool, partnerFilter: Bool,
  threads: Int
) throws -> [CorrelationMatrix] {
  let rows = try recording.phaseRows(for: selections, partnerFilter: partnerFilter)
  for selection in selections {
    switch selection {
    case .phase(let phase): try rows.require([phase], rows: 2, in: recording.path)
    case .all where rows.codes.count < 2:
      throw RecordingError.notEnoughRows(
        file: recording.path, fault: "has \(rows.codes.count) rows; a correlation needs 2. Record more states.")
    case .all: break
    }
  }
  return try recording.layerSets(acrossLayers: acrossLayers).flatMap { layers -> [CorrelationMatrix] in
    let matrices =
      switch method {
      case .pearson:
        try recording.unitProducts(of: layers, over: selections, rows: rows, threads: threads).map { $0.correlations() }
      case .spearman:
        try selections.map { try recording.rankCorrelations(of: layers, over: $0, rows: rows, threads: threads) }
      }
    return zip(selections, matrices).map { selection, values in
      let units = units(of: layers)
      // A unit that varies has r 1 with itself.
      let isConstant = units.indices.map { values[$0 * units.count + $0].isNaN }
      return CorrelationMatrix(
        units: units, phaseA: selection.name, phaseB: selection.name, method: method, count: selection.count(in: rows), values: values,
        isConstantA: isConstant, isConstantB: isConstant)
    }
  }
}

/// Bytes that `correlations` takes for rows; 0 where it streams them.
public func correlationBytes(
  of recording: Recording, over selections: [RowSelection], method: CorrelationMethod, acrossLayers: Bool, partnerFilter: Bool
) throws -> Int {
  guard method == .spearman else { return 0 }
  let rows = try recording.phaseRows(for: selections, partnerFilter: partnerFilter)
  let count = selections.map { $0.count(in: rows) }.max() ?? 0
  // Per value: itself, its rank, and its rank before the columns are put together.
  return recording.layerSets(acrossLayers: acrossLayers).map { layers in
    layers.reduce(0) { $0 + $1.unitCount } * count * (layers.contains(where: \.storesDoubles) ? 16 : 12)
  }.max() ?? 0
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
  let indices = [a, b].map { StratumIndex(strata, selection: .phase($0), rows: rows) }
  let shared = Set(indices[0].strata).intersection(indices[1].strata).count
  guard shared >= 3 else {
    throw RecordingError.notEnoughRows(
      file: recording.path,
      fault: "\(shared) strata hold rows of both phase \(a.name) and phase \(b.name); a correlation across "
        + "them needs 3. Record more states.")
  }
  return try recording.layerSets(acrossLayers: acrossLayers).map { layers in
    let means = try recording.stratumMeans(of: layers, by: indices, threads: threads)
    let width = means[0].unitCount
    let sides = [means[0].shared(with: means[1]), means[1].shared(with: means[0])].map { side in
      method == .spearman ? rankedColumns(side.values, units: width) : side.values
    }
    return CorrelationMatrix(
      units: units(of: layers), phaseA: a.name, phaseB: b.name, method: method, count: shared,
      values: pearsonMatrix(sides[0], leftUnits: width, sides[1], rightUnits: width),
      isConstantA: constantColumns(sides[0], units: width), isConstantB: constantColumns(sides[1], units: width))
  }
}

/// Whether each column of `[rows × units]` holds one value.
private func constantColumns(_ values: [Double], units: Int) -> [Bool] {
  (0..<units).map { unit in stride(from: unit, to: values.count, by: units).allSatisfy { values[$0] == values[unit] } }
}

private func units(of layers: [RecordedLayer]) -> [CorrelationMatrix.Unit] {
  layers.flatMap { layer in (0..<layer.unitCount).map { CorrelationMatrix.Unit(layer: layer.name, unit: $0) } }
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

extension Recording {
  fileprivate func layerSets(acrossLayers: Bool) -> [[RecordedLayer]] { acrossLayers ? [layers] : layers.map { [$0] } }

  /// Spearman's ρ of all units of some layers, `[units × units]`. Stored doubles are ranked as doubles.
  fileprivate func rankCorrelations(
    of layers: [RecordedLayer], over selection: RowSelection, rows: PhaseRows, threads: Int
  ) throws -> [Double] {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let count = selection.count(in: rows)
    let ranks: [Float]
    if layers.contains(where: \.storesDoubles) {
      let values: [Double] = try gathered(layers, selection, rows: rows, threads: threads)
      ranks = try doubleRanks(values, units: units, threads: threads)
    } else {
      let values: [Float] = try gathered(layers, selection, rows: rows, threads: threads)
      ranks = try columnRanks(values, units: units, threads: threads)
    }
    var accumulator = CorrelationAccumulator(units: units, precision: .suited(rows: count, pairs: units * (units + 1) / 2))
    try accumulator.add(ranks, threads: threads)
    return try accumulator.finish(threads: threads).correlations()
  }

  /// The rows of a selection in memory, layers side by side.
  private func gathered<Value: ActivationValue & BinaryFloatingPoint>(
    _ layers: [RecordedLayer], _ selection: RowSelection, rows: PhaseRows, threads: Int
  ) throws -> [Value] {
    var result: [Value] = []
    result.reserveCapacity(selection.count(in: rows) * layers.reduce(0) { $0 + $1.unitCount })
    try mapSelected(of: layers, [selection], rows: rows, threads: threads) { (values: [Value]) in
      values
    } take: { parts in
      for part in parts { result.append(contentsOf: part) }
    }
    return result
  }
}

/// As `Statistics.columnRanks`, of doubles.
private func doubleRanks(_ values: [Double], units: Int, threads: Int) throws -> [Float] {
  guard units > 0 else { return [] }
  let columns = try mapBlocks(count: units, threads: threads) { unit in
    averageRanks(stride(from: unit, to: values.count, by: units).map { values[$0] }).map { Float($0) }
  }
  return (0..<values.count / units).flatMap { row in columns.map { $0[row] } }
}
