import Parallelism
import Statistics

/// The test set's classes, in tenths.
let testShares: [(label: Action, tenths: Int)] = [(.hop, 4), (.jump, 4), (.leap, 1), (.help, 1)]

/// The size of the test set when nobody asks for another: one twentieth of the states, at most 100,000.
public func defaultTestCount(states: Int) -> Int {
  min(100_000, states / 20)
}

/// How many test states each class gives: 40 % hop, 40 % jump, 10 % leap, 10 % help, what is left by rounding down goes to hop.
func testQuotas(_ testCount: Int) -> [Action: Int] {
  var quotas = Dictionary(uniqueKeysWithValues: testShares.map { ($0.label, testCount * $0.tenths / 10) })
  quotas[.hop, default: 0] += testCount - quotas.values.reduce(0, +)
  return quotas
}

/// Draws the test set, stratified by label; all other states train.
///
/// A state is left for training if the data set holds another one that looks the same to a veiled network. So the two sets share no
/// state, veiled or not.
///
/// - Parameters:
///   - states: all different.
///   - isPresent: whether a state is among `states`.
/// - Returns: a flag per state, true for the test set.
/// - Throws: `GenerationError.tooFewOfClass`.
func drawTestSet(
  of testCount: Int, from states: [PackedState], isPresent: (PackedState) -> Bool, seed: UInt64
) throws -> [Bool] {
  var candidates = [[UInt32]](repeating: [], count: Action.allCases.count)
  for (index, state) in states.enumerated() {
    candidates[Int(state.label.rawValue)].append(UInt32(truncatingIfNeeded: index))
  }
  var isTest = [Bool](repeating: false, count: states.count)
  let quotas = testQuotas(testCount)
  for label in Action.allCases {
    let quota = quotas[label] ?? 0
    var stream = RandomStream(seed: seed, purpose: "test set", index: UInt64(label.rawValue))
    var indices = candidates[Int(label.rawValue)]
    var drawn = 0
    var next = 0
    while drawn < quota {
      guard next < indices.count else {
        throw GenerationError.tooFewOfClass(label: label, needed: quota, available: drawn, states: states.count)
      }
      indices.swapAt(next, next + stream.uniform(below: indices.count - next))
      let index = Int(indices[next])
      if !states[index].veiledTwins.contains(where: isPresent) {
        isTest[index] = true
        drawn += 1
      }
      next += 1
    }
  }
  return isTest
}

extension PackedRows {
  /// Puts the rows into a random order (Fisher and Yates). Each column draws the same numbers, so that two threads can share the work,
  /// which is waiting for memory.
  mutating func shuffle(seed: UInt64, purpose: String, threads: Int) throws {
    try states.withUnsafeMutableBufferPointer { states in
      try episodes.withUnsafeMutableBufferPointer { episodes in
        // Each column is one thread's, and both are done when `mapBlocks` returns.
        nonisolated(unsafe) let (states, episodes) = (states, episodes)
        _ = try mapBlocks(count: 2, threads: threads) { column in
          let stream = RandomStream(seed: seed, purpose: purpose)
          if column == 0 { shuffled(states, stream) } else { shuffled(episodes, stream) }
        }
      }
    }
  }
}

private func shuffled<Value>(_ values: UnsafeMutableBufferPointer<Value>, _ stream: RandomStream) {
  var stream = stream
  for last in stride(from: values.count - 1, to: 0, by: -1) {
    values.swapAt(last, stream.uniform(below: last + 1))
  }
}
