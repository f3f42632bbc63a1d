import Foundation

/// A stream of random numbers that is a function of three things: a seed, what the numbers are for, and an index.
///
/// Work that is split over threads gives each piece its own index, so the number of threads never changes a result, and two uses of
/// one seed never share numbers. The generator is xoshiro256++ (Blackman and Vigna, 2019); its 256 bits of state are filled by
/// SplitMix64 from a hash (FNV-1a) of the purpose, the seed and the index.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// - Parameters:
  ///   - seed: the user's `--seed`.
  ///   - purpose: a fixed word for the use, such as `"dropout"`.
  ///   - index: the number of the piece of work: an episode, an epoch, a permutation.
  public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
    self = RandomStreams(seed: seed, purpose: purpose)[index]
  }

  @inline(__always)
  fileprivate init(mixed: UInt64, index: UInt64) {
    var mixer = SplitMix64(state: mixed ^ index)
    (s0, s1, s2, s3) = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
  }

  @inline(__always)
  public mutating func next() -> UInt64 {
    let sum = s0 &+ s3
    let result = ((sum << 23) | (sum >> 41)) &+ s0
    let shifted = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << 45) | (s3 >> 19)
    return result
  }

  /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
  @inline(__always)
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A whole number in `0..<bound`, each equally likely (Lemire's method); `bound` is at least 1.
  @inline(__always)
  public mutating func uniform(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next(upperBound: UInt64(truncatingIfNeeded: bound)))
  }

  /// A standard normal number (Marsaglia's polar method; the second of each pair is dropped, so the stream has no hidden state).
  public mutating func normal() -> Double {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let square = x * x + y * y
      if square > 0 && square < 1 {
        return x * (-2 * log(square) / square).squareRoot()
      }
    }
  }
}

/// The streams of one seed and purpose, by index, for work that takes very many of them.
public struct RandomStreams: Sendable, Equatable {
  /// What seed and purpose come to.
  private let mixed: UInt64

  public init(seed: UInt64, purpose: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    var mixer = SplitMix64(state: seed)
    mixer.state = mixer.next() ^ hash
    mixed = mixer.next()
  }

  /// `RandomStream(seed:purpose:index:)`.
  public subscript(index: UInt64) -> RandomStream { RandomStream(mixed: mixed, index: index) }
}

/// Steele, Lea and Flood's SplitMix64, used to spread a seed over the state of `RandomStream`.
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
