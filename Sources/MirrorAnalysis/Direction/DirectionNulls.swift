import Statistics

/// The statistic of `direction` under a deal: none and self, none and other.
struct DirectionDealt: Sendable {
  var product = SIMD2<Double>.zero
  /// Products within rounding of 0 are 0, and over an error within rounding of 0 they are infinite.
  var t = SIMD2<Double>.zero
  /// By what rounding may miss t.
  var rounding = SIMD2<Double>.zero
}

/// The statistics of a layer under permuted labels, or under a share of the permutations.
struct DirectionNulls: Sendable {
  /// Of the labels as they are.
  let observed: DirectionDealt
  /// Of `numbers`; 0 stands for the labels as they are.
  private(set) var dealt: [DirectionDealt]
  private(set) var numbers: Range<Int>
  /// By how much of t a tie may be missed.
  let relativeRounding: Double
  /// √(a₁·a₂ b₁·b₂): what products are over in the scale of the cosine.
  let root: Double

  init(observed: DirectionDealt, dealt: [DirectionDealt], numbers: Range<Int>, relativeRounding: Double, root: Double) {
    (self.observed, self.dealt, self.numbers) = (observed, dealt, numbers)
    (self.relativeRounding, self.root) = (relativeRounding, root)
  }

  /// The larger p of the two deals, and the mean product under that deal in the scale of the cosine.
  func fill(_ row: inout DirectionRow) {
    var largest = 0.0
    for deal in 0..<2 {
      // One infinite t is as large as another.
      let tolerance = observed.t[deal].isFinite ? observed.rounding[deal] + relativeRounding * abs(observed.t[deal]) : 0
      var count = ExtremeCount(observed: observed.t[deal], tolerance: tolerance)
      count.add(contentsOf: dealt.dropFirst().lazy.map { $0.t[deal] })
      guard let p = count.pValue, p > largest else { continue }
      largest = p
      row.pValue = p
      let mean = dealt.dropFirst().reduce(0) { $0 + $1.product[deal] } / Double(max(1, dealt.count - 1))
      row.nullMean = row.cosine != nil && root > 0 ? mean / root : nil
    }
  }

  /// Joins the share that follows this one.
  mutating func merge(_ next: DirectionNulls) throws {
    guard isSame(constants, next.constants) else { throw AccumulatorFault.otherObserved }
    guard next.numbers.lowerBound == numbers.upperBound else {
      throw AccumulatorFault("holds permutations from \(next.numbers.lowerBound) on, and \(numbers.upperBound) is the next one")
    }
    dealt += next.dealt
    numbers = numbers.lowerBound..<next.numbers.upperBound
  }

  /// What is the same in every share: of the labels as they are products, t and rounding under both deals; relative rounding and root.
  private var constants: [Double] {
    [
      observed.product[0], observed.product[1], observed.t[0], observed.t[1], observed.rounding[0], observed.rounding[1], relativeRounding,
      root,
    ]
  }

  init(_ name: String, _ arrays: AccumulatorArrays) throws {
    let ends = try arrays.integers("\(name)/numbers", count: 2)
    guard ends[0] <= ends[1] else { throw AccumulatorFault("\(name)/numbers holds \(ends[0]), \(ends[1])") }
    let numbers = ends[0]..<ends[1]
    let constants = try arrays.numbers("\(name)/constants", count: 8)
    let values = try arrays.numbers("\(name)/dealt", count: 4 * min(numbers.count, 1 << 50))
    self.init(
      observed: DirectionDealt(
        product: SIMD2(constants[0], constants[1]), t: SIMD2(constants[2], constants[3]), rounding: SIMD2(constants[4], constants[5])),
      dealt: (0..<numbers.count).map { place in
        DirectionDealt(
          product: SIMD2(values[4 * place], values[4 * place + 1]), t: SIMD2(values[4 * place + 2], values[4 * place + 3]))
      }, numbers: numbers, relativeRounding: constants[6], root: constants[7])
  }

  func write(_ name: String, to arrays: inout AccumulatorArrays) {
    arrays.set("\(name)/numbers", [numbers.lowerBound, numbers.upperBound])
    arrays.set("\(name)/constants", constants)
    arrays.set("\(name)/dealt", dealt.flatMap { [$0.product[0], $0.product[1], $0.t[0], $0.t[1]] })
  }
}
