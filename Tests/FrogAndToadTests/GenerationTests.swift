import Statistics
import Testing

@testable import FrogAndToad

@Suite struct GenerationTests {
  static let generated = Result { try generateStates(count: 30_000, testCount: 2_000, seed: 11, threads: 2) }
  private var set: GeneratedStates {
    get throws { try Self.generated.get() }
  }

  @Test("The same seed gives the same rows with one, two and five threads, and another seed others")
  func threads() throws {
    let two = try set
    for threads in [1, 5] {
      let other = try generateStates(count: 30_000, testCount: 2_000, seed: 11, threads: threads)
      #expect(other.train.rows() == two.train.rows())
      #expect(other.test.rows() == two.test.rows())
      #expect(other.validation.rows() == two.validation.rows())
      #expect(other.episodes == two.episodes && other.turns == two.turns)
    }
    let otherSeed = try generateStates(count: 30_000, testCount: 2_000, seed: 12, threads: 2)
    #expect(otherSeed.train.states != two.train.states)
  }

  @Test("There are as many different states as asked for, all of them played, none twice")
  func deduplication() throws {
    let set = try set
    #expect(set.train.count == 28_000 && set.test.count == 2_000)
    let all = set.train.states + set.test.states
    #expect(Set(all.map(\.stateVector)).count == 30_000)
    // The slow way: play the same episodes and keep the first of equal states.
    var seen = Set<[UInt8]>()
    var first: [PackedState: Int32] = [:]
    for episode in 0..<set.episodes {
      for state in playEpisode(episode, seed: 11) where seen.count < 30_000 && seen.insert(state.stateVector).inserted {
        first[state] = Int32(episode)
      }
    }
    #expect(Set(all) == Set(first.keys))
    let episodes = set.train.episodes + set.test.episodes
    #expect(zip(all, episodes).allSatisfy { first[$0] == $1 })
    #expect(set.turns > 30_000 && set.turns <= set.episodes * 1000)
  }

  @Test("The validation set is from later games, and looks like no training or test state, veiled or not")
  func validation() throws {
    let set = try set
    #expect(set.validation.count == 1_500)
    #expect(set.validation.episodes.allSatisfy { $0 >= set.episodes })
    #expect(Set(set.validation.states).count == 1_500)
    let others = Set((set.train.states + set.test.states).flatMap { [$0] + $0.veiledTwins })
    #expect(others.isDisjoint(with: set.validation.states))
    // Neither does what is asked of it change the other sets.
    let without = try generateStates(count: 30_000, testCount: 2_000, validationCount: 0, seed: 11, threads: 2)
    #expect(without.validation.count == 0 && without.train.rows() == set.train.rows() && without.test.rows() == set.test.rows())
  }

  @Test("The validation set's labels come as those of play")
  func validationShares() throws {
    let set = try generateStates(count: 40_000, testCount: 0, validationCount: 20_000, seed: 5, threads: 2)
    let (play, validation) = (StateTally(set.train.rows()), StateTally(set.validation.rows()))
    for label in Action.allCases {
      let (expected, found) = (Double(play.count(label)) / 40_000, Double(validation.count(label)) / 20_000)
      #expect(abs(expected - found) < 0.02, "\(label): \(found), in play \(expected)")
    }
  }

