import ActivationRecording
import DenseNetwork
import Parallelism
import Statistics

/// A quantity of a game state that the phases should be matched on.
enum StateQuantity: String, CaseIterable {
  /// Input column 97.
  case energy
  /// Number of rough cells among columns 0–31 (code 2).
  case roughGround = "rough ground"
  /// First and last cell of columns 32–63 in which a player is seen. Which of them is whose the veiled state does not say.
  case rearPlayer = "rear player's cell"
  case frontPlayer = "front player's cell"
  /// Column 99, zero behind the veil.
  case ownCell = "own cell"

  static let stateWidth = 100

  /// - Parameter state: 100 values.
  func value<Value: ActivationValue>(_ state: ArraySlice<Value>) -> Value {
    let first = state.startIndex
    let players = state[first + 32..<first + 64]
    return switch self {
    case .energy: state[first + 97]
    case .roughGround: Value(state[first..<first + 32].count { $0 == 2 })
    case .rearPlayer: Value(players.firstIndex { $0 > 0 }.map { $0 - players.startIndex } ?? 0)
    case .frontPlayer: Value(players.lastIndex { $0 > 0 }.map { $0 - players.startIndex } ?? 0)
    case .ownCell: state[first + 99]
    }
  }
}

extension RecordingDescription {
  /// Whether its rows are states of the game: frogtoad wrote it, or its provenance names a file of states.
  var isOfGame: Bool { writer.hasPrefix("frogtoad ") || provenance["states_sha256"] != nil }
}

/// What the inputs of a recording hold that a fair comparison of phases should know, gathered in row blocks.
struct InputAudit: Sendable {
  let columns: Int
  /// Which columns tell the phases.
  private(set) var leak: InputLeak
  /// Moments of each column by phase.
  private(set) var inputs: [UnitMoments]
  /// Moments of each `StateQuantity` by phase; nil where inputs are no game states.
  private(set) var quantities: [UnitMoments]?
  /// The author's CMNI of each untrained network.
  private(set) var untrainedIndices: [Double] = []

  private static func nothing(_ units: Int) -> [UnitMoments] { Phase.allCases.map { _ in UnitMoments(unitCount: units) } }

  /// - Parameter shape: of the untrained networks to run on the inputs.
  /// - Returns: nil where the recording has no inputs.
  /// - Throws: `RecordingError.invalid` for a NaN or an infinity among the inputs of a row that belongs to a phase.
  init?<Value: ActivationValue>(
    of recording: RecordingView, as type: Value.Type, like shape: UntrainedNetworks, in context: AnalysisContext
  ) throws {
    guard let columns = recording.inputCount, columns > 0 else { return nil }
    let rows = try recording.phases
    let leakRows = try LeakRows(codes: rows.codes, clusters: recording.dependentRows()?.numbers, seed: context.seed)
    self.columns = columns
    leak = InputLeak(between: Audit.leakSubjects(rows), rows: leakRows)
    inputs = Self.nothing(columns)
    let areStates = columns == StateQuantity.stateWidth && recording.description.isOfGame
    quantities = areStates ? Self.nothing(StateQuantity.allCases.count) : nil
    let groups = InputMemory.columnGroups(columns, leakRows: leakRows.rows.count, valueBytes: MemoryLayout<Value>.stride)
    let passes = shape.passes
    // A pass asks some columns for the phase and runs some networks.
    for pass in 0..<max(groups.count, passes.count) {
      let group = pass < groups.count ? groups[pass] : 0..<0
      let networks = pass < passes.count ? try shape.drawn(passes[pass], seed: context.seed) : []
      var untrained = networks.map { $0.layers.map { Self.nothing($0.unitCount) } }
      var drawn: [Value] = []
      drawn.reserveCapacity(leakRows.rows.count * group.count)
      try recording.forEachInputBlock(columns: columns, in: context) { (range, block: [Value]) in
        let indices = rows.positions(in: range)
        return (
          part: try InputMoments(block, indices, range: range, columns: columns, networks: networks, isFirstPass: pass == 0, in: recording),
          values: leakRows.values(of: group, in: block, range: range, columns: columns)
        )
      } take: { part, values in
        try part.merge(into: &inputs, &quantities, &untrained)
        drawn += values
      }
      if !group.isEmpty { leak = try leak.asking(group, drawn, rows: leakRows, threads: context.threads) }
      untrainedIndices += untrained.compactMap { Self.index(ofNetwork: $0) }
    }
  }
}

/// What one block of inputs adds to the moments.
private struct InputMoments: Sendable {
  private var inputs: [UnitMoments]?
  private var quantities: [UnitMoments]?
  /// Per untrained network and layer.
  private var untrained: [[[UnitMoments]]]

