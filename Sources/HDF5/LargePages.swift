#if canImport(Glibc)
  import Glibc
#endif

extension Array {
  /// As `init(unsafeUninitializedCapacity:)`, with the kernel asked for large pages under the memory before it is touched.
  ///
  /// An array of hundreds of megabytes then costs few page faults while it is filled, and reading it in random order misses the address
  /// cache less often: training on 3.8 million states takes a tenth less time. It is advice: where it can't be followed nothing changes.
  init(
    filling count: Int, _ body: (_ buffer: UnsafeMutableBufferPointer<Element>) throws -> Void
  ) rethrows {
    try self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      let buffer = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      adviseLargePages(UnsafeMutableRawBufferPointer(buffer))
      try body(buffer)
      filled = count
    }
  }
}

private func adviseLargePages(_ memory: UnsafeMutableRawBufferPointer) {
  #if os(Linux) && canImport(Glibc)
    let page = Int(getpagesize())
    guard memory.count >= 1 << 22, let start = memory.baseAddress else { return }
    let first = start.alignedUp(toMultipleOf: page)
    let length = (memory.count - (first - start)) / page * page
    // The errors are of no use: without large pages everything works as well.
    _ = madvise(first, length, MADV_HUGEPAGE)
  #endif
}
