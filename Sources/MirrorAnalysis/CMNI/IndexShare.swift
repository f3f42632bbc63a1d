import ActivationRecording
import Statistics

/// What a share of the permutations gives of the index, over all layers or of each layer.
///
/// Every machine reads all rows, so the indices and their intervals are here as each of them has found them.
public struct IndexShare: Sendable {
  /// An index in one variant, as the labels are.
  struct Observed: Sendable {
    let index: CMNI
    let inference: CMNIInference
  }

  struct Output: Sendable {
    /// The layer whose units are summed over; nil for all of them.
    let layer: String?
    let observed: [Observed]
    /// Sums of the permutations of `numbers` alone, from the first of them on.
    var sums: IndexSums
  }

  var outputs: [Output]
  /// Of the permutations; 0 stands for the labels as they are.
  var numbers: Range<Int>
  let deals: IndexDeals
  /// Rows of each phase.
  let counts: [Int]

  /// - Parameter whole: with sums of all numbers, those outside of `numbers` being empty.
  init(_ whole: [IndexOutputs.Output], numbers: Range<Int>, rows: IndexRows) {
    outputs = whole.map { output in
      Output(
        layer: output.layer,
        observed: output.variants.compactMap { variant in
          CMNI(variant, of: output.moments).map { index in
            Observed(index: index, inference: output.sums.observed(variant, value: index.value, rows: rows))
          }
        }, sums: output.sums.taking(numbers))
    }
    (self.numbers, deals, counts) = (numbers, rows.dealt, rows.phases.counts)
  }

  /// Joins the share that follows this one.
  mutating func merge(_ next: IndexShare) throws {
    guard deals == next.deals, counts == next.counts, outputs.count == next.outputs.count,
      zip(outputs, next.outputs).allSatisfy({ own, other in
        own.layer == other.layer && isSame(own.sums.constants, other.sums.constants) && own.observed.count == other.observed.count
          && zip(own.observed, other.observed).allSatisfy { isSame($0.numbers, $1.numbers) }
      })
    else { throw AccumulatorFault.otherObserved }
    guard next.numbers.lowerBound == numbers.upperBound else {
      throw AccumulatorFault("holds permutations from \(next.numbers.lowerBound) on, and \(numbers.upperBound) is the next one")
    }
    for number in outputs.indices { outputs[number].sums.append(next.outputs[number].sums) }
    numbers = numbers.lowerBound..<next.numbers.upperBound
  }
}

extension IndexShare.Observed {
  fileprivate static let width = 6

  /// Sum, number of units; of the cross-fit estimate, standard error and interval. NaN where there is none.
  fileprivate var numbers: [Double] {
    let interval = inference.interval
    return [
      index.totalMNS, Double(index.unitCount), inference.crossFit ?? .nan, inference.standardError ?? .nan, interval?.lowerBound ?? .nan,
      interval?.upperBound ?? .nan,
    ]
  }

  fileprivate init(_ variant: CMNIVariant, _ numbers: [Double], reasons: [String], exchange: ExchangeDesign?, blockCount: Int?) throws {
    func present(_ place: Int) -> Double? { numbers[place].isNaN ? nil : numbers[place] }
    guard let units = Int(exactly: numbers[1]), units >= 0 else { throw AccumulatorFault("says that there are \(numbers[1]) units") }
    index = CMNI(variant, totalMNS: numbers[0], unitCount: units)
    var inference = CMNIInference()
    (inference.crossFit, inference.standardError) = (present(2), present(3))
    if let low = present(4), let high = present(5), low <= high { inference.interval = low...high }
    (inference.exchange, inference.blockCount, inference.reasons) = (exchange, blockCount, reasons)
    self.inference = inference
  }
}

extension IndexSums {
  private static let lanes = CMNIVariant.allCases.count

  /// What is the same in every share.
  fileprivate var constants: [Double] {
    [Double(unitCount), Double(hiddenCount)] + (0..<Self.lanes).map { squaredRounding[$0] }
  }

  /// Only the sums of some numbers.
  fileprivate func taking(_ numbers: Range<Int>) -> IndexSums {
    var part = self
    part.chosen = []
    part.directionLengths = []
    guard !dealt.isEmpty else { return part }
    part.dealt = Array(dealt[3 * numbers.lowerBound..<3 * numbers.upperBound])
    part.direction = Array(direction[numbers])
    part.shuffled = shuffled.map { Array($0[numbers]) }
    part.signed = Array(signed[numbers])
    part.around = around.map { Array($0[numbers]) }
    return part
  }

  fileprivate mutating func append(_ next: IndexSums) {
    dealt += next.dealt
    direction += next.direction
    shuffled = zip(shuffled, next.shuffled).map { $0 + $1 }
    signed += next.signed
    around = zip(around, next.around).map { $0 + $1 }
  }

  fileprivate func write(_ name: String, to arrays: inout AccumulatorArrays) {
    func numbers(_ sums: [VariantSums]) -> [Double] { sums.flatMap { sums in (0..<Self.lanes).map { sums[$0] } } }
    arrays.set("\(name)/constants", constants)
    arrays.set("\(name)/dealt", numbers(dealt))
    arrays.set("\(name)/direction", numbers(direction))
    for order in shuffled.indices { arrays.set("\(name)/shuffled_\(order)", numbers(shuffled[order])) }
    arrays.set("\(name)/signed", numbers(signed))
    for order in around.indices { arrays.set("\(name)/around_\(order)", numbers(around[order])) }
  }

