import ActivationRecording
import Statistics

/// The moments of every unit of one layer, in each phase.
public struct LayerMoments: Sendable {
  public let name: String
  public let kind: String
  public let isOutput: Bool
  public let unitCount: Int
  /// One accumulator per phase, in the order of `Phase.allCases`.
  private var phases: [UnitMoments]

  public init(name: String, kind: String = "dense", isOutput: Bool, unitCount: Int, phases: [UnitMoments]) {
    self.name = name
    self.kind = kind
    self.isOutput = isOutput
    self.unitCount = unitCount
    self.phases = phases
  }

  public subscript(_ phase: Phase) -> UnitMoments { phases[Int(phase.rawValue)] }

  mutating func merge(_ block: [UnitMoments]) {
    for phase in phases.indices { phases[phase].merge(block[phase]) }
  }
}

extension Recording {
  /// The moments of every unit of every open layer in each phase, in one pass over the activations.
  ///
  /// Rows are taken in fixed blocks that are merged in order, so neither the number of threads nor the file's chunks change a digit.
  ///
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row that belongs to a phase.
  public func moments(by rows: PhaseRows, threads: Int) throws -> [LayerMoments] {
    try layers.map { layer in
      let nothing = Phase.allCases.map { _ in UnitMoments(unitCount: layer.unitCount) }
      var moments = LayerMoments(
        name: layer.name, kind: layer.kind, isOutput: layer.isOutput, unitCount: layer.unitCount, phases: nothing)
      try mapBlocks(of: layer, threads: threads) { range, block in
        var parts = nothing
        for phase in Phase.allCases {
          let indices = range.filter { rows.codes[$0] == phase.rawValue }.map { Int32($0 - range.lowerBound) }
          do {
            try parts[Int(phase.rawValue)].add(block, indices: indices)
          } catch {
            throw RecordingError.notFinite(
              file: path, layer: layer.name, unit: error.unit, row: range.lowerBound + error.row, value: error.value)
          }
        }
        return parts
      } take: { parts in
        moments.merge(parts)
      }
      return moments
    }
  }
}