  /// - Parameters:
  ///   - indices: rows of each phase.
  ///   - isFirstPass: whether the inputs themselves are counted.
  init<Value: ActivationValue>(
    _ block: [Value], _ indices: [[Int32]], range: Range<Int>, columns: Int, networks: [Network], isFirstPass: Bool,
    in recording: RecordingView
  ) throws {
    if isFirstPass {
      do {
        inputs = try Self.moments(block, indices, units: columns)
      } catch let error as NonFiniteValue {
        throw recording.notFinite(error.value, inputRow: range.lowerBound + error.row, column: error.unit)
      }
      if columns == StateQuantity.stateWidth, recording.description.isOfGame {
        let values = range.indices.flatMap { row in
          StateQuantity.allCases.map { $0.value(block[(row - range.lowerBound) * columns..<(row - range.lowerBound + 1) * columns]) }
        }
        do {
          quantities = try Self.moments(values, indices, units: StateQuantity.allCases.count)
        } catch let error as NonFiniteValue {
          throw recording.notComputable(error, StateQuantity.allCases[error.unit].rawValue, inputRow: range.lowerBound + error.row)
        }
      }
    }
    untrained = networks.map { _ in [] }
    // Untrained networks compute in single precision, as trained ones do.
    let floats = networks.isEmpty ? [] : block as? [Float] ?? block.map { Float($0) }
    for (number, network) in networks.enumerated() {
      // A block of inputs is one block of the forward pass.
      try network.forward(rows: floats) { activations in
        for (layer, values) in activations.activations.enumerated() {
          do {
            untrained[number].append(try Self.moments(values, indices, units: network.layers[layer].unitCount))
          } catch let error as NonFiniteValue {
            throw recording.notComputable(error, "an untrained network", inputRow: range.lowerBound + error.row)
          }
        }
      }
    }
  }

  private static func moments<Value: ActivationValue>(_ values: [Value], _ indices: [[Int32]], units: Int) throws -> [UnitMoments] {
    try indices.map { indices in
      var moments = UnitMoments(unitCount: units)
      if let floats = values as? [Float] {
        try floats.withUnsafeBufferPointer { rows in try moments.add(rows, indices: indices) }
      } else if let doubles = values as? [Double] {
        try doubles.withUnsafeBufferPointer { rows in try moments.add(rows, indices: indices) }
      }
      return moments
    }
  }

  func merge(into inputs: inout [UnitMoments], _ quantities: inout [UnitMoments]?, _ untrained: inout [[[UnitMoments]]]) throws {
    if let part = self.inputs { try Self.merge(part, into: &inputs) }
    if let part = self.quantities, var merged = quantities {
      try Self.merge(part, into: &merged)
      quantities = merged
    }
    for (number, layers) in self.untrained.enumerated() {
      for (layer, part) in layers.enumerated() { try Self.merge(part, into: &untrained[number][layer]) }
    }
  }

  private static func merge(_ part: [UnitMoments], into whole: inout [UnitMoments]) throws {
    for phase in whole.indices { try whole[phase].merge(part[phase]) }
  }
}

extension RecordingView {
  /// Reads the inputs a few blocks per thread at a time, works on these at once, and hands the results on in row order.
  fileprivate func forEachInputBlock<Value: ActivationValue, Result: Sendable>(
    columns: Int, in context: AnalysisContext, _ body: @Sendable (Range<Int>, [Value]) throws -> Result, take: (Result) throws -> Void
  ) throws {
    let rowsPerBlock = InputMemory.rowsPerBlock(columns)
    let starts = Array(stride(from: 0, to: rowCount, by: rowsPerBlock))
    let window = InputMemory.blocksInFlight(threads: context.threads)
    let steps = context.progress.steps(starts.count)
    for first in stride(from: 0, to: starts.count, by: window) {
      try context.checkCancellation()
      defer { steps.done(min(window, starts.count - first)) }
      let blocks = try starts[first..<min(first + window, starts.count)].map { start in
        let range = start..<min(start + rowsPerBlock, rowCount)
        return (range: range, values: try inputs(rows: range, as: Value.self) ?? [])
      }
      for result in try Parallelism.mapBlocks(
        count: blocks.count, threads: context.threads, { try body(blocks[$0].range, blocks[$0].values) })
      {
        try take(result)
      }
    }
  }
}

extension RecordingView {
  /// What is computed from finite inputs is not finite: they are too large.
  fileprivate func notComputable(_ error: NonFiniteValue, _ what: String, inputRow row: Int) -> RecordingError {
    let (file, number) = origin(of: row)
    return .invalid(file: file, fault: "/inputs at row \(number) is too large: \(what) computed from it is \(error.value).")
  }
}