  /// - Parameter count: how many numbers there are.
  fileprivate init(_ name: String, _ arrays: AccumulatorArrays, count: Int) throws {
    func sums(_ part: String, _ count: Int) throws -> [VariantSums] {
      let numbers = try arrays.numbers("\(name)/\(part)", count: count * Self.lanes)
      return (0..<count).map { place in
        var sums = VariantSums.zero
        for lane in 0..<Self.lanes { sums[lane] = numbers[place * Self.lanes + lane] }
        return sums
      }
    }
    self.init(permutations: 0, rows: 0)
    let constants = try arrays.numbers("\(name)/constants", count: 2 + Self.lanes)
    guard let units = Int(exactly: constants[0]), let hidden = Int(exactly: constants[1]) else {
      throw AccumulatorFault("\(name)/constants hold no numbers of units")
    }
    (unitCount, hiddenCount) = (units, hidden)
    for lane in 0..<Self.lanes { squaredRounding[lane] = constants[2 + lane] }
    dealt = try sums("dealt", 3 * count)
    direction = try sums("direction", count)
    shuffled = try (0..<2).map { try sums("shuffled_\($0)", count) }
    signed = try sums("signed", count)
    around = try (0..<2).map { try sums("around_\($0)", count) }
  }
}

extension IndexShare {
  init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let permutations: Int = try header.permutations()
    let ends = try arrays.integers("index/numbers", count: 2)
    guard ends[0] <= ends[1], ends[1] <= permutations + 1 else { throw AccumulatorFault("index/numbers holds \(ends[0]), \(ends[1])") }
    let reasons = try arrays.texts("index/reasons", count: 2).map { $0.isEmpty ? nil : $0 }
    let exchange = try arrays.texts("index/exchange").first.flatMap { ExchangeDesign(rawValue: $0) }
    let blocks = try arrays.integers("index/n_blocks").first
    let layers = try arrays.texts("index/layers")
    outputs = try layers.enumerated().map { number, layer in
      let name = "index/\(number)"
      let variants = try arrays.texts("\(name)/variants")
      let found = try arrays.numbers("\(name)/observed", count: variants.count * Observed.width)
      let empty = try arrays.texts("\(name)/reasons", count: variants.count)
      return Output(
        layer: layer.isEmpty ? nil : layer,
        observed: try variants.enumerated().map { place, text in
          guard let variant = CMNIVariant(rawValue: text) else { throw AccumulatorFault("\(name)/variants holds '\(text)'") }
          return try Observed(
            variant, Array(found[place * Observed.width..<(place + 1) * Observed.width]),
            reasons: empty[place].isEmpty ? [] : [empty[place]], exchange: exchange, blockCount: blocks)
        }, sums: try IndexSums(name, arrays, count: ends[1] - ends[0]))
    }
    numbers = ends[0]..<ends[1]
    deals = IndexDeals(
      jointReason: reasons[0], pairReason: reasons[1], canCrossFit: try arrays.integers("index/cross_fits", count: 1)[0] == 1)
    counts = try arrays.integers("rows", count: 4)
  }

  func write(to arrays: inout AccumulatorArrays) {
    arrays.set("rows", counts)
    arrays.set("index/numbers", [numbers.lowerBound, numbers.upperBound])
    arrays.set("index/reasons", [deals.jointReason ?? "", deals.pairReason ?? ""])
    arrays.set("index/cross_fits", [deals.canCrossFit ? 1 : 0])
    arrays.set("index/layers", outputs.map { $0.layer ?? "" })
    let inference = outputs.first?.observed.first?.inference
    arrays.set("index/exchange", inference?.exchange.map { [$0.rawValue] } ?? [])
    arrays.set("index/n_blocks", inference?.blockCount.map { [$0] } ?? [])
    for (number, output) in outputs.enumerated() {
      let name = "index/\(number)"
      arrays.set("\(name)/variants", output.observed.map(\.index.variant.rawValue))
      arrays.set("\(name)/observed", output.observed.flatMap(\.numbers))
      arrays.set("\(name)/reasons", output.observed.map { $0.inference.reason ?? "" })
      output.sums.write(name, to: &arrays)
    }
  }

  /// The rows of the table, once all shares are merged.
  func rows(permutations: Int, _ header: AccumulatorHeader) throws -> [CMNIRow] {
    guard numbers == 0..<permutations + 1 else {
      throw AccumulatorFault("holds permutations \(numbers.lowerBound) to \(numbers.upperBound - 1) of \(permutations)")
    }
    let precision = CMNIAnalysis.precision(storeFloats: header.layers.contains { $0.isOwnLayer && !$0.storesDoubles })
    let phases = PhaseRows(counts: counts, isFiltered: header.isFiltered)
    return outputs.flatMap { output in
      output.observed.map { observed in
        var inference = observed.inference
        output.sums.addNulls(
          to: &inference, observed.index.variant, value: observed.index.value, deals: deals, permutations: permutations,
          precision: precision)
        return CMNIRow(model: header.model, index: observed.index, phaseRows: phases, inference: inference, layer: output.layer)
      }
    }
  }
}
