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
  func value(_ state: ArraySlice<Float>) -> Float {
    let first = state.startIndex
    let players = state[first + 32..<first + 64]
    return switch self {
    case .energy: state[first + 97]
    case .roughGround: Float(state[first..<first + 32].count { $0 == 2 })
    case .rearPlayer: Float(players.firstIndex { $0 > 0 }.map { $0 - players.startIndex } ?? 0)
    case .frontPlayer: Float(players.lastIndex { $0 > 0 }.map { $0 - players.startIndex } ?? 0)
    case .ownCell: state[first + 99]
    }
  }
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
  /// Per untrained network and layer, moments by phase.
  private(set) var untrained: [[[UnitMoments]]]

  private init(columns: Int, leak: InputLeak, untrained networks: [Network]) {
    self.columns = columns
    self.leak = leak
    inputs = Self.nothing(columns)
    quantities = columns == StateQuantity.stateWidth ? Self.nothing(StateQuantity.allCases.count) : nil
    untrained = networks.map { $0.layers.map { Self.nothing($0.unitCount) } }
  }

  private static func nothing(_ units: Int) -> [UnitMoments] { Phase.allCases.map { _ in UnitMoments(unitCount: units) } }

  /// - Parameters:
  ///   - networks: untrained ones to run on the inputs, each taking as many inputs as the recording has.
  ///   - seed: of the rows in which a leak is learnt and scored.
  /// - Returns: nil where the recording has no inputs.
  /// - Throws: `RecordingError.invalid` for a NaN or an infinity among the inputs of a row that belongs to a phase.
  init?(of recording: Recording, rows: PhaseRows, networks: [Network], seed: UInt64, threads: Int) throws {
    guard let columns = recording.inputShape?.last, columns > 0 else { return nil }
    let path = recording.path
    let leakRows = LeakRows(codes: rows.codes, strata: try recording.strata(), seed: seed)
    let leak = InputLeak(between: Audit.leakSubjects(rows), rows: leakRows)
    let groups = InputMemory.columnGroups(columns, leakRows: leakRows.rows.count)
    var result = InputAudit(columns: columns, leak: leak, untrained: networks)
    for group in groups {
      var drawn: [Float] = []
      drawn.reserveCapacity(leakRows.rows.count * group.count)
      if group.lowerBound == 0 {
        try Self.forEachBlock(of: recording, columns: columns, threads: threads) { range, block in
          (
            try InputAudit(block: block, range: range, columns: columns, leak: leak, rows: rows, networks: networks, path: path),
            leakRows.values(of: group, in: block, range: range, columns: columns)
          )
        } take: { part, values in
          result.merge(part)
          drawn += values
        }
      } else {
        try Self.forEachBlock(of: recording, columns: columns, threads: threads) { range, block in
          leakRows.values(of: group, in: block, range: range, columns: columns)
        } take: { values in
          drawn += values
        }
      }
      result.leak = try result.leak.asking(group, drawn, rows: leakRows, threads: threads)
    }
    self = result
  }

  private init(
    block: [Float], range: Range<Int>, columns: Int, leak: InputLeak, rows: PhaseRows, networks: [Network], path: String
  ) throws {
    self.init(columns: columns, leak: leak, untrained: networks)
    var indices = Phase.allCases.map { _ in [Int32]() }
    for row in range where rows.codes[row] != PhaseRows.excluded { indices[Int(rows.codes[row])].append(Int32(row - range.lowerBound)) }
    do {
      try Self.add(block, indices, to: &inputs)
    } catch {
      throw RecordingError.invalid(
        file: path,
        fault: "/inputs holds \(error.value) at row \(range.lowerBound + error.row), column \(error.unit). It needs finite values.")
    }
    if var quantities {
      let values = range.indices.flatMap { row in
        StateQuantity.allCases.map { $0.value(block[(row - range.lowerBound) * columns..<(row - range.lowerBound + 1) * columns]) }
      }
      try Self.add(values, indices, to: &quantities)
      self.quantities = quantities
    }
    for (number, network) in networks.enumerated() {
      // A block of inputs is one block of the forward pass.
      try network.forward(rows: block) { activations in
        for (layer, values) in activations.activations.enumerated() { try Self.add(values, indices, to: &untrained[number][layer]) }
      }
    }
  }

  private static func add(_ block: [Float], _ indices: [[Int32]], to moments: inout [UnitMoments]) throws(NonFiniteValue) {
    for phase in moments.indices {
      try block.withUnsafeBufferPointer { rows throws(NonFiniteValue) in try moments[phase].add(rows, indices: indices[phase]) }
    }
  }

  private mutating func merge(_ other: InputAudit) {
    Self.merge(other.inputs, into: &inputs)
    if var merged = quantities, let others = other.quantities {
      Self.merge(others, into: &merged)
      quantities = merged
    }
    for number in untrained.indices {
      for layer in untrained[number].indices { Self.merge(other.untrained[number][layer], into: &untrained[number][layer]) }
    }
  }

  private static func merge(_ part: [UnitMoments], into whole: inout [UnitMoments]) {
    for phase in whole.indices { whole[phase].merge(part[phase]) }
  }

  /// Reads the inputs a few blocks per thread at a time, works on these at once, and hands the results on in row order.
  private static func forEachBlock<Result: Sendable>(
    of recording: Recording, columns: Int, threads: Int, _ body: @Sendable (Range<Int>, [Float]) throws -> Result,
    take: (Result) throws -> Void
  ) throws {
    let rowsPerBlock = InputMemory.rowsPerBlock(columns)
    let starts = Array(stride(from: 0, to: recording.rowCount, by: rowsPerBlock))
    let window = InputMemory.blocksInFlight(threads: threads)
    for first in stride(from: 0, to: starts.count, by: window) {
      let blocks = try starts[first..<min(first + window, starts.count)].map { start in
        let range = start..<min(start + rowsPerBlock, recording.rowCount)
        return (range: range, values: try recording.inputs(rows: range) ?? [])
      }
      for result in try mapBlocks(count: blocks.count, threads: threads, { try body(blocks[$0].range, blocks[$0].values) }) {
        try take(result)
      }
    }
  }
}
