/// Rows known by a hash of the bytes that a mask leaves. A row is 13 words of 8 bytes, the last one half filled.
///
/// Every row of two sets of millions passes through `insert` or `mark`, so they work on words and allocate nothing. Benchmark: generate.
struct HashedRows: Sendable {
  private static let words = 13
  private static let keyBytes = 8
  private static let countBytes = 4
  /// Bytes for each row, at most: room for half as many again.
  static let bytesPerRow = (keyBytes + countBytes) * 3 / 2

  /// `[words]`, ones where bits count.
  private let mask: [UInt64]
  private let part: UInt64
  private let parts: UInt64
  /// Open addressing: the hashes, 0 where free.
  private var keys: [UInt64]
  /// How many rows have the hash, and in the highest bit whether the other set has such a row.
  private var counts: [UInt32]
  /// Hashes that are there.
  private(set) var used = 0

  private static let marked: UInt32 = 1 << 31

  /// - Parameters:
  ///   - columns: the bytes of a row that count.
  ///   - rowCount: rows to come; there is room for more.
  init(comparing columns: some Sequence<Int>, expecting rowCount: Int, part: Int, of parts: Int) {
    var bytes = [UInt8](repeating: 0, count: Self.words * 8)
    for column in columns where column < StateIndex.count { bytes[column] = 0xff }
    mask = bytes.withUnsafeBytes { bytes in (0..<Self.words).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) } }
    self.part = UInt64(max(part, 0))
    self.parts = UInt64(max(parts, 1))
    let capacity = max(rowCount, 10) / 2 * 3
    keys = [UInt64](repeating: 0, count: capacity)
    counts = [UInt32](repeating: 0, count: capacity)
  }

  mutating func insert(_ rows: [UInt8]) {
    forEachHash(of: rows) { rows, hash in
      let slot = rows.slot(of: hash)
      if rows.keys[slot] == 0 {
        rows.keys[slot] = hash
        rows.used += 1
      }
      rows.counts[slot] = (rows.counts[slot] &+ 1) & ~Self.marked
      if rows.used * 5 > rows.keys.count * 4 { rows.grow() }
    }
  }

  /// Marks what is there of these rows, and says how many of them are.
  mutating func mark(_ rows: [UInt8]) -> Int {
    var found = 0
    forEachHash(of: rows) { rows, hash in
      let slot = rows.slot(of: hash)
      guard rows.keys[slot] != 0 else { return }
      rows.counts[slot] |= Self.marked
      found += 1
    }
    return found
  }

  /// Which of these rows are there and marked; of all parts the one that is looked at.
  mutating func marks(of rows: [UInt8]) -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(rows.count / StateIndex.count)
    forEachHash(of: rows) { rows, hash in
      let slot = rows.slot(of: hash)
      result.append(rows.keys[slot] != 0 && rows.counts[slot] & Self.marked != 0)
    }
    return result
  }

  /// Rows inserted whose hash was marked.
  var markedRows: Int {
    counts.reduce(0) { $1 & Self.marked == 0 ? $0 : $0 + Int($1 & ~Self.marked) }
  }

  @inline(__always)
  private mutating func forEachHash(of rows: [UInt8], _ body: (inout HashedRows, UInt64) -> Void) {
    rows.withUnsafeBytes { bytes in
      for row in 0..<rows.count / StateIndex.count {
        let hash = mask.withUnsafeBufferPointer { Self.hash(bytes, at: row * StateIndex.count, $0) }
        // The low bits choose the part, the high ones the slot.
        if parts == 1 || ((hash & 0xffff_ffff) &* parts) &>> 32 == part { body(&self, hash) }
      }
    }
  }

  /// Multiplies and folds word by word; never 0.
  @inline(__always)
  private static func hash(_ bytes: UnsafeRawBufferPointer, at start: Int, _ mask: UnsafeBufferPointer<UInt64>) -> UInt64 {
    var hash: UInt64 = 0x2d35_8dcc_aa6c_78a5
    for word in 0..<words {
      let value =
        word < words - 1
        ? bytes.loadUnaligned(fromByteOffset: start + 8 * word, as: UInt64.self)
        : UInt64(bytes.loadUnaligned(fromByteOffset: start + 8 * word, as: UInt32.self))
      let product = (hash ^ (value & mask[word])).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
      hash = product.high ^ product.low &+ UInt64(truncatingIfNeeded: word)
    }
    return hash == 0 ? 1 : hash
  }

  /// The slot of a hash, or the free one where it would be.
  @inline(__always)
  private func slot(of hash: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(truncatingIfNeeded: keys.count)).high)
    while keys[slot] != 0, keys[slot] != hash {
      slot += 1
      if slot == keys.count { slot = 0 }
    }
    return slot
  }

  private mutating func grow() {
    let old = (keys: keys, counts: counts)
    keys = [UInt64](repeating: 0, count: 2 * old.keys.count)
    counts = [UInt32](repeating: 0, count: keys.count)
    for (hash, count) in zip(old.keys, old.counts) where hash != 0 {
      let slot = slot(of: hash)
      keys[slot] = hash
      counts[slot] = count
    }
  }
}
