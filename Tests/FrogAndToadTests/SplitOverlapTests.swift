import Statistics
import Testing

@testable import FrogAndToad

@Suite struct SplitOverlapTests {
  /// The overlap found with the test set held, after checking that holding the training set, and searching in parts, find the same.
  private func overlap(test: [UInt8], train: [[UInt8]]) -> SplitOverlap {
    func search(holding held: Split, part: Int = 0, of parts: Int = 1) -> SplitOverlap {
      var search = OverlapSearch(holdingTraining: held == .train, rowCount: 0, part: part, of: parts)
      for states in held == .test ? [test] : train { search.hold(states) }
      for states in held == .test ? train : [test] { search.compare(states) }
      return search.overlap
    }
    let found = search(holding: .test)
    #expect(search(holding: .train) == found)
    for held in [Split.train, .test] {
      let parts = (0..<3).map { search(holding: held, part: $0, of: 3) }
      #expect(parts.reduce(0) { $0 + $1.sharedStates } == found.sharedStates)
      #expect(parts.reduce(0) { $0 + $1.sharedVeiledStates } == found.sharedVeiledStates)
      #expect(parts.reduce(0) { $0 + $1.sharedBoards } == found.sharedBoards)
    }
    return found
  }

  @Test("Training and test set share no state, veiled or not; boards they may share")
  func disjoint() throws {
    let set = try generateStates(count: 30_000, testCount: 2_000, seed: 31, threads: 2)
    let overlap = overlap(test: set.test.rows().states, train: [set.train.rows().states])
    #expect(overlap.count == 2_000)
    #expect(overlap.sharedStates == 0 && overlap.sharedVeiledStates == 0)
    // The slow way.
    let train = set.train.rows()
    let test = set.test.rows()
    let trainBoards = Set((0..<train.count).map { Array(train.state($0).prefix(64)) })
    #expect(overlap.sharedBoards == (0..<test.count).count { trainBoards.contains(Array(test.state($0).prefix(64))) })
    #expect(overlap.sharedBoards > 0)
  }

  @Test("The author's fault is caught: the first N sorted rows dropped from training instead of the sampled ones")
  func plantedFault() throws {
    let set = try generateStates(count: 30_000, testCount: 2_000, seed: 31, threads: 2)
    let all = (set.train.states + set.test.states).sorted { $0.word < $1.word }
    let train = PackedRows(states: Array(all.dropFirst(2_000)), episodes: [Int32](repeating: 0, count: 28_000))
    let overlap = overlap(
      test: set.test.rows().states,
      train: stride(from: 0, to: train.count, by: 7_000).map { train.rows($0..<$0 + 7_000).states })
    let expected = Set(train.states)
    #expect(overlap.sharedStates == set.test.states.count { expected.contains($0) })
    #expect(Double(overlap.sharedStates) / 2_000 > 0.85)
    #expect(overlap.sharedVeiledStates >= overlap.sharedStates && overlap.sharedBoards >= overlap.sharedVeiledStates)
  }

  @Test("Equal test rows each count, a row that differs in one byte doesn't, and in energy or flies it still shares the board")
  func counting() {
    var row = [UInt8](repeating: 1, count: 100)
    let original = row
    row[97] = 9
    let otherEnergy = row
    row = original
    row[40] = 9
    let otherBoard = row
    row = original
    row[99] = 7
    let otherOwnCell = row
    let test = original + original + otherEnergy + otherBoard + otherOwnCell
    #expect(overlap(test: test, train: []).sharedStates == 0)
    let found = overlap(test: test, train: [original])
    #expect(found.sharedStates == 2)
    #expect(found.sharedVeiledStates == 3)
    #expect(found.sharedBoards == 4)
    let nothing = overlap(test: [], train: [original])
    #expect(nothing.sharedStates == 0 && nothing.count == 0)
  }

  @Test("Parts hold about as many rows each, all of them together, and room grows as it must")
  func parts() throws {
    let states = try generateStates(count: 9_000, testCount: 0, seed: 4, threads: 1).train.rows().states
    let counts = (0..<3).map { part in
      var rows = HashedRows(comparing: 0..<100, expecting: 10, part: part, of: 3)
      rows.insert(states)
      return rows.used
    }
    #expect(counts.reduce(0, +) == 9_000 && counts.allSatisfy { abs($0 - 3_000) < 250 })
  }

  @Test("Tallies of parts merge to the tally of the whole")
  func tally() throws {
    let set = try generateStates(count: 5_000, testCount: 200, seed: 32, threads: 1)
    let rows = set.train.rows()
    var merged = StateTally(set.train.rows(0..<1_000))
    merged.merge(StateTally(set.train.rows(1_000..<4_800)))
    #expect(merged == StateTally(rows))
    #expect(merged.count == 4_800)
    for scenario in Scenario.allCases {
      #expect(merged.count(scenario) == rows.scenarios.count { $0 == scenario.rawValue })
      for label in Action.allCases {
        let expected = zip(rows.scenarios, rows.labels).count { $0 == scenario.rawValue && $1 == label.rawValue }
        #expect(merged.count(scenario, label) == expected)
      }
    }
    #expect(merged.byEnergy[0] == merged.count(.jump))
    let acting = zip(rows.scenarios, rows.partnerActing).count { $0 == 1 && $1 == 1 }
    #expect(merged.partnerActing[1] == acting && acting > 0 && acting < merged.count(.selfInDistress))
  }
}
