/// The states seen so far: an open-addressing table of packed states, 8 bytes a slot, no allocation per state.
///
/// A reference so that it can stay with one piece of parallel work from batch to batch.
final class PackedStateSet: @unchecked Sendable {
  // Sendable because one thread at a time uses it: `DeduplicatedPlay` alone has one, and gives each to one block of `mapBlocks`, which hands
  // out every block once and returns when all are done.

  // 0 marks a free slot. A packed state leaves its upper bits free, so a set bit 63 keeps every stored word from being 0.
  private static let occupied: UInt64 = 1 &<< 63

  private var slots: UnsafeMutablePointer<UInt64>
  private var capacity: Int
  private(set) var count = 0
  /// What `fetchSlots` has read, kept so that reading is not left out.
  private var fetched: UInt64 = 0

  /// - Parameter expected: how many states there will be; the table grows beyond it when it must.
  init(expected: Int) {
    capacity = Self.capacity(for: expected)
    slots = Self.freeSlots(capacity)
  }

  deinit {
    slots.deallocate()
  }

  /// Whether the state is new; it is there afterwards.
  @inline(__always)
  func insert(_ state: PackedState) -> Bool {
    let key = state.word | Self.occupied
    let mask = capacity &- 1
    var slot = Int(truncatingIfNeeded: Self.spread(state)) & mask
    while slots[slot] != 0 {
      if slots[slot] == key { return false }
      slot = (slot &+ 1) & mask
    }
    slots[slot] = key
    count &+= 1
    if count &* 4 > capacity &* 3 { grow() }
    return true
  }

  /// How many states to fetch the slots of at a time.
  static let window = 64

  /// Brings the slots of some states into the cache, all at the same time, where `insert` would wait for one after another. Benchmark:
  /// generate.
  @inline(__always)
  func fetchSlots(of states: some Sequence<PackedState>) {
    let mask = capacity &- 1
    for state in states { fetched ^= slots[Int(truncatingIfNeeded: Self.spread(state)) & mask] }
  }

  func contains(_ state: PackedState) -> Bool {
    let key = state.word | Self.occupied
    let mask = capacity &- 1
    var slot = Int(truncatingIfNeeded: Self.spread(state)) & mask
    while slots[slot] != 0 {
      if slots[slot] == key { return true }
      slot = (slot &+ 1) & mask
    }
    return false
  }

  /// A one-to-one mix of the word's bits (the finaliser of MurmurHash3). The low bits choose the slot, the high ones the shard.
  @inline(__always)
  static func spread(_ state: PackedState) -> UInt64 {
    var x = state.word
    x = (x ^ (x &>> 33)) &* 0xff51_afd7_ed55_8ccd
    x = (x ^ (x &>> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return x ^ (x &>> 33)
  }

  /// Bytes of the table for so many states.
  static func byteCount(expected: Int) -> Int { capacity(for: expected) * MemoryLayout<UInt64>.stride }

  private static func capacity(for expected: Int) -> Int {
    var capacity = 1024
    while capacity < expected + expected / 2 { capacity *= 2 }
    return capacity
  }

  private static func freeSlots(_ capacity: Int) -> UnsafeMutablePointer<UInt64> {
    let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
    slots.initialize(repeating: 0, count: capacity)
    return slots
  }

  private func grow() {
    let old = (slots: slots, capacity: capacity)
    capacity *= 2
    slots = Self.freeSlots(capacity)
    let mask = capacity &- 1
    for index in 0..<old.capacity where old.slots[index] != 0 {
      let key = old.slots[index]
      var slot = Int(truncatingIfNeeded: Self.spread(PackedState(word: key & ~Self.occupied))) & mask
      while slots[slot] != 0 { slot = (slot &+ 1) & mask }
      slots[slot] = key
    }
    old.slots.deallocate()
  }
}
