import ActivationRecording

/// The rows that an association is measured over: every row of a recording, or those of a phase after the partner filter.
public enum RowSelection: Hashable, Sendable {
  case all
  case phase(Phase)

  /// Every row, then the phases in the order of `Phase.allCases`.
  public static let everyOne: [RowSelection] = [.all] + Phase.allCases.map { .phase($0) }

  /// The name in tables: all, none, self, other or both.
  public var name: String {
    switch self {
    case .all: "all"
    case .phase(let phase): phase.name
    }
  }

  public init?(name: String) {
    if name == "all" {
      self = .all
    } else if let phase = Phase(name: name) {
      self = .phase(phase)
    } else {
      return nil
    }
  }

  /// Whether a row with this code in `PhaseRows.codes` is taken.
  func contains(_ code: UInt8) -> Bool {
    switch self {
    case .all: true
    case .phase(let phase): code == phase.rawValue
    }
  }

  /// How many rows are taken.
  func count(in rows: PhaseRows) -> Int {
    switch self {
    case .all: rows.codes.count
    case .phase(let phase): rows.count(phase)
    }
  }

  /// How many rows of a recording of that shape are taken.
  func count(in shape: RecordingShape) -> Int {
    switch self {
    case .all: shape.rowCount
    case .phase(let phase): shape.count(phase)
    }
  }
}

extension RecordingShape {
  /// Bytes of rows that several selections gather at once from blocks under way, of as many units in step.
  func gatheredBytes(_ counts: [Int], units: Int, valueBytes: Int, threads: Int) -> Double {
    let row = Double(units) * Double(valueBytes)
    let share = Double(counts.reduce(0, +)) / Double(max(1, rowCount))
    // Blocks of 64 rows at least, one per thread, or 64 MB of them; see `RecordingView.mapBlocks`.
    return 2 * share * min(Double(rowCount) * row, max(0x1p26, Double(threads) * max(64 * row, 0x1p21)))
  }
}

extension RecordingView {
  /// What the selections need to know of the rows. Every row needs no phases, which are then not read: of a recording larger than memory
  /// they would be most of what is held.
  func phaseRows(for selections: [RowSelection]) throws -> PhaseRows {
    selections.allSatisfy { $0 == .all }
      ? PhaseRows(codes: [UInt8](repeating: PhaseRows.excluded, count: rowCount), isFiltered: false) : try phases
  }
}

extension RowSelection {
  /// Whether a row is taken, by its number.
  func test(_ rows: PhaseRows) -> RowTest {
    let codes = rows.codes
    return { contains(codes[$0]) }
  }
}
