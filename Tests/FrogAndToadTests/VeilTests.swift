import Testing

@testable import FrogAndToad

@Suite("Veils that hide identity")
struct VeilTests {
  private let states = (0..<40).flatMap { playEpisode($0, seed: 41) }.map(\.stateVector)

  private func veiled(_ state: [UInt8], _ share: Double) -> [UInt8] {
    var state = state
    Veil.hidingIdentity(share: share).apply(to: &state)
    return state
  }

  @Test(
    "What decides is FNV-1a of the bytes, mixed: against Python",
    arguments: [([UInt8](0..<100), 0.9319004841731673), ([UInt8](repeating: 1, count: 100), 0.3059595429372448)])
  func draw(state: [UInt8], expected: Double) {
    #expect(Veil.draw(state[...]) == expected)
  }

  @Test("At 1 own symbol and cell are 0 and every hop shows as 4; at 0 all stands but the score")
  func ends() {
    for state in states.prefix(2000) {
      var hidden = state.map { $0 }
      for place in 32..<64 where hidden[place] == 5 { hidden[place] = 4 }
      for place in [96, 98, 99] { hidden[place] = 0 }
      #expect(veiled(state, 1) == hidden)
      var scored = state
      scored[98] = 7
      #expect(veiled(scored, 0) == state && veiled(scored, 0.5) == veiled(state, 0.5))
    }
  }

  @Test("So many states are hidden as the share says, those of a smaller share among them", arguments: [0.25, 0.5, 0.75])
  func share(share: Double) {
    let isHidden = states.map { veiled($0, share)[96] == 0 }
    let found = Double(isHidden.count { $0 }) / Double(states.count)
    // States come back: of a game's thousand about nine in ten differ.
    #expect(abs(found - share) <= 0.02)
    for (state, isHidden) in zip(states, isHidden) where isHidden { #expect(veiled(state, share + 0.1)[96] == 0) }
  }

  @Test("Test states that look like training states under a veil are found, as comparing all finds them", arguments: [0.0, 0.5, 1.0])
  func twins(share: Double) throws {
    let veil = Veil.hidingIdentity(share: share)
    let options = GenerationOptions(testDraw: .natural)
    let set = try generateStates(count: 30_000, testCount: 5_000, seed: 7, options: options, threads: 2)
    try withTemporaryStatesFile { path in
      try set.write(to: path, commandLine: "")
      let file = try StatesFile(path)
      let trained = Set(set.train.states.map { veiled($0.stateVector, share) })
      let expected = set.test.states.map { trained.contains(veiled($0.stateVector, share)) }
      #expect(try file.looksTrained(.test, under: veil) == expected)
      #expect(expected.contains(true) == (share > 0))
      let rows = try file.rows(.test)
      let left = rows.filtered(expected.map { !$0 })
      #expect(left.count == expected.count { !$0 } && left.episodes?.count == left.count && left.partnerActing.count == left.count)
      let kept = rows.labels.indices.filter { !expected[$0] }
      #expect(left.labels == kept.map { rows.labels[$0] } && left.scenarios == kept.map { rows.scenarios[$0] })
      #expect(left.states == kept.flatMap { rows.state($0) })
    }
  }
}
