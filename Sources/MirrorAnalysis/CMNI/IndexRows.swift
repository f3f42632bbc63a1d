import ActivationRecording
import Statistics

/// The rows of the none, self and other phases as the index's inference takes them: none first, then self, then other; with what may be
/// exchanged, and the halves of the rows.
struct IndexRows: Sendable {
  let phases: PhaseRows
  /// The place of each row of the recording among those in use; −1 for a row that is not.
  let places: [Int32]
  let deals: PhaseDeals
  /// The phase of each row in use: 0 none, 1 self, 2 other.
  let phase: [UInt8]
  /// The phase of each row in use, and 3 more in the second half.
  let halfPhase: [UInt8]
  /// The block of each row in use; nil where rows are exchanged freely.
  let blocks: [Int32]?
  /// The smallest number of blocks, or of rows where they are free, that a phase has in a half.
  let fewestBlocks: Int
  /// Whether each phase has rows in both halves, and each half more than one row a phase, without which it has no standard deviation.
  let canCrossFit: Bool

  /// - Parameter firstHalf: whether each row of the recording is in the first half; nil draws halves.
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows; what reading throws.
  init(of recording: RecordingView, choice: ExchangeDesign?, seed: UInt64, firstHalf: [Bool]? = nil) throws {
    let phases = try recording.phases
    let kinds: [Phase] = [.neither, .own, .other]
    try phases.require(kinds, in: recording.path)
    let codes = phases.codes
    let rows = kinds.flatMap { phase in codes.indices.filter { codes[$0] == phase.rawValue } }
    var places = [Int32](repeating: -1, count: codes.count)
    for (place, row) in rows.enumerated() { places[row] = Int32(truncatingIfNeeded: place) }
    let counts = kinds.map { phases.count($0) }
    let phase = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    let found = try recording.exchangeBlocks(rows: rows, groups: phase, compared: [0b011, 0b101], choice: choice)
    deals = try PhaseDeals(counts: counts, blocks: found, choice: choice)
    let blocks = deals.joint.design == .free ? nil : found
    let isFirst =
      try firstHalf.map { half in rows.map { half[$0] } }
      ?? Self.halved(recording, rows: rows, phase: phase, deals.joint, blocks: blocks).halves(seed: seed, purpose: "halves of cmni")
    halfPhase = zip(phase, isFirst).map { $1 ? $0 : $0 + 3 }
    var members = [Set<Int32>](repeating: [], count: 6)
    var sizes = [Int](repeating: 0, count: 6)
    for (row, group) in halfPhase.enumerated() {
      sizes[Int(group)] += 1
      if let blocks { members[Int(group)].insert(blocks[row]) }
    }
    fewestBlocks = (blocks == nil ? sizes : members.map(\.count)).min() ?? 0
    canCrossFit = sizes.allSatisfy { $0 > 0 } && sizes[..<3].reduce(0, +) > 3 && sizes[3...].reduce(0, +) > 3
    (self.phases, self.places, self.phase, self.blocks) = (phases, places, phase, blocks)
  }

  /// What halves keep whole: blocks, which are all that hangs together but where items lie in strata.
  private static func halved(
    _ recording: RecordingView, rows: [Int], phase: [UInt8], _ joint: Exchangeability, blocks: [Int32]?
  ) throws -> Exchangeability {
    guard blocks != nil, try recording.pairs != nil, try recording.strata != nil, let dependent = try recording.dependentRows() else {
      return joint
    }
    return try Exchangeability(groups: phase, groupCount: 3, blocks: rows.map { dependent.numbers[$0] })
  }

  var count: Int { phase.count }

  /// Bytes of the rows' numbers, labels and blocks, and of what cross-fitting says of each.
  static func bytes(_ shape: RecordingShape) -> Double { 4 * Double(shape.rowCount) + 260 * Double(shape.contrastRowCount) }
}

extension RecordingView {
  /// The rows in use of some units of a layer in memory, and the moments of all units and rows in each phase, in one pass: those of
  /// `RecordingView.moments`, to the last digit.
  ///
  /// - Parameters:
  ///   - units: nil for all.
  ///   - known: moments of the layer that have been taken already.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row of a phase; what reading throws.
  func indexLayer<Value: ActivationValue & MatrixScalar>(
    _ layer: RecordedLayer, units: Range<Int>? = nil, rows: IndexRows, known: LayerMoments? = nil, threads: Int,
    as type: Value.Type = Value.self
  ) throws -> (moments: LayerMoments, rows: ScaledRows<Value>) {
    let (width, units) = (layer.unitCount, units ?? 0..<layer.unitCount)
    var moments = LayerMoments(of: layer)
    let nothing = known == nil ? moments.phases : []
    let values = try [Value](unsafeUninitializedCapacity: rows.count * units.count) { values, initialized in
      // Each row has a place of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let target = values
      for (file, own) in files {
        var ofFile = nothing
        try file.mapBlocks(of: layer, threads: threads) { [self] (taken, block: UnsafeBufferPointer<Value>) in
          var parts = nothing
          let range = own.lowerBound + taken.lowerBound..<own.lowerBound + taken.upperBound
          let positions = rows.phases.positions(in: range)
          do {
            for phase in parts.indices { try parts[phase].add(block, indices: positions[phase]) }
          } catch let error as NonFiniteValue {
            throw notFinite(error.value, layer: layer, row: range.lowerBound + error.row, unit: error.unit)
          }
          if let source = block.baseAddress, let base = target.baseAddress {
            for position in positions[..<3].joined() {
              let place = Int(rows.places[range.lowerBound + Int(position)])
              (base + place * units.count).update(from: source + Int(position) * width + units.lowerBound, count: units.count)
            }
          }
          return parts
        } take: { parts in
          for phase in parts.indices { try ofFile[phase].merge(parts[phase]) }
        }
        if !ofFile.isEmpty { try moments.merge(ofFile) }
      }
      initialized = rows.count * units.count
    }
    let used = known ?? moments
    return (used, try ScaledRows(values, spreads: Array(used.spreads[units]), threads: threads))
  }
}
