import Statistics
import Testing

@testable import FrogAndToad

@Suite struct SplitOverlapTests {
  @Test("Training and test set share no state, veiled or not; boards they may share")
  func disjoint() throws {
    let set = try generateStates(count: 30_000, testCount: 2_000, seed: 31, threads: 2)
    var overlap = SplitOverlap(test: set.test.rows().states)
    overlap.add(train: set.train.rows().states)
    #expect(overlap.testCount == 2_000)
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
    var overlap = SplitOverlap(test: set.test.rows().states)
    for start in stride(from: 0, to: train.count, by: 7_000) {
      overlap.add(train: train.rows(start..<start + 7_000).states)
    }
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
    var overlap = SplitOverlap(test: original + original + otherEnergy + otherBoard + otherOwnCell)
    #expect(overlap.sharedStates == 0)
    overlap.add(train: original)
    #expect(overlap.sharedStates == 2)
    #expect(overlap.sharedVeiledStates == 3)
    #expect(overlap.sharedBoards == 4)
    var nothing = SplitOverlap(test: [])
    nothing.add(train: original)
    #expect(nothing.sharedStates == 0 && nothing.testCount == 0)
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
