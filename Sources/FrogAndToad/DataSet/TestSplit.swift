import Parallelism
import Statistics

/// How a test set is drawn.
public enum TestDraw: String, Sendable, CaseIterable {
  /// By label: 40 % hop, 40 % jump, 10 % leap, 10 % help.
  case stratified
  /// As the labels come.
  case natural
}

/// A test set: a flag per state, and the labels of which there was not the share that they should have.
struct DrawnTestSet {
  var isTest: [Bool]
  var shortLabels: [Action] = []
}

/// The test set's classes, in tenths.
let testShares: [(label: Action, tenths: Int)] = [(.hop, 4), (.jump, 4), (.leap, 1), (.help, 1)]

/// The size of the test set, and of the validation set, when nobody asks for another: one twentieth of the states, at most 100,000.
public func defaultTestCount(states: Int) -> Int {
  min(100_000, states / 20)
}

/// How many test states each class gives: 40 % hop, 40 % jump, 10 % leap, 10 % help, what is left by rounding down goes to hop.
func testQuotas(_ testCount: Int) -> [Action: Int] {
  var quotas = Dictionary(uniqueKeysWithValues: testShares.map { ($0.label, testCount * $0.tenths / 10) })
  quotas[.hop, default: 0] += testCount - quotas.values.reduce(0, +)
  return quotas
}

/// Draws the test set; all other states train.
///
/// A state is left for training if the data set holds another one that looks the same to a veiled network. So the two sets share no
/// state, veiled or not. A label that cannot fill its share gives half of the states that could serve, and hop gives the rest.
///
/// - Parameters:
///   - states: all different.
///   - isPresent: whether a state is among `states`.
///   - helpFrom: what the labels go by; see `Couplings`.
/// - Throws: `GenerationError.tooFewForTest`.
func drawTestSet(
  of testCount: Int, from states: [PackedState], isPresent: (PackedState) -> Bool, seed: UInt64, draw: TestDraw = .stratified,
  helpFrom: Int? = Couplings.helpFrom
) throws -> DrawnTestSet {
  var result = DrawnTestSet(isTest: [Bool](repeating: false, count: states.count))

  /// States of the candidates that have no twin, in random order, as many as asked for or fewer.
  func drawn(_ quota: Int, from candidates: [UInt32], stream: RandomStream) -> [UInt32] {
    var (indices, stream, drawn) = (candidates, stream, [UInt32]())
    drawn.reserveCapacity(min(quota, candidates.count))
    for next in indices.indices {
      guard drawn.count < quota else { break }
      indices.swapAt(next, next + stream.uniform(below: indices.count - next))
      let index = indices[next]
      if !states[Int(index)].veiledTwins.contains(where: isPresent) { drawn.append(index) }
    }
    return drawn
  }

  guard draw == .stratified else {
    let all = states.indices.map { UInt32(truncatingIfNeeded: $0) }
    let chosen = drawn(testCount, from: all, stream: RandomStream(seed: seed, purpose: "natural test set"))
    guard chosen.count == testCount else {
      throw GenerationError.tooFewForTest(label: nil, needed: testCount, available: chosen.count, states: states.count)
    }
    for index in chosen { result.isTest[Int(index)] = true }
    return result
  }
  var candidates = [[UInt32]](repeating: [], count: Action.allCases.count)
  for (index, state) in states.enumerated() {
    candidates[Int(state.label(helpFrom: helpFrom).rawValue)].append(UInt32(truncatingIfNeeded: index))
  }
  var missing = 0
  for (label, quota) in quotasHopLast(testCount) {
    let quota = label == .hop ? quota + missing : quota
    let stream = RandomStream(seed: seed, purpose: "test set", index: UInt64(label.rawValue))
    var chosen = drawn(quota, from: candidates[Int(label.rawValue)], stream: stream)
    if chosen.count < quota {
      guard label != .hop else {
        throw GenerationError.tooFewForTest(label: label, needed: quota, available: chosen.count, states: states.count)
      }
      chosen.removeLast(chosen.count - chosen.count / 2)
      missing += quota - chosen.count
      result.shortLabels.append(label)
    }
    for index in chosen { result.isTest[Int(index)] = true }
  }
  return result
}

private func quotasHopLast(_ testCount: Int) -> [(label: Action, quota: Int)] {
  let quotas = testQuotas(testCount)
  return (Action.allCases.filter { $0 != .hop } + [.hop]).map { ($0, quotas[$0] ?? 0) }
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
