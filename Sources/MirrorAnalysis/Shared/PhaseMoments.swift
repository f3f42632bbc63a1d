import ActivationRecording
import Statistics

/// The moments of every unit of one layer, in each phase.
public struct LayerMoments: Sendable {
  public let name: String
  public let kind: String
  public let isOutput: Bool
  public let unitCount: Int
  /// One accumulator per phase, in the order of `Phase.allCases`.
  private(set) var phases: [UnitMoments]

  public init(name: String, kind: String = "dense", isOutput: Bool, unitCount: Int, phases: [UnitMoments]) {
    self.name = name
    self.kind = kind
    self.isOutput = isOutput
    self.unitCount = unitCount
    self.phases = phases
  }

  /// Of no row yet.
  init(of layer: RecordedLayer) {
    self.init(
      name: layer.name, kind: layer.kind, isOutput: layer.isOutput, unitCount: layer.unitCount,
      phases: Phase.allCases.map { _ in UnitMoments(unitCount: layer.unitCount) })
  }

  public subscript(_ phase: Phase) -> UnitMoments { phases[Int(phase.rawValue)] }

  mutating func merge(_ block: [UnitMoments]) throws {
    for phase in phases.indices { try phases[phase].merge(block[phase]) }
  }
}

extension RecordingView {
  /// The moments of every unit of every layer in each phase, in one pass over the activations.
  ///
  /// Rows are taken in fixed blocks that are merged in order, so neither the number of threads nor the file's chunks change a digit. Those of
  /// several files are taken file by file and then merged in order, as `mirrorscope merge` does with files on several machines.
  ///
  /// - Parameters:
  ///   - chosen: layers; those of this view without any.
  ///   - rows: phases of rows; those of this view without any.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row that belongs to a phase.
  public func moments(of chosen: [RecordedLayer]? = nil, by rows: PhaseRows? = nil, threads: Int) throws -> [LayerMoments] {
    let rows = try rows ?? phases
    return try (chosen ?? layers).map { layer in
      layer.storesDoubles
        ? try moments(of: layer, by: rows, threads: threads) { (moments: inout UnitMoments, block: UnsafeBufferPointer<Double>, indices) in
          try moments.add(block, indices: indices)
        }
        : try moments(of: layer, by: rows, threads: threads) { (moments: inout UnitMoments, block: UnsafeBufferPointer<Float>, indices) in
          try moments.add(block, indices: indices)
        }
    }
  }

  private func moments<Value: ActivationValue>(
    of layer: RecordedLayer, by rows: PhaseRows, threads: Int,
    add: @escaping @Sendable (inout UnitMoments, UnsafeBufferPointer<Value>, [Int32]) throws -> Void
  ) throws -> LayerMoments {
    var result = LayerMoments(of: layer)
    let nothing = result.phases
    for (file, own) in files {
      var ofFile = LayerMoments(of: layer)
      try file.mapBlocks(of: layer, threads: threads) { [self] (block, values: UnsafeBufferPointer<Value>) in
        var parts = nothing
        let range = own.lowerBound + block.lowerBound..<own.lowerBound + block.upperBound
        let indices = rows.positions(in: range)
        do {
          for phase in parts.indices { try add(&parts[phase], values, indices[phase]) }
        } catch let error as NonFiniteValue {
          throw notFinite(error.value, layer: layer, row: range.lowerBound + error.row, unit: error.unit)
        }
        return parts
      } take: { parts in
        try ofFile.merge(parts)
      }
      try result.merge(ofFile.phases)
    }
    return result
  }
}

extension RecordingView {
  /// Activations of some layers, or of all: rows times units.
  func cellCount(of chosen: [RecordedLayer]? = nil) -> Int { (chosen ?? layers).reduce(0) { $0 + $1.unitCount } * rowCount }
}

extension PhaseRows {
  /// The rows of each phase among those of a block, by their positions in it.
  func positions(in block: Range<Int>) -> [[Int32]] {
    var positions = Phase.allCases.map { _ in [Int32]() }
    for row in block {
      let phase = Int(codes[row])
      if phase < positions.count { positions[phase].append(Int32(row - block.lowerBound)) }
    }
    return positions
  }
}

extension RecordingShape {
  /// Bytes of the moments of all layers in each phase, those of blocks under way included.
  func momentBytes(threads: Int) -> Double {
    let unit = Double(Phase.allCases.count * 6 * 8)
    return unit * (Double(unitCount) + Double(8 * max(1, threads)) * Double(widestLayer))
  }

  /// Rows of the none, self and other phases.
  var contrastRowCount: Int { count(.neither) + count(.own) + count(.other) }
}

/// The moments of one recording by phase, with what its tables say of it: what `cmni` and `stats` are made from, in one pass.
public struct RecordingMoments: Sendable {
  /// The name of the recording in tables.
  public let name: String
  public let model: ModelDescription
  public let rows: PhaseRows
  public let layers: [LayerMoments]

  /// Moments that are known already.
  public init(name: String, model: ModelDescription = ModelDescription(), rows: PhaseRows, layers: [LayerMoments]) {
    (self.name, self.model, self.rows, self.layers) = (name, model, rows, layers)
  }

  /// The same, which says how far it is.
  init(of recording: RecordingView, in context: AnalysisContext) throws {
    self = try context.progress.reading(cells: recording.cellCount()) { try Self(of: recording, threads: context.threads) }
  }

  /// - Throws: `RecordingError.notFinite`, and what reading throws.
  public init(of recording: RecordingView, threads: Int) throws {
    name = recording.name
    model = recording.description.model
    rows = try recording.phases
    layers = try recording.moments(by: rows, threads: threads)
  }
}
