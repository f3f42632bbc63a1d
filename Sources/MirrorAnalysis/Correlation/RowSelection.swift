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
}

extension Recording {
  /// What the selections need to know of the rows. Every row needs no phases, which are then not read: of a recording larger than memory
  /// they would be most of what is held.
  func phaseRows(for selections: [RowSelection], partnerFilter: Bool) throws -> PhaseRows {
    selections.allSatisfy { $0 == .all }
      ? PhaseRows(codes: [UInt8](repeating: PhaseRows.excluded, count: rowCount), isFiltered: false)
      : try PhaseRows(of: self, partnerFilter: partnerFilter)
  }
}
