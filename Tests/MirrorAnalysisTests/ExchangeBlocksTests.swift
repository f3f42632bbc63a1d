import ActivationRecording
import Foundation
import HDF5
import Statistics
import Testing

@testable import MirrorAnalysis

@Suite("Blocks of rows whose labels are exchanged")
struct ExchangeBlocksTests {
  private func view(phase: [UInt8], strata: [Int32]? = nil, pairs: [Int32]? = nil) throws -> RecordingView {
    let path = FileManager.default.temporaryDirectory.appending(path: "blocks-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try HandMadeFile(path: path, phases: phase)
    if let strata { _ = try file.root.write("stratum", strata) }
    if let pairs { _ = try file.root.write("pair", pairs) }
    try file.write("dense_1", phase.indices.map { Double(($0 * 37) % 23) }, units: 1)
    try file.finish()
    return try RecordingView(path: path)
  }

  /// Twenty items of none, self and other.
  private let phase: [UInt8] = (0..<60).map { UInt8($0 % 3) }
  private let items = (0..<60).map { Int32($0 / 3) }

  @Test("A row without an item is a block of its own, in units as in cmni")
  func rowsWithoutItem() throws {
    // Of a quarter of the items no row has a number.
    let pairs = items.map { $0 < 5 ? -1 : $0 }
    let strata = phase.map { Int32($0) }
    let found = try view(phase: phase, strata: strata, pairs: pairs)
    for pair in try PhasePairs(of: found, choice: nil).all {
      #expect(pair.exchange.design == .within && pair.exchange.movableBlockCount == 15 && pair.exchange.blockCount == 25)
    }
    #expect(try IndexRows(of: found, choice: nil, seed: 1).deals.own.movableBlockCount == 15)
  }

  @Test("Few items in a sea of rows without one are no blocks; strata are")
  func fewItems() throws {
    let pairs = items.map { $0 < 4 ? $0 : -1 }
    let strata = (0..<60).map { Int32($0 / 6) }
    for pair in try PhasePairs(of: try view(phase: phase, strata: strata, pairs: pairs), choice: nil).all {
      #expect(pair.exchange.design == .within && pair.exchange.movableBlockCount == 10)
    }
  }

  @Test("Few items and no strata: what moves is left to the user, and rows are not dealt as if they were independent")
  func fewItemsAlone() throws {
    let recording = try view(phase: phase, pairs: items.map { $0 < 4 ? $0 : -1 })
    for pair in try PhasePairs(of: recording, choice: nil).all {
      #expect(pair.exchange.design == nil && pair.exchange.reason?.hasPrefix("4 of 36 strata or items hold two phases") == true)
    }
    #expect(try IndexRows(of: recording, choice: nil, seed: 1).deals.joint.reason != nil)
    #expect(try PhasePairs(of: recording, choice: .free).own.exchange.reason == nil)
    #expect(try PhasePairs(of: recording, choice: .within).own.exchange.movableBlockCount == 4)
    // Items of one row each say nothing.
    let alone = try view(phase: phase, pairs: phase.indices.map { Int32($0) })
    #expect(try PhasePairs(of: alone, choice: nil).own.exchange.design == .free)
    #expect(try PhasePairs(of: alone, choice: .within).own.exchange.reason?.contains("only be exchanged freely") == true)
  }

  @Test("Items of several rows of one phase move whole")
  func itemsOfOnePhase() throws {
    let recording = try view(phase: items.map { UInt8($0 % 3) }, pairs: items)
    let found = try PhasePairs(of: recording, choice: nil)
    #expect(found.own.exchange.design == .whole && found.own.exchange.movableBlockCount == 14)
    #expect(try PhasePairs(of: recording, choice: .whole).own.exchange.movableBlockCount == 14)
  }

  @Test("Halves of the index keep strata whole that hold several items", arguments: [1, 2, 3])
  func halvesOfItemsInStrata(seed: UInt64) throws {
    let strata = items.map { $0 / 4 }
    let index = try IndexRows(of: try view(phase: phase, strata: strata, pairs: items), choice: nil, seed: seed)
    #expect(index.deals.joint.movableBlockCount == 20)
    var halves: [Int32: Set<Bool>] = [:]
    for row in phase.indices { halves[strata[row], default: []].insert(index.halfPhase[Int(index.places[row])] < 3) }
    #expect(halves.values.allSatisfy { $0.count == 1 } && Set(halves.values.compactMap(\.first)).count == 2)
  }

  @Test("Items without none rows are blocks of self against other alone; whole blocks are strata")
  func itemsOfTwo() throws {
    let pairs = zip(phase, items).map { $0 == 0 ? -1 : $1 }
    let strata = zip(phase, items).map { Int32($0) * 100 + $1 / 2 }
    let recording = try view(phase: phase, strata: strata, pairs: pairs)
    let found = try PhasePairs(of: recording, choice: nil)
    #expect(found.own.exchange.design == .whole && found.other.exchange.design == .whole)
    #expect(found.interaction.exchange.design == .within && found.interaction.exchange.movableBlockCount == 20)
    #expect(try PhasePairs(of: recording, choice: .whole).interaction.exchange.movableBlockCount == 20)
    let within = try PhasePairs(of: recording, choice: .within)
    #expect(within.own.exchange.reason != nil && within.interaction.exchange.reason == nil)
  }

  @Test("Where strata leave it open what moves, units have neither p nor interval, and self against other says so by itself")
  func undecided() throws {
    var open = (0..<60).map { Int32($0) % 3 * 100 + Int32($0 / 6) }
    open[0] = open[1]
    let both = try UnitsAnalysis(permutations: 19).rows(of: try view(phase: phase, strata: open), in: AnalysisContext())
    #expect(both[0].own.pGreater == nil && both[0].own.low == nil && both[0].own.effect != nil)
    #expect(both[0].reason?.contains("without a decision") == true)
    var third = (0..<60).map { Int32($0) % 3 * 100 + Int32($0 / 6) }
    third[1] = third[2]
    let interaction = try UnitsAnalysis(permutations: 19).rows(of: try view(phase: phase, strata: third), in: AnalysisContext())
    #expect(interaction[0].own.low != nil && interaction[0].interaction.pTwoSided == nil)
    #expect(interaction[0].reason?.hasPrefix("p_interaction: ") == true, "\(interaction[0].reason ?? "")")
  }
}
