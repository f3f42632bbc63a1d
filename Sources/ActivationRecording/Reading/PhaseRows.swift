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

  public init(phases: [Phase?], partnerActing: [Bool]? = nil) {
    self.init(codes: phases.map { $0?.rawValue ?? Self.excluded }, partnerActing: partnerActing)
  }

  /// - Parameter codes: phases, or `excluded`.
  init(codes: [UInt8], partnerActing: [Bool]?) {
    guard let partnerActing else {
      self.init(codes: codes, isFiltered: false)
      return
    }
    var kept = codes
    for row in kept.indices
    where !partnerActing[row] && (kept[row] == Phase.own.rawValue || kept[row] == Phase.other.rawValue) {
      kept[row] = Self.excluded
    }
    self.init(codes: kept, isFiltered: true)
  }

  /// - Parameters:
  ///   - codes: phases, or any other code for a row that belongs to none.
  ///   - isFiltered: whether the partner filter made them.
  public init(codes: [UInt8], isFiltered: Bool) {
    var counts = Array(repeating: 0, count: Phase.allCases.count)
    for code in codes where Int(code) < counts.count { counts[Int(code)] += 1 }
    self.codes = codes
    self.counts = counts
    self.isFiltered = isFiltered
  }

  /// Rows that are elsewhere: how many of each phase, in the order of `Phase.allCases`, is all that is known of them.
  public init(counts: [Int], isFiltered: Bool) {
    codes = []
    self.counts = counts
    self.isFiltered = isFiltered
  }

  /// Number of rows of a phase.
  public func count(_ phase: Phase) -> Int { counts[Int(phase.rawValue)] }

  /// The same rows without those that are not listed.
  public func restricted(to rows: [Int]) -> PhaseRows {
    var kept = Array(repeating: Self.excluded, count: codes.count)
    for row in rows { kept[row] = codes[row] }
    return PhaseRows(codes: kept, isFiltered: isFiltered)
  }

  /// - Throws: `RecordingError.notEnoughRows` naming the first of the phases that has fewer rows than asked for.
  public func require(_ phases: [Phase], rows: Int = 1, in path: String) throws {
    for phase in phases where count(phase) < rows {
      let isFiltered = isFiltered && phase != .neither && phase != .both
      let filter = isFiltered ? " after the partner filter" : ""
      let remedy: Remedy? = isFiltered ? .turnFilterOff : nil
      let advice = count(phase) == 0 ? "Record states in which it occurs" : "Record more states"
      throw RecordingError.notEnoughRows(
        file: path,
        fault: (count(phase) == 0
          ? "phase \(phase.name) has no rows\(filter). "
          : "phase \(phase.name) has \(grouped(count(phase))) rows\(filter), fewer than the \(rows) needed. ")
          + advice + (remedy == nil ? "." : ","), remedy: remedy)
    }
  }
}
