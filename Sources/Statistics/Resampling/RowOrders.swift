import Foundation

/// Orders that the rows of one of two sets may take if it has nothing to do with the other: what the p of a similarity of sets of units over
/// the same rows exchanges.
///
/// Without blocks every row may come in the place of every other (`free`). Where rows lie in blocks, whole blocks change places with blocks
/// of as many rows (`whole`), in the order of their rows: two sets that both follow their blocks are unlike under such an order, and rows
/// of a block stay together. A block of a size of its own stays. `within` moves rows inside of blocks.
public struct RowOrders: Sendable {
  public let design: ExchangeDesign
  /// Rows (free) or blocks that can move.
  public let movableBlockCount: Int
  /// Why there is nothing to permute.
  public let reason: String?
  private let rowCount: Int
  /// What changes places: in each class pieces of as many rows.
  private let classes: [[[Int]]]

  /// - Parameters:
  ///   - blocks: of each row; nil where rows are independent.
  ///   - choice: the design to use, whatever the blocks say.
  /// - Throws: `StatisticsError.shape` where there is not a block per row.
  public init(rows: Int, blocks: [Int32]? = nil, choice: ExchangeDesign? = nil) throws(StatisticsError) {
    if let blocks { try require(blocks.count, rows, "blocks of the rows") }
    let design: ExchangeDesign
    let classes: [[[Int]]]
    guard blocks != nil || choice == nil || choice == .free else {
      self.init(
        [], rows: rows, design: choice ?? .free, called: "rows",
        obstacle: "rows lie in no strata and no items: they can only be ordered freely")
      return
    }
    if let blocks, choice != .free {
      let members = Dictionary(grouping: 0..<rows) { blocks[$0] }.values.sorted { $0[0] < $1[0] }
      design = choice ?? .whole
      classes =
        design == .within
        ? members.map { $0.map { [$0] } } : Dictionary(grouping: members, by: \.count).sorted { $0.key < $1.key }.map(\.value)
    } else {
      design = .free
      classes = [(0..<rows).map { [$0] }]
    }
    self.init(classes, rows: rows, design: design, called: design == .whole ? "strata or items of equal size" : "rows")
  }

  /// Orders of rows that differ in how noisy they are: rows change places inside classes of about four of nearly the same variance.
  ///
  /// Where the noise of a row is large in both sets, two sets that have nothing to do with each other are alike in which rows are large, and
  /// rows that change places freely find that; in classes it stays in every order.
  ///
  /// - Parameters:
  ///   - variances: of each row; those that are equal are in one class.
  ///   - name: what the rows are, several of them.
  public init(variances: [Double], called name: String = "rows") {
    let ascending = variances.indices.sorted { (variances[$0], $0) < (variances[$1], $1) }
    let count = max(1, ascending.count / 4)
    var classes: [[[Int]]] = []
    var start = 0
    for number in 1...count {
      var end = ascending.count * number / count
      while end > 0, end < ascending.count, variances[ascending[end]] <= variances[ascending[end - 1]] { end += 1 }
      if end > start { classes.append(ascending[start..<end].map { [$0] }) }
      start = max(start, end)
    }
    self.init(classes, rows: variances.count, design: .free, called: name)
  }

  private init(_ found: [[[Int]]], rows: Int, design: ExchangeDesign, called name: String, obstacle: String? = nil) {
    let classes = found.filter { $0.count > 1 }
    rowCount = rows
    self.design = design
    self.classes = classes
    movableBlockCount = design == .within ? classes.count : classes.reduce(0) { $0 + $1.count }
    let logArrangements = classes.reduce(0) { sum, pieces in
      var sign: Int32 = 0
      return sum + lgamma_r(Double(pieces.count) + 1, &sign)
    }
    // Rounding of a sum of logarithms is far below the step from 19 to 20.
    let isEnough = logArrangements >= log(Double(Exchangeability.fewestArrangements)) - 1e-9
    reason =
      obstacle
      ?? (isEnough
        ? nil
        : "\(name) can be ordered in \(Int(exp(logArrangements).rounded())) ways only, fewer than \(Exchangeability.fewestArrangements)")
  }

  /// The row that comes in each row's place.
  public func order(stream: inout RandomStream) -> [Int] {
    var order = Array(0..<rowCount)
    for pieces in classes {
      var moved = Array(pieces.indices)
      for last in stride(from: moved.count - 1, to: 0, by: -1) { moved.swapAt(last, stream.uniform(below: last + 1)) }
      for (place, piece) in zip(pieces, moved) {
        for (row, other) in zip(place, pieces[piece]) { order[row] = other }
      }
    }
    return order
  }
}
