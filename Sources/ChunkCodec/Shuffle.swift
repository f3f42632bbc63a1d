// HDF5's shuffle filter: byte k of every element, for k = 0, 1, …; bytes after the last whole element stay where they are.
// Fast path of recording and reading; the loops over 4-byte elements are written so that the compiler vectorises them (benchmark:
// recording, reading).

/// `source` [elements × elementSize] to `target` [elementSize × elements].
func shuffle(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, elementSize: Int) {
  guard let from = source.baseAddress, let to = target.baseAddress else { return }
  let count = elementSize > 0 ? source.count / elementSize : 0
  guard elementSize > 1, count > 1 else {
    to.copyMemory(from: from, byteCount: source.count)
    return
  }
  if elementSize == 4 {
    let plane0 = to.assumingMemoryBound(to: UInt8.self)
    let plane1 = plane0 + count
    let plane2 = plane1 + count
    let plane3 = plane2 + count
    for index in 0..<count {
      let element = from.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
      plane0[index] = UInt8(truncatingIfNeeded: element)
      plane1[index] = UInt8(truncatingIfNeeded: element >> 8)
      plane2[index] = UInt8(truncatingIfNeeded: element >> 16)
      plane3[index] = UInt8(truncatingIfNeeded: element >> 24)
    }
  } else {
    let bytes = from.assumingMemoryBound(to: UInt8.self)
    for byte in 0..<elementSize {
      let plane = to.assumingMemoryBound(to: UInt8.self) + byte * count
      for index in 0..<count {
        plane[index] = bytes[index * elementSize + byte]
      }
    }
  }
  copyRemainder(from, to, whole: count * elementSize, total: source.count)
}

/// `source` [elementSize × elements] back to `target` [elements × elementSize].
func unshuffle(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, elementSize: Int) {
  guard let from = source.baseAddress, let to = target.baseAddress else { return }
  let count = elementSize > 0 ? source.count / elementSize : 0
  guard elementSize > 1, count > 1 else {
    to.copyMemory(from: from, byteCount: source.count)
    return
  }
  if elementSize == 4 {
    let plane0 = from.assumingMemoryBound(to: UInt8.self)
    let plane1 = plane0 + count
    let plane2 = plane1 + count
    let plane3 = plane2 + count
    for index in 0..<count {
      let low = UInt32(plane0[index]) | UInt32(plane1[index]) << 8
      let high = UInt32(plane2[index]) << 16 | UInt32(plane3[index]) << 24
      to.storeBytes(of: low | high, toByteOffset: 4 * index, as: UInt32.self)
    }
  } else {
    let bytes = to.assumingMemoryBound(to: UInt8.self)
    for byte in 0..<elementSize {
      let plane = from.assumingMemoryBound(to: UInt8.self) + byte * count
      for index in 0..<count {
        bytes[index * elementSize + byte] = plane[index]
      }
    }
  }
  copyRemainder(from, to, whole: count * elementSize, total: source.count)
}

private func copyRemainder(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, whole: Int, total: Int) {
  if whole < total {
    (to + whole).copyMemory(from: from + whole, byteCount: total - whole)
  }
}
