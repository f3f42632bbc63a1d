import ActivationRecording
import Parallelism
import Statistics

/// The product of Δself and Δother across halves over its standard error, under labels that are dealt.
struct DirectionPermutations<Value: ActivationValue & MatrixScalar>: Sendable {
  private let units: DirectionUnits<Value>
  private let rows: ScaledRows<Value>
  private let deals: DirectionDeals
  private let permutations: Int
  private let context: AnalysisContext
  private let halves: [HalfRows]

  /// The rows of a half, and the block of each among those of the half.
  private struct HalfRows: Sendable {
    let rows: [Int32]
    /// Nil where rows are free.
    let blocks: [Int32]?
    let blockCount: Int
  }

  /// - Parameter held: the rows of the units, each of which is used in every permutation.
  init(
    _ units: DirectionUnits<Value>, _ held: ScaledRows<Value>, deals: DirectionDeals, permutations: Int, in context: AnalysisContext
  ) {
    (self.units, rows, self.deals, self.permutations, self.context) = (units, held, deals, permutations, context)
    let index = units.index
    halves = (0..<2).map { half in
      let rows = index.halfPhase.indices.filter { Int(index.halfPhase[$0]) / 3 == half }
      let numbers = index.blocks.map { blocks in Set(rows.map { blocks[$0] }).sorted() }
      let places = numbers.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }) }
      return HalfRows(
        rows: rows.map { Int32(truncatingIfNeeded: $0) },
        blocks: index.blocks.flatMap { blocks in places.map { places in rows.map { places[blocks[$0]] ?? 0 } } },
        blockCount: numbers?.count ?? 0)
    }
  }

  /// What a share of the permutations gives; nil where there can be no p, which the row then says.
  func nulls(_ share: PermutationShare, explaining row: inout DirectionRow) throws -> DirectionNulls? {
    if let reason = deals.reason {
      row.explain(reason)
      return nil
    }
    guard units.index.fewestBlocks > 1 else {
      row.explain(units.index.tooFewForErrors)
      return nil
    }
    let (dealt, numbers) = try statistics(of: share)
    // The labels as they are, in the block that they have where all are taken.
    guard let observed = try numbers.first == 0 ? dealt.first : wave(0..<min(Self.setsPerBlock, permutations + 1)).first,
      observed.product[0].isFinite
    else {
      row.explain("no p: activations differ by more or less than a double can hold")
      return nil
    }
    return DirectionNulls(
      observed: observed, dealt: dealt, numbers: numbers, relativeRounding: Self.relativeRounding,
      root: (units.contrasts.ownSquare * units.contrasts.otherSquare).squareRoot())
  }

  /// The statistics of the labels as they are and of each permutation.
  func all() throws -> [DirectionDealt] { try statistics(of: .whole).dealt }

  /// The statistics of a share of the numbers from 0, the labels as they are.
  private func statistics(of share: PermutationShare) throws -> (dealt: [DirectionDealt], numbers: Range<Int>) {
    let waves = stride(from: 0, through: permutations, by: waveSize).map { $0..<min($0 + waveSize, permutations + 1) }
    let (own, numbers) = share.part(of: waves)
    var dealt: [DirectionDealt] = []
    dealt.reserveCapacity(numbers.count)
    for range in own {
      try context.checkCancellation()
      dealt += try wave(range)
      context.progress.tell(Double(dealt.count) / Double(permutations + 1))
    }
    return (dealt, numbers)
  }

  private static var relativeRounding: Double { Value.self == Float.self ? 1e-5 : 1e-11 }
  private static var setsPerBlock: Int { 16 }

  private var waveSize: Int { Self.waveSize(rows: Double(units.index.count), units: Double(units.factors.count)) }

  private static func waveSize(rows: Double, units: Double) -> Int {
    let size = max(32, min(1024, Double(24 << 20) / setBytes(rows: rows, units: units)))
    return Int(size) / setsPerBlock * setsPerBlock
  }

  /// Bytes of a deal: its marks, packed too, and its sums.
  private static func setBytes(rows: Double, units: Double) -> Double { 1.5 * rows + 32 * units }

  /// Bytes of a wave of deals and of what threads work with.
  static func bytes(rows: Double, units: Double, permutations: Int, threads: Int) -> Double {
    let columns = 4 * Double(setsPerBlock)
    let perThread =
      ScaledRows<Value>.sumBytes(rows: rows)
      + ScaledRows<Value>.panelBytes(rows: rows, units: units, columns: columns, valueBytes: Double(MemoryLayout<Value>.size))
      + (2 * Double(MemoryLayout<Value>.size) * columns + 160) * units + 24 * rows * Double(setsPerBlock)
    let sets = min(Double(permutations) + 1, Double(waveSize(rows: rows, units: units)))
    // Sums once more while they are put together.
    return sets * (setBytes(rows: rows, units: units) + 32 * units) + Double(max(1, threads)) * perThread + 32 * Double(permutations) + 24
      * rows
  }

  /// The statistics of some numbers; 0 stands for the labels as they are.
  private func wave(_ numbers: Range<Int>) throws -> [DirectionDealt] {
    let (rows, count, threads) = (units.index.count, numbers.count, context.threads)
    var marks = [UInt8](repeating: 0, count: count * rows)
    try marks.withUnsafeMutableBufferPointer { marks in
      // Each deal has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let marks = marks
      _ = try mapBlocks(count: count, threads: threads) { place in
        deals.marks(
          numbers.lowerBound + place, seed: context.seed,
          into: UnsafeMutableBufferPointer(rebasing: marks[place * rows..<(place + 1) * rows]))
      }
    }
    let labels = try PackedLabels(sets: count, perSet: DirectionDeals.perDeal, rows: rows, threads: threads) { [marks] place, target in
      _ = target.update(fromContentsOf: marks[place * rows..<(place + 1) * rows])
    }
    let unitCount = units.factors.count
    var sums = [Double](repeating: 0, count: count * DirectionDeals.perDeal * unitCount)
    let parts = try self.rows.mapSums(of: labels, squares: false, threads: threads) { $0 }
    for part in parts {
      for set in part.sets {
        for bit in 0..<DirectionDeals.perDeal {
          let (from, to) = (part.start(set: set, row: bit), (set * DirectionDeals.perDeal + bit) * unitCount + part.units.lowerBound)
          for place in 0..<part.units.count { sums[to + place] = part.sums[from + place] }
        }
      }
    }
    let size = Self.setsPerBlock
    return try mapBlocks(count: (count + size - 1) / size, threads: threads) { [marks, sums] block in
      try statistics(of: block * size..<min((block + 1) * size, count), marks: marks, sums: sums)
    }.flatMap { $0 }
  }

  /// Contrasts as a deal has them.
  private func contrasts(_ set: Int, deal: Int, marks: UnsafeBufferPointer<UInt8>, sums: [Double]) -> DirectionContrasts {
    let (phase, unitCount) = (deal + 1, units.factors.count)
    var (groupSums, counts) = (units.sums, units.counts)
    for half in 0..<2 {
      let bit = UInt8(2 * deal + half)
      let treated = Double(halves[half].rows.reduce(into: 0) { $0 += Int((marks[Int($1)] >> bit) & 1) })
      let (none, own) = (3 * half, 3 * half + phase)
      counts[none] = units.counts[none] + units.counts[own] - treated
      counts[own] = treated
      let start = (set * DirectionDeals.perDeal + Int(bit)) * unitCount
      for unit in 0..<unitCount {
        let total = units.sums[none * unitCount + unit] + units.sums[own * unitCount + unit]
        groupSums[own * unitCount + unit] = sums[start + unit]
        groupSums[none * unitCount + unit] = total - sums[start + unit]
      }
    }
    return DirectionContrasts(sums: groupSums, counts: counts, factors: units.factors)
  }

  private func statistics(of sets: Range<Int>, marks: [UInt8], sums: [Double]) throws -> [DirectionDealt] {
    let (rowCount, unitCount) = (units.index.count, units.factors.count)
    return try marks.withUnsafeBufferPointer { marks in
      var result = [DirectionDealt](repeating: DirectionDealt(), count: sets.count)
      var variances = [SIMD2<Double>](repeating: .zero, count: sets.count)
      let columns = 4 * sets.count
      // Of each deal the power of two that its weights are over, so that floats hold them, and the rounding of its product.
      var scales = [SIMD2<Double>](repeating: .zero, count: sets.count)
      var roundings = scales
      // Of each half the weights of a row of the other half: those of Δself and of Δother, under either deal of each set.
      var weights = [[Value]](repeating: [Value](repeating: 0, count: unitCount * columns), count: 2)
      for (place, set) in sets.enumerated() {
        let own = UnsafeBufferPointer(rebasing: marks[set * rowCount..<(set + 1) * rowCount])
        for deal in 0..<2 {
          let contrasts = contrasts(set, deal: deal, marks: own, sums: sums)
          result[place].product[deal] = contrasts.product
          roundings[place][deal] = units.rounding(contrasts)
          let largest = (0..<unitCount).reduce(0) { max($0, units.factors[$1] * contrasts.squares($1).squareRoot()) }
          guard largest > 0, largest.isFinite else { continue }
          let scale = Double(sign: .plus, exponent: largest.exponent, significand: 1)
          scales[place][deal] = scale
          for half in 0..<2 {
            for unit in 0..<unitCount {
              let (at, factor) = (unit * columns + 4 * place + 2 * deal, 0.5 * units.factors[unit])
              weights[1 - half][at] = Value(factor * contrasts.own[half][unit] / scale)
              weights[1 - half][at + 1] = Value(factor * contrasts.other[half][unit] / scale)
            }
          }
        }
      }
      for half in 0..<2 {
        let products = try self.rows.products(of: halves[half].rows, weights: weights[half], columns: columns)
        add(products, half: half, sets: sets, marks: marks, to: &variances)
      }
      for place in result.indices {
        for deal in 0..<2 {
          let (product, rounding) = (result[place].product[deal], roundings[place][deal])
          let error = variances[place][deal].squareRoot() * scales[place][deal]
          guard abs(product) > rounding else { continue }
          result[place].t[deal] = error > rounding ? product / error : product > 0 ? .infinity : -.infinity
          result[place].rounding[deal] = error > rounding ? rounding / error : 0
        }
      }
      return result
    }
  }

  /// Adds the squared standard errors of a half: of mean(self) + mean(other) − mean(none) of the rows' products, as
  /// `PhaseContrastError` has it.
  ///
  /// - Parameter products: `[rows of the half × sets × deals × (Δself, Δother)]`
  private func add(
    _ products: [Double], half: Int, sets: Range<Int>, marks: UnsafeBufferPointer<UInt8>, to variances: inout [SIMD2<Double>]
  ) {
    let (rows, phases, rowCount) = (halves[half].rows, units.index.phase, units.index.count)
    let lanes = 2 * sets.count
    // The dealt phase of each row under each deal, `[rows × lanes]`.
    var labels = [UInt8](repeating: 0, count: rows.count * lanes)
    var values = [Double](repeating: 0, count: rows.count * lanes)
    var (counts, sums) = ([Double](repeating: 0, count: 3 * lanes), [Double](repeating: 0, count: 3 * lanes))
    products.withUnsafeBufferPointer { products in
      for (place, row) in rows.enumerated() {
        let phase = phases[Int(row)]
        for (number, set) in sets.enumerated() {
          let mark = marks[set * rowCount + Int(row)]
          for deal in 0..<2 {
            let kept = UInt8(2 - deal)
            let label = phase == kept ? kept : (mark >> UInt8(2 * deal + half)) & 1 == 1 ? UInt8(deal + 1) : 0
            let lane = 2 * number + deal
            let at = (place * sets.count + number) * 4 + 2 * deal
            // A row of self is weighed by Δother, one of other by Δself, one of none by both.
            let value = label == 1 ? products[at + 1] : label == 2 ? products[at] : products[at] + products[at + 1]
            labels[place * lanes + lane] = label
            values[place * lanes + lane] = value
            counts[3 * lane + Int(label)] += 1
            sums[3 * lane + Int(label)] += value
          }
        }
      }
    }
    let means = zip(sums, counts).map { $0 / max(1, $1) }
    if let blocks = halves[half].blocks {
      let blockCount = halves[half].blockCount
      var scores = [Double](repeating: 0, count: blockCount * lanes)
      for place in rows.indices {
        for lane in 0..<lanes {
          let label = labels[place * lanes + lane]
          let cell = 3 * lane + Int(label)
          let score = (values[place * lanes + lane] - means[cell]) / counts[cell]
          scores[Int(blocks[place]) * lanes + lane] += label == 0 ? -score : score
        }
      }
      let correction = Double(blockCount) / Double(max(1, blockCount - 1))
      for block in 0..<blockCount {
        for lane in 0..<lanes {
          let score = scores[block * lanes + lane]
          variances[lane / 2][lane % 2] += correction * score * score
        }
      }
    } else {
      var squares = [Double](repeating: 0, count: 3 * lanes)
      for place in rows.indices {
        for lane in 0..<lanes {
          let cell = 3 * lane + Int(labels[place * lanes + lane])
          let distance = values[place * lanes + lane] - means[cell]
          squares[cell] += distance * distance
        }
      }
      for lane in 0..<lanes {
        for label in 0..<3 {
          let count = counts[3 * lane + label]
          variances[lane / 2][lane % 2] += squares[3 * lane + label] / max(1, count - 1) / max(1, count)
        }
      }
    }
  }
}
