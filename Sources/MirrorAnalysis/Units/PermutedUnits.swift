import Statistics

/// What permutations say of the units of all layers, for the three pairs of phases: all that the table needs of them.
struct PermutedUnits: Sendable {
  struct Pair: Sendable {
    /// Nil where nothing may be permuted.
    var counts: StudentisedCounts?
    let reason: String?
    /// Whether it is known what moves, and so which standard error holds.
    let hasDesign: Bool
    /// Blocks less one, where standard errors are those of blocks.
    let degreesOfFreedom: Int?
  }

  /// None and self, none and other, other and self.
  var pairs: [Pair]
  /// How the designs are written in a table.
  let designName: String?
  let blockCount: Int
  var stopsEarly = false
}

extension PermutedUnits {
  init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let permutations: Int = try header.permutations()
    let units = header.layers.reduce(0) { $0 + $1.unitCount }
    let designs = try arrays.texts("permuted/exchange")
    pairs = try (0..<3).map { pair in
      let name = "permuted/\(pair)"
      var counts: StudentisedCounts?
      if arrays.contains("\(name)/observed") {
        let ends = try arrays.integers("\(name)/numbers", count: 2)
        guard ends[0] >= 0, ends[0] <= ends[1], ends[1] <= permutations else {
          throw AccumulatorFault("\(name)/numbers holds \(ends[0]), \(ends[1])")
        }
        let areBlocks = try !arrays.integers("\(name)/blocks").isEmpty
        counts = try StudentisedCounts(
          observed: arrays.numbers("\(name)/observed", count: units),
          varianceErrors: areBlocks ? arrays.numbers("\(name)/variance_errors", count: units) : [],
          greater: arrays.integers("\(name)/greater", count: units),
          less: arrays.integers("\(name)/less", count: units), twoSided: arrays.integers("\(name)/two_sided", count: units),
          largest: arrays.numbers("\(name)/largest", count: ends[1] - ends[0]), numbers: ends[0]..<ends[1], permutations: permutations,
          tolerance: arrays.numbers("\(name)/tolerance", count: 1)[0])
      }
      return Pair(
        counts: counts, reason: try arrays.texts("\(name)/reason").first,
        hasDesign: try arrays.integers("\(name)/has_design", count: 1)[0] == 1,
        degreesOfFreedom: try arrays.integers("\(name)/blocks").first.map { $0 - 1 })
    }
    designName = designs.first
    blockCount = try arrays.integers("permuted/n_blocks", count: 1)[0]
  }

  func write(to arrays: inout AccumulatorArrays) {
    arrays.set("permuted/exchange", designName.map { [$0] } ?? [])
    arrays.set("permuted/n_blocks", [blockCount])
    for (number, pair) in pairs.enumerated() {
      let name = "permuted/\(number)"
      arrays.set("\(name)/reason", pair.reason.map { [$0] } ?? [])
      arrays.set("\(name)/has_design", [pair.hasDesign ? 1 : 0])
      arrays.set("\(name)/blocks", pair.degreesOfFreedom.map { [$0 + 1] } ?? [])
      guard let counts = pair.counts else { continue }
      arrays.set("\(name)/observed", counts.observed)
      if pair.degreesOfFreedom != nil { arrays.set("\(name)/variance_errors", counts.varianceErrors) }
      arrays.set("\(name)/greater", counts.greater)
      arrays.set("\(name)/less", counts.less)
      arrays.set("\(name)/two_sided", counts.twoSided)
      arrays.set("\(name)/largest", counts.largest)
      arrays.set("\(name)/numbers", [counts.numbers.lowerBound, counts.numbers.upperBound])
      arrays.set("\(name)/tolerance", [counts.tolerance])
    }
  }

  /// Joins the share that follows this one.
  mutating func merge(_ next: PermutedUnits) throws {
    for number in pairs.indices {
      guard let counts = next.pairs[number].counts, let own = pairs[number].counts, isSame(own.observed, counts.observed),
        isSame(own.varianceErrors, counts.varianceErrors)
      else {
        if pairs[number].counts == nil, next.pairs[number].counts == nil { continue }
        throw AccumulatorFault.otherObserved
      }
      try pairs[number].counts?.merge(counts)
    }
  }
}

extension AccumulatorFault {
  /// Of shares that should have read the same rows.
  static let otherObserved = AccumulatorFault(
    "holds other numbers for the labels as they are, though the recordings are the same. Let machines of one kind take all shares")
}
