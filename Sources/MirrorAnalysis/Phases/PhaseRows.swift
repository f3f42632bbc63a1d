import ActivationRecording

/// Which rows of a recording belong to which phase.
///
/// With the partner filter the self phase holds the rows in which the undistressed partner is seen acting (Toad shows its hopping
/// symbol), and the other phase those in which the undistressed agent is (Frog shows its own); the none and both phases hold all of
/// theirs. A recording without `/partner_acting` cannot be filtered.
public struct PhaseRows: Sendable {
  /// Code of the phase of each row, or `excluded`.
  public let codes: [UInt8]
  /// Number of rows of each phase, in the order of `Phase.allCases`.
  public let counts: [Int]
  /// Whether rows were filtered.
  public let isFiltered: Bool

  public static let excluded = UInt8.max

  public init(phases: [Phase], partnerActing: [Bool]? = nil) {
    var codes = phases.map(\.rawValue)
    if let partnerActing {
      for row in codes.indices where !partnerActing[row] && (phases[row] == .own || phases[row] == .other) {
        codes[row] = Self.excluded
      }
    }
    self.init(codes: codes, isFiltered: partnerActing != nil)
  }

  init(codes: [UInt8], isFiltered: Bool) {
    var counts = Array(repeating: 0, count: Phase.allCases.count)
    for code in codes where code != Self.excluded { counts[Int(code)] += 1 }
    self.codes = codes
    self.counts = counts
    self.isFiltered = isFiltered
  }

  /// - Parameter partnerFilter: whether to filter where the recording allows it.
  public init(of recording: Recording, partnerFilter: Bool) throws {
    self.init(phases: try recording.phases(), partnerActing: partnerFilter ? try recording.partnerActing() : nil)
  }

  public func count(_ phase: Phase) -> Int { counts[Int(phase.rawValue)] }

  /// - Throws: `RecordingError.notEnoughRows` naming the first of the phases that has fewer rows than asked for.
  public func require(_ phases: [Phase], rows: Int = 1, in path: String) throws {
    for phase in phases where count(phase) < rows {
      let filter = isFiltered && phase != .neither && phase != .both ? " after the partner filter (--no-partner-filter turns it off)" : ""
      throw RecordingError.notEnoughRows(
        file: path,
        fault: count(phase) == 0
          ? "phase \(phase.name) has no rows\(filter). Record states in which it occurs."
          : "phase \(phase.name) has \(count(phase)) rows\(filter), fewer than the \(rows) needed. Record more states.")
    }
  }
}
