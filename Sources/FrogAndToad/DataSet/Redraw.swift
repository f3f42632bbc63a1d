import Statistics

/// Chance that replaces parts of a played state when it becomes part of a data set, so that energy and flies say nothing about the board.
enum Redraw {
  /// Energies that a redraw can give, in steps of 1/240: 0 with probability 1/2; 1, 2, 4, 6 with 1/16 each; 8, 10, 12 with 1/20 each;
  /// 14, 16, 18 with 1/30 each.
  static let energyWeights: [(energy: Int, weight: Int)] = [
    (0, 120), (1, 15), (2, 15), (4, 15), (6, 15), (8, 12), (10, 12), (12, 12), (14, 8), (16, 8), (18, 8),
  ]
  /// The sum of the weights.
  static let weightSum = 240

  /// Every energy as often as its weight says, so that one even draw below `weightSum` picks it.
  static let energyTable: [UInt8] = energyWeights.flatMap { Array(repeating: UInt8($0.energy), count: $0.weight) }

  /// The fly rows that all data sets share, bit `i` for cell `i`, each cell with probability 1/4: the first six were drawn once, the others
  /// come of a fixed seed, so that networks trained on one data set can be tried on another.
  static let flyPatterns: [UInt32] =
    [0x2288_5000, 0x0002_4800, 0x0d2a_60a0, 0x8334_3f04, 0x3004_200e, 0x1a00_0e01]
    + (6..<Couplings.flyPatternCounts.upperBound).map { number in
      var stream = RandomStream(seed: 0, purpose: "fly patterns", index: UInt64(number))
      // A bit of both of two words is set in a quarter.
      return UInt32(truncatingIfNeeded: stream.next() & stream.next())
    }
}
