import Foundation
import Testing

@testable import Statistics

@Suite("Exchangeability")
struct ExchangeabilityTests {
  @Test("Without blocks labels move among all rows, in as many ways as a multinomial coefficient says")
  func free() throws {
    let rows = try Exchangeability(groups: [0, 0, 0, 1, 1, 1], groupCount: 2, blocks: nil)
    #expect(rows.design == .free && rows.movableBlockCount == 6 && rows.movableShare == 1)
    #expect(abs(rows.log10Arrangements - log10(20)) < 1e-12 && rows.canPermute)
    let few = try Exchangeability(groups: [0, 0, 0, 1, 1], groupCount: 2, blocks: nil)
    #expect(!few.canPermute && few.reason == "labels can be arranged in 10 ways only, fewer than 20")
  }

  @Test("Blocks of two groups hold half of each group's rows: labels move inside them, and blocks of one group stay")
  func within() throws {
    let groups: [UInt8] = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0]
    let blocks: [Int32] = [7, 7, 3, 3, 5, 5, 9, 9, 1, 1, 2, 2, 4]
    let rows = try Exchangeability(groups: groups, groupCount: 2, blocks: blocks)
    #expect(rows.design == .within && rows.movableBlockCount == 5 && abs(rows.movableShare - 10 / 13) < 1e-12)
    #expect(abs(rows.log10Arrangements - 5 * log10(2)) < 1e-12 && rows.canPermute)
    var seen: Set<[UInt8]> = []
    for index in 0..<2000 {
      var stream = RandomStream(seed: 1, purpose: "test", index: UInt64(index))
      let dealt = rows.dealtRows(stream: &stream)
      #expect(dealt[10...] == groups[10...])
      for pair in stride(from: 0, to: 10, by: 2) { #expect(dealt[pair] + dealt[pair + 1] == 1) }
      seen.insert(dealt)
    }
    #expect(seen.count == 32)
  }

  @Test("Blocks of one group each move whole; a difference of their sizes is said")
  func whole() throws {
    let blocks: [Int32] = (0..<8).flatMap { [Int32](repeating: $0, count: $0 < 4 ? 2 : 4) }
    let groups: [UInt8] = blocks.map { $0 < 4 ? 0 : 1 }
    let rows = try Exchangeability(groups: groups, groupCount: 2, blocks: blocks)
    #expect(rows.design == .whole && rows.movableBlockCount == 8 && abs(rows.log10Arrangements - log10(70)) < 1e-12)
    #expect(rows.note?.contains("(2.0 and 4.0 rows on average)") == true)
    var stream = RandomStream(seed: 1, purpose: "test")
    let dealt = rows.dealtRows(stream: &stream)
    for block in 0..<8 { #expect(Set(dealt.indices.filter { blocks[$0] == Int32(block) }.map { dealt[$0] }).count == 1) }
  }

  @Test("Between the two designs nothing is dealt until the user decides")
  func between() throws {
    // 40 blocks of one group, and one with both.
    let blocks: [Int32] = (0..<82).map { Int32($0 / 2) }
    let groups: [UInt8] = (0..<82).map { row in
      let number = row < 80 ? row / 2 : row
      return UInt8(number % 2)
    }
    let undecided = try Exchangeability(groups: groups, groupCount: 2, blocks: blocks)
    #expect(
      undecided.design == nil && !undecided.canPermute && undecided.reason?.hasPrefix("1 of 41 strata or items hold two phases") == true)
    #expect(try Exchangeability(groups: groups, groupCount: 2, blocks: blocks, choice: .within).reason?.contains("2 ways") == true)
    #expect(
      try Exchangeability(groups: groups, groupCount: 2, blocks: blocks, choice: .whole).reason?.contains("1 of them hold several") == true)
    let free = try Exchangeability(groups: groups, groupCount: 2, blocks: blocks, choice: .free)
    #expect(free.design == .free && free.canPermute && free.note != nil)
  }

  @Test("What has no blocks moves freely or not at all", arguments: [ExchangeDesign.within, .whole])
  func noBlocks(choice: ExchangeDesign) throws {
    let rows = try Exchangeability(groups: (0..<40).map { UInt8($0 % 2) }, groupCount: 2, blocks: nil, choice: choice)
    #expect(
      rows.design == nil && !rows.canPermute && rows.reason == "labels can only be exchanged freely: rows lie in no strata and no items")
    let orders = try RowOrders(rows: 40, choice: choice)
    #expect(orders.reason == "rows lie in no strata and no items: they can only be ordered freely" && orders.movableBlockCount == 0)
    #expect(try RowOrders(rows: 40, choice: .free).reason == nil)
  }

  @Test("Every arrangement is as likely as any other")
  func uniform() throws {
    let rows = try Exchangeability(groups: [0, 0, 1, 1, 2], groupCount: 3, blocks: nil)
    var counts: [[UInt8]: Int] = [:]
    for index in 0..<30_000 {
      var stream = RandomStream(seed: 4, purpose: "test", index: UInt64(index))
      counts[rows.dealtRows(stream: &stream), default: 0] += 1
    }
    #expect(counts.count == 30)
    let squares = counts.values.reduce(0.0) { $0 + pow(Double($1) - 1000, 2) / 1000 }
    // The .999 quantile of χ² with 29 degrees of freedom.
    #expect(squares < 58.3)
  }

  @Test("Halves keep blocks whole and patterns of groups even")
  func halves() throws {
    let blocks: [Int32] = (0..<60).map { Int32($0 % 20) }
    // Ten blocks hold the first group alone, ten hold both.
    let groups: [UInt8] = (0..<60).map { row in row % 20 >= 10 && row < 20 ? 1 : 0 }
    let rows = try Exchangeability(groups: groups, groupCount: 2, blocks: blocks, choice: .within)
    let first = rows.halves(seed: 3, purpose: "halves")
    for block in 0..<20 { #expect(Set(first.indices.filter { blocks[$0] == Int32(block) }.map { first[$0] }).count == 1) }
    #expect((0..<10).count { first[$0] } == 5 && (10..<20).count { first[$0] } == 5)
  }
}
