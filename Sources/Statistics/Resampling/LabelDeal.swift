/// Deals the labels that decoders are trained and tested on anew, among rows that may exchange them (`Exchangeability`).
///
/// Labels that train and are tested fold by fold stay in their fold: folds are made with an eye on the labels, so only inside a fold are
/// labels exchangeable, and every training set keeps the sizes of its classes (where whole blocks move, their number).
public struct LabelDeal: Sendable {
  /// Of all rows together; nil where the blocks don't decide it.
  public let design: ExchangeDesign?
  /// Blocks that can move.
  public let movableBlockCount: Int
  /// Why nothing is permuted; nil where labels can be dealt.
  public let reason: String?
  /// The rows of each fold, with what they may exchange.
  private let parts: [(rows: [Int], exchange: Exchangeability)]

  /// - Parameters:
  ///   - labels: of each row, below `classes`.
  ///   - blocks: of each row; nil where rows are independent.
  ///   - folds: of each row, where labels stay in their fold.
  ///   - choice: the design to use, whatever would be found.
  /// - Throws: `StatisticsError.shape` where there is not a block and a fold per row.
  public init(
    labels: [UInt8], classes: Int, blocks: [Int32]?, folds: [Int]? = nil, choice: ExchangeDesign? = nil
  ) throws(StatisticsError) {
    if let folds { try require(folds.count, labels.count, "folds of the rows") }
    let whole = try Exchangeability(groups: labels, groupCount: classes, blocks: blocks, choice: choice)
    design = whole.design
    guard let folds, let design = whole.design else {
      (parts, reason, movableBlockCount) = ([(Array(labels.indices), whole)], whole.reason, whole.movableBlockCount)
      return
    }
    var parts: [(rows: [Int], exchange: Exchangeability)] = []
    for (_, rows) in Dictionary(grouping: folds.indices, by: { folds[$0] }).sorted(by: { $0.key < $1.key }) {
      parts.append(
        (
          rows,
          try Exchangeability(
            groups: rows.map { labels[$0] }, groupCount: classes, blocks: blocks.map { blocks in rows.map { blocks[$0] } }, choice: design)
        ))
    }
    self.parts = parts
    movableBlockCount = parts.reduce(0) { $0 + $1.exchange.movableBlockCount }
    let isEnough = parts.reduce(0) { $0 + $1.exchange.log10Arrangements } >= Exchangeability.fewestLog10Arrangements
    reason =
      whole.reason
      ?? (isEnough ? nil : "labels can be arranged in fewer than \(Exchangeability.fewestArrangements) ways inside the folds")
  }

  /// No labels are dealt, for a reason.
  public init(undecided reason: String) {
    (design, movableBlockCount, self.reason, parts) = (nil, 0, reason, [])
  }

  /// Labels dealt anew; the same stream gives the same labels.
  public func dealt(_ stream: inout RandomStream) -> [UInt8] {
    guard parts.count > 1 else { return parts.first?.exchange.dealtRows(stream: &stream) ?? [] }
    var labels = [UInt8](repeating: 0, count: parts.reduce(0) { $0 + $1.rows.count })
    for part in parts {
      for (row, label) in zip(part.rows, part.exchange.dealtRows(stream: &stream)) { labels[row] = label }
    }
    return labels
  }
}

extension Exchangeability {
  /// With room for the rounding of a sum of logarithms, far below the step from 19 to 20.
  fileprivate static let fewestLog10Arrangements = 1.30103 - 1e-6
}
