import Statistics

/// None dealt against self, and none against other, in each half of the rows by itself: halves were drawn with so many rows (strata) of each
/// phase in either, so only arrangements that keep these numbers are as likely as the one that was seen.
struct DirectionDeals: Sendable {
  private struct Part: Sendable {
    /// Numbers of the rows in use, by phase.
    let rows: [Int32]
    let exchange: Exchangeability
    let purpose: String
  }

  /// None and self of the first and second half, none and other of the first and second half: a bit of a row's mark each.
  private let parts: [Part]
  /// Why labels are not dealt.
  let reason: String?

  static let perDeal = 4

  init(_ index: IndexRows) throws {
    var parts: [Part] = []
    var arrangements: [Double] = []
    for (phase, whole, name) in [(UInt8(1), index.deals.own, "self"), (2, index.deals.other, "other")] {
      var sum = 0.0
      for half in [UInt8(0), 1] {
        let rows = index.halfPhase.indices.filter { index.halfPhase[$0] == 3 * half || index.halfPhase[$0] == 3 * half + phase }
        let exchange = try Exchangeability(
          groups: rows.map { index.phase[$0] == 0 ? 0 : 1 }, groupCount: 2, blocks: index.blocks.map { blocks in rows.map { blocks[$0] } },
          choice: whole.design)
        sum += exchange.log10Arrangements
        parts.append(
          Part(
            rows: rows.map { Int32(truncatingIfNeeded: $0) }, exchange: exchange, purpose: "direction: none and \(name), half \(half + 1)"))
      }
      arrangements.append(sum)
    }
    self.parts = parts
    // What cannot be decided for the three phases is not decided for two of them: the halves and `exchange` are those of the three.
    var reason = index.deals.joint.reason ?? index.deals.own.reason ?? index.deals.other.reason
    if reason == nil, let least = arrangements.min(), least < Self.leastArrangements {
      reason = "inside the halves labels can be arranged in fewer than \(Exchangeability.fewestArrangements) ways"
    }
    self.reason = reason
  }

  /// log₁₀ of 20, less what rounding of a sum of logarithms may be.
  private static let leastArrangements = 1.301029995 - 1e-8

  /// Writes the marks of a deal, one per row in use: bit 2·(0 self, 1 other) + half is set where the deal gives the row that phase.
  ///
  /// - Parameter number: from 1; 0 stands for the labels as they are.
  func marks(_ number: Int, seed: UInt64, into marks: UnsafeMutableBufferPointer<UInt8>) {
    for row in marks.indices { marks[row] = 0 }
    for (bit, part) in parts.enumerated() {
      let labels: [UInt8]
      if number > 0 {
        var stream = RandomStream(seed: seed, purpose: part.purpose, index: UInt64(number))
        labels = part.exchange.dealtRows(stream: &stream)
      } else {
        var own = [UInt8](repeating: 0, count: part.rows.count)
        for (position, row) in part.exchange.order.enumerated() { own[Int(row)] = part.exchange.labels[position] }
        labels = own
      }
      for (row, label) in zip(part.rows, labels) where Int(row) < marks.count { marks[Int(row)] |= label << UInt8(bit) }
    }
  }
}

extension PhaseDeals {
  /// What a reader of p has to know, or why there is none.
  var directionNotes: [String] {
    if let reason = joint.reason ?? own.reason ?? other.reason { return [reason] }
    guard let design = joint.design else { return [] }
    var notes = joint.note.map { [$0] } ?? []
    for (deal, name) in [(own, "self"), (other, "other")] {
      if let note = deal.note, !notes.contains(note) { notes.append(note) }
      if let found = deal.design, found != design {
        notes.append("none and \(name) are exchanged by another design (\(found.rawValue)) than all three phases (\(design.rawValue))")
      }
    }
    return notes
  }
}
