import Statistics

extension World {
  /// The probability that a cell gains a fly after an action.
  static let flyProbability = 0.01
  /// 0.99³²: no cell gains a fly.
  private static let noNewFlyProbability = 0.7249803359578534

  /// After every action: each cell gains a fly with probability 0.01, then every fly moves by −1, 0 or +1, each equally likely.
  ///
  /// Flies stay on the strip, and two on one cell are one.
  mutating func moveFlies(_ stream: inout RandomStream) {
    flies |= Self.newFlies(&stream)
    var left: UInt32 = 0
    var right: UInt32 = 0
    // Two random bits a cell choose among three moves; the fourth value asks for another pair.
    var undecided = flies
    while undecided != 0 {
      let bits = stream.next()
      let a = UInt32(truncatingIfNeeded: bits)
      let b = UInt32(truncatingIfNeeded: bits &>> 32)
      left |= undecided & a & ~b
      right |= undecided & ~a & b
      undecided &= a & b
    }
    let leftmost: UInt32 = 1
    let rightmost: UInt32 = 1 &<< 31
    flies = (flies & ~(left | right)) | (left &>> 1) | (left & leftmost) | (right &<< 1) | (right & rightmost)
  }

  /// 32 independent draws at once: how many (binomial, by inversion from one number), then which cells.
  static func newFlies(_ stream: inout RandomStream) -> UInt32 {
    var remaining = stream.uniform()
    var probability = noNewFlyProbability
    if remaining < probability { return 0 }
    var count = 0
    while remaining >= probability && count < width {
      remaining -= probability
      probability *= Double(width - count) / Double(count + 1) * (flyProbability / (1 - flyProbability))
      count += 1
    }
    var cells: UInt32 = 0
    while count > 0 {
      let cell: UInt32 = 1 &<< UInt32(truncatingIfNeeded: stream.uniform(below: width))
      if cells & cell == 0 {
        cells |= cell
        count -= 1
      }
    }
    return cells
  }
}
