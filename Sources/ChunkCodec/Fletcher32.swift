internal import CKernels

/// HDF5's Fletcher-32 checksum: over big-endian 16-bit words, an odd last byte counting as the high half of a word.
///
/// Fast path of recording and reading: running sums side by side, in C (benchmark: recording, reading).
/// Sums modulo 65,535 have two zeros; HDF5's folding gives 0 only for data that are all zero, and 65,535 otherwise, and so does this.
func fletcher32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  let lanes = Int(MIRRORSCOPE_FLETCHER_LANES)
  let stepSize = 2 * lanes
  var sum1: UInt64 = 0
  var sum2: UInt64 = 0
  var offset = 0
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * lanes) { sums in
    guard let first = sums.baseAddress, let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    let second = first + lanes
    while bytes.count - offset >= stepSize {
      let steps = min((bytes.count - offset) / stepSize, Int(MIRRORSCOPE_FLETCHER_STEPS))
      mirrorscope_fletcher(start + offset, steps, first, second)
      // Word lanes·k + j of n = lanes·steps counts n − lanes·k − j times in the second sum, and steps − k times in lane j of `second`.
      sum2 += UInt64(lanes * steps) * sum1
      for index in 0..<lanes {
        sum1 += UInt64(first[index])
        sum2 += UInt64(lanes) * UInt64(second[index]) - UInt64(index) * UInt64(first[index])
      }
      sum1 = folded(sum1)
      sum2 = folded(sum2)
      offset += steps * stepSize
    }
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
