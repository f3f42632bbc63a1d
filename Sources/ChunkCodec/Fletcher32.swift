/// HDF5's Fletcher-32 checksum: over big-endian 16-bit words, an odd last byte counting as the high half of a word.
///
/// Fast path of recording and reading: eight running sums side by side (benchmark: recording, reading).
/// Sums modulo 65,535 have two zeros; HDF5's folding gives 0 only for data that are all zero, and 65,535 otherwise, and so does this.
func fletcher32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  typealias Words = SIMD8<UInt16>
  typealias Sums = SIMD8<UInt32>
  let stepsPerBlock = 256  // more steps could overflow the 32 bits of `second`
  let lane = Sums(0, 1, 2, 3, 4, 5, 6, 7)
  var sum1: UInt64 = 0
  var sum2: UInt64 = 0
  var offset = 0
  var vectors = bytes.count / MemoryLayout<Words>.size
  while vectors > 0 {
    let steps = min(vectors, stepsPerBlock)
    var first = Sums()
    var second = Sums()
    for _ in 0..<steps {
      let stored = bytes.loadUnaligned(fromByteOffset: offset, as: Words.self)
      let words = (stored &>> 8) | (stored &<< 8)
      first &+= Sums(truncatingIfNeeded: words)
      second &+= first
      offset += MemoryLayout<Words>.size
    }
    // Word 8k + j of n = 8·steps counts n − 8k − j times in the second sum, and steps − k times in lane j of `second`.
    sum2 += UInt64(8 * steps) * sum1
    for index in 0..<8 {
      sum1 += UInt64(first[index])
      sum2 += 8 * UInt64(second[index]) - UInt64(lane[index]) * UInt64(first[index])
    }
    sum1 = folded(sum1)
    sum2 = folded(sum2)
    vectors -= steps
  }
  while offset < bytes.count {
    let low = offset + 1 < bytes.count ? UInt64(bytes[offset + 1]) : 0
    sum1 += UInt64(bytes[offset]) << 8 | low
    sum2 += sum1
    offset += 2
  }
  return UInt32(folded(sum2)) << 16 | UInt32(folded(sum1))
}

/// The remainder modulo 65,535, with 65,535 in the place of 0 for numbers that are not 0.
private func folded(_ sum: UInt64) -> UInt64 {
  sum == 0 ? 0 : (sum - 1) % 65_535 + 1
}
