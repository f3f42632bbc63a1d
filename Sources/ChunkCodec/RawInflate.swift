internal import CISAL

/// Inflates deflate's own format (RFC 1951), without the frame of zlib or gzip: what a zip archive holds.
///
/// - Parameter byteCount: how many bytes it gives.
/// - Returns: nil for damaged data, and for data that give more or fewer bytes.
public func inflateRaw(_ source: [UInt8], byteCount: Int) -> [UInt8]? {
  // Room for a byte more, so that the end of the stream is seen and what gives more is too.
  guard byteCount >= 0, byteCount < Int(UInt32.max), let inputCount = UInt32(exactly: source.count) else { return nil }
  let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
  defer { state.deallocate() }
  var isWhole = false
  let bytes = source.withUnsafeBufferPointer { source in
    [UInt8](unsafeUninitializedCapacity: byteCount + 1) { target, count in
      isal_inflate_init(state)
      state.pointee.crc_flag = UInt32(ISAL_DEFLATE)
      // ISA-L reads from it only, though its interface does not say so.
      state.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      state.pointee.avail_in = inputCount
      state.pointee.next_out = target.baseAddress
      state.pointee.avail_out = UInt32(byteCount + 1)
      let result = isal_inflate(state)
      count = min(byteCount, Int(state.pointee.total_out))
      isWhole = result == ISAL_DECOMP_OK && state.pointee.block_state == ISAL_BLOCK_FINISH && Int(state.pointee.total_out) == byteCount
    }
  }
  return isWhole ? bytes : nil
}