  @Test("A set of states tells new from old, also when it has to grow")
  func packedStateSet() {
    let set = PackedStateSet(expected: 10)
    let states = (0..<20_000).map { PackedState(word: UInt64($0)) }
    for state in states { #expect(set.insert(state)) }
    for state in states { #expect(!set.insert(state)) }
    #expect(set.count == 20_000)
    #expect(set.contains(states[77]) && !set.contains(PackedState(word: 1 << 40)))
  }

  @Test("The test set is 40 % hop, 40 % jump, 10 % leap and 10 % help", arguments: [0, 1, 9, 1_000, 1_399])
  func stratification(testCount: Int) throws {
    let set = try generateStates(count: 20_000, testCount: testCount, seed: 3, threads: 1)
    let tally = StateTally(set.test.rows())
    let tenth = testCount / 10
    #expect(tally.count(.jump) == testCount * 4 / 10)
    #expect(tally.count(.leap) == tenth && tally.count(.help) == tenth)
    #expect(tally.count(.hop) == testCount - testCount * 4 / 10 - 2 * tenth)
    #expect(set.train.count == 20_000 - testCount)
  }

  @Test("Without a wish the test set is a twentieth, at most 100,000", arguments: [(200_000, 10_000), (6_000_000, 100_000), (19, 0)])
  func defaultSize(states: Int, test: Int) {
    #expect(defaultTestCount(states: states) == test)
  }

  @Test("A label too rare for its share of the test set gives half of its states, hop the rest, and the set says so")
  func shortLabel() throws {
    let set = try generateStates(count: 20_000, testCount: 6_000, seed: 3, threads: 1)
    let (test, train) = (StateTally(set.test.rows()), StateTally(set.train.rows()))
    #expect(set.shortLabels == [.help])
    let (tested, trained) = (test.count(.help), train.count(.help))
    #expect(tested > 0 && tested <= trained)
    #expect(test.count(.jump) == 2_400 && test.count(.leap) == 600 && test.count(.hop) == 3_000 - tested)
  }

  @Test("Too few states for the test set are an error that says how many there are and what to do", arguments: TestDraw.allCases)
  func tooFew(draw: TestDraw) throws {
    #expect {
      try generateStates(count: 2_000, testCount: 1_999, seed: 3, options: GenerationOptions(testDraw: draw), threads: 1)
    } throws: { error in
      guard case GenerationError.tooFewForTest(let label, let needed, let available, let states) = error else { return false }
      let sentence = String(describing: error)
      return states == 2_000 && available < needed && label == (draw == .natural ? nil : .hop)
        && sentence.contains("needs \(needed) states\(draw == .natural ? "" : " labelled hop"), but only \(available) of the 2000")
    }
  }

  @Test("Games too short to give enough different states end in an error, not in endless play")
  func exhausted() {
    #expect {
      try generateStates(count: 20_000, testCount: 0, seed: 3, options: GenerationOptions(turnsPerEpisode: 1), threads: 2)
    } throws: { error in
      guard case GenerationError.exhausted(let found, 20_000, 1) = error else { return false }
      return found > 100
    }
  }

  @Test("Counts that make no sense are refused", arguments: [(0, 0, 1000), (-5, 0, 1000), (10, 11, 1000), (10, -1, 1000), (10, 0, 0)])
  func counts(count: Int, testCount: Int, turns: Int) {
    #expect(throws: GenerationError.self) {
      try generateStates(count: count, testCount: testCount, seed: 1, options: GenerationOptions(turnsPerEpisode: turns), threads: 1)
    }
  }

  @Test("Progress rises to the number asked for")
  func progress() throws {
    var steps: [Int] = []
    _ = try generateStates(count: 400_000, testCount: 10, seed: 1, threads: 2) { done, total in
      steps.append(done)
      #expect(total == 420_000)
    }
    #expect(steps == steps.sorted() && steps.count > 2 && steps.last == 420_000)
  }

  @Test("A redrawn energy is 0 half the time, 1, 2, 4, 6 each 1/16, 8, 10, 12 each 1/20, 14, 16, 18 each 1/30")
  func energies() {
    var counts = [Int](repeating: 0, count: 21)
    let states = (0..<100).flatMap { playEpisode($0, seed: 21) }
    for state in states { counts[state.energy] += 1 }
    let expected: [Int: Double] = [
      0: 0.5, 1: 0.0625, 2: 0.0625, 4: 0.0625, 6: 0.0625, 8: 0.05, 10: 0.05, 12: 0.05, 14: 1.0 / 30, 16: 1.0 / 30, 18: 1.0 / 30,
    ]
    #expect(Redraw.energyTable.count == Redraw.weightSum)
    for energy in 0...20 {
      let p = expected[energy] ?? 0
      #expect(abs(Double(counts[energy]) / Double(states.count) - p) <= 5 * (p * (1 - p) / Double(states.count)).squareRoot())
    }
  }

  @Test("The fly row is one of six patterns, each as often as the others")
  func flyPatterns() {
    let states = (0..<60).flatMap { playEpisode($0, seed: 22) }
    var counts: [[UInt8]: Int] = [:]
    for state in states { counts[Array(state.stateVector[64..<96]), default: 0] += 1 }
    #expect(counts.count == 6)
    for count in counts.values { #expect(abs(Double(count) / Double(states.count) - 1.0 / 6) <= 0.01) }
    let flies = Redraw.flyPatterns.prefix(6).map(\.nonzeroBitCount).reduce(0, +)
    #expect((40...56).contains(flies))
  }

  @Test("With keepEnergy the state shows the played energy, and the game is another in nothing else")
  func keepEnergy() throws {
    let options = GenerationOptions(turnsPerEpisode: 500, keepEnergy: true)
    let states = (0..<20).flatMap { playEpisode($0, seed: 23, options: options) }
    let energies = Set(states.map(\.energy))
    #expect(energies == Set(0...20))
    // The first turns of a game can't have lost much.
    #expect(playEpisode(1, seed: 23, options: options).prefix(3).allSatisfy { $0.energy >= 14 })
    #expect(states.allSatisfy { ($0.label() == .jump) == ($0.energy == 0) })
  }
}
