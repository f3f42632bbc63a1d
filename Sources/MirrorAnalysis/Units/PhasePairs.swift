import ActivationRecording
import Statistics

/// The three pairs of phases that a unit is tested on, with what may be exchanged in each: none and self, none and other, other and self.
struct PhasePairs: Sendable {
  struct Pair: Sendable {
    let reference: Phase
    let treated: Phase
    let exchange: Exchangeability
    /// Rows of the pair among the rows of the three phases.
    let rows: [Int32]

    var purpose: String { "permute \(reference.name) and \(treated.name)" }
  }

  let own: Pair
  let other: Pair
  let interaction: Pair
  /// Whether a row is of one of the three phases.
  let isUsed: RowTest

  var all: [Pair] { [own, other, interaction] }

  /// - Parameters:
  ///   - phases: of the rows; those of the recording without any.
  ///   - choice: nil takes the design that is found.
  init(of recording: RecordingView, by phases: PhaseRows? = nil, choice: ExchangeDesign?) throws {
    let codes = try phases?.codes ?? recording.phases.codes
    let isUsed: RowTest = { codes[$0] < Phase.both.rawValue }
    let used = codes.indices.filter(isUsed)
    func pair(_ reference: Phase, _ treated: Phase) throws -> Pair {
      let rows = used.indices.filter { codes[used[$0]] == reference.rawValue || codes[used[$0]] == treated.rawValue }
      let groups: [UInt8] = rows.map { codes[used[$0]] == treated.rawValue ? 1 : 0 }
      let exchange = try Exchangeability(
        groups: groups, groupCount: 2,
        blocks: recording.exchangeBlocks(rows: rows.map { used[$0] }, groups: groups, compared: [0b11], choice: choice), choice: choice)
      return Pair(reference: reference, treated: treated, exchange: exchange, rows: rows.map { Int32(truncatingIfNeeded: $0) })
    }
    own = try pair(.neither, .own)
    other = try pair(.neither, .other)
    interaction = try pair(.other, .own)
    self.isUsed = isUsed
  }

  /// How the designs are written in a table.
  var designName: String? {
    let names = [own, other].map { $0.exchange.design?.rawValue ?? "" }.filter { !$0.isEmpty }
    guard let first = names.first else { return nil }
    return names.allSatisfy { $0 == first } ? first : names.joined(separator: ", ")
  }

  /// What a reader has to know of the p's, each once.
  var notes: [String] {
    var notes: [String] = []
    for pair in all {
      for note in [pair.exchange.reason, pair.exchange.note].compactMap({ $0 }) where !notes.contains(note) { notes.append(note) }
    }
    return notes
  }

  var blockCount: Int { min(own.exchange.movableBlockCount, other.exchange.movableBlockCount) }
}
