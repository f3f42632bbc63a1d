import Foundation

/// How much there is to see in a set of states: the bits of a distinct board, ground, players and flies, under the code of Ziv and Lempel
/// (*IEEE Trans. Inf. Theory* 24 (1978), 530).
///
/// Each of the three rows of 32 cells is coded by itself, over the boards in the order of the file. A row is cut into phrases, each the longest
/// one that came before and the next cell; the last one of a row may lack that cell. The k-th phrase costs log2 k bits, as many as there are to
/// choose from, and log2 of the number of symbols that the row has in all boards, if it has the cell. It depends on no compressor's version. Like
/// all such codes it is above the entropy and learns as it goes, so it is taken over the same number of boards everywhere.
public struct SignalComplexity: Sendable {
  /// Boards that are looked at, the first distinct ones.
  public static let boards = 20_000

  private static let cells = 32
  private var seen: Set<Data> = []
  private var coders = (0..<3).map { _ in PhraseCoder() }

  public init() {}

  /// Boards that have been looked at.
  public var count: Int { seen.count }

  /// Bits a board; nil without boards.
  public var bitsPerBoard: Double? {
    seen.isEmpty ? nil : coders.reduce(0) { $0 + $1.bits } / Double(seen.count)
  }

  /// Looks at rows of 100 cells each, until there are boards enough.
  public mutating func add(states: [UInt8]) {
    var row = 0
    while seen.count < Self.boards, row + StateIndex.count <= states.count {
      let board = states[row..<row + Self.cells * coders.count]
      if seen.insert(Data(board)).inserted {
        for line in coders.indices { coders[line].add(board.dropFirst(line * Self.cells).prefix(Self.cells)) }
      }
      row += StateIndex.count
    }
  }
}

/// The phrases of one row of cells.
private struct PhraseCoder {
  /// The phrase that a phrase and a cell make; phrase 0 is empty.
  private var phrases: [UInt32: UInt32] = [:]
  private var symbols: Set<UInt8> = []
  private var phraseBits = 0.0
  private var phraseCount = 0
  private var cellCount = 0

  var bits: Double { phraseBits + Double(cellCount) * log2(Double(max(1, symbols.count))) }

  mutating func add(_ line: ArraySlice<UInt8>) {
    var phrase: UInt32 = 0
    for symbol in line {
      symbols.insert(symbol)
      // 20,000 rows of 32 cells are fewer than 2²⁴ phrases.
      let key = phrase << 8 | UInt32(symbol)
      if let longer = phrases[key] {
        phrase = longer
        continue
      }
      phrases[key] = UInt32(phrases.count + 1)
      end(withCell: true)
      phrase = 0
    }
    if phrase != 0 { end(withCell: false) }
  }

  private mutating func end(withCell: Bool) {
    phraseCount += 1
    phraseBits += log2(Double(phraseCount))
    if withCell { cellCount += 1 }
  }
}
