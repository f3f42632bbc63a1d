/// One of several shares of the permutations of a test, each of which another machine may take.
///
/// Permutation i is the same wherever it is dealt. But products of matrices may round by where in a block a permutation lies: so a share is
/// made of whole blocks of 64, counted from where one machine would begin a wave.
public struct PermutationShare: Sendable, Equatable {
  /// From 1.
  public let number: Int
  public let count: Int

  /// All of them.
  public static let whole = PermutationShare(1, of: 1)

  static let blockSize = 64

  public init(_ number: Int, of count: Int) { (self.number, self.count) = (max(1, min(number, max(1, count))), max(1, count)) }

  /// What of the waves that one machine would take belongs to this share, and the numbers of these permutations. A share is empty where there
  /// are more shares than blocks.
  ///
  /// - Parameter waves: one behind the other.
  public func part(of waves: [Range<Int>]) -> (waves: [Range<Int>], numbers: Range<Int>) {
    let all = (waves.first?.lowerBound ?? 0)..<(waves.last?.upperBound ?? 0)
    guard count > 1 else { return (waves, all) }
    let starts = waves.flatMap { Array(stride(from: $0.lowerBound, to: $0.upperBound, by: Self.blockSize)) } + [all.upperBound]
    let blocks = starts.count - 1
    let numbers = starts[blocks * (number - 1) / count]..<starts[blocks * number / count]
    return (waves.map { $0.clamped(to: numbers) }.filter { !$0.isEmpty }, numbers)
  }
}
