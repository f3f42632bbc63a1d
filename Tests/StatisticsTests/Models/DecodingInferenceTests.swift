import Foundation
import Testing

@testable import Statistics

private struct Inference: Decodable {
  struct Interval: Decodable {
    struct Half: Decodable {
      let rows: [Int]
      let labels: [Int]
      let predictions: [Int]
    }

    let cluster: [Int]
    let halves: [Half]
    let level: Double
    /// Accuracy, low, high.
    let expected: [Double]
  }

  struct Test: Decodable {
    let values: [Double]
    let features: Int
    let labels: [UInt8]
    let strata: [Int32]?
    let halves: [[Bool]]
    let train: [UInt8]
    let test: [UInt8]
    let dealt: [UInt8]
    let accuracy: Double
    let p: Double
    let permutations: Int

    /// In the form that is asked for.
    func result(gram: Bool, permutations: Int) throws -> DecodingPermutationTest {
      let pool = try #require(PooledRows(FeatureMatrix(values, features: features), rows: Array(labels.indices), gram: gram))
      let rows = labels.indices.filter { dealt.contains(labels[$0]) }
      let exchange = try Exchangeability(
        groups: rows.map { UInt8(dealt.firstIndex(of: labels[$0]) ?? 0) }, groupCount: dealt.count,
        blocks: strata.map { strata in rows.map { strata[$0] } })
      let deals = try #require(
        DecodingDeals(
          groups: labels, rows: rows, values: dealt, exchange: exchange, permutations: permutations, seed: 4,
          purpose: "decoding inference tests"))
      let accuracies = try halves.flatMap { half in
        try [half, half.map { !$0 }].map { isTraining in
          try #require(HalfDecoders(pool, isTraining: isTraining)).accuracies(deals, train: train, tests: [test])[0]
        }
      }
      return try #require(DecodingPermutationTest(accuracies))
    }
  }

  let intervals: [Interval]
  let tests: [Test]
}

@Suite("Inference on decoders")
struct DecodingInferenceTests {
  @Test("The interval of an accuracy is numpy's: by rows and by clusters, over one half and over ten, where all is right")
  func intervals() throws {
    for row in try fixture("decoding_inference", as: Inference.self).intervals {
      let halves = row.halves.map { AccuracyInterval.Half(rows: $0.rows, labels: $0.labels, predictions: $0.predictions) }
      let interval = try #require(AccuracyInterval(of: halves, cluster: { row.cluster[$0] }, level: row.level))
      #expect(agrees(interval.accuracy, row.expected[0], relative: 1e-12))
      #expect(agrees(interval.low, row.expected[1], relative: 1e-9))
      #expect(agrees(interval.high, row.expected[2], relative: 1e-9))
    }
  }

  @Test("Where a class lies in one cluster there is an accuracy and no interval; without halves there is neither")
  func noInterval() throws {
    let half = AccuracyInterval.Half(rows: [0, 1, 2, 3], labels: [0, 0, 1, 1], predictions: [0, 1, 1, 1])
    let interval = try #require(AccuracyInterval(of: [half], cluster: { $0 / 2 }))
    #expect(interval.accuracy == 0.75 && interval.low == nil && interval.high == nil)
    #expect(AccuracyInterval(of: [], cluster: { $0 }) == nil)
  }

  @Test("The mean accuracy of nearest means over halves is numpy's, by features and by Gram matrix, and p numpy's within Monte-Carlo error")
  func tests() throws {
    for test in try fixture("decoding_inference", as: Inference.self).tests {
      let (one, other) = (try test.result(gram: true, permutations: 999), try test.result(gram: false, permutations: 999))
      #expect(agrees(one.accuracy, test.accuracy, relative: 1e-12) && agrees(other.accuracy, test.accuracy, relative: 1e-12))
      #expect(one.pValue == other.pValue)
      let error = (test.p * (1 - test.p) * (1.0 / 999 + 1 / Double(test.permutations))).squareRoot()
      #expect(abs(one.pValue - test.p) <= 4 * error + 2.0 / 999, "\(one) \(test.p)")
    }
  }

  @Test("Deals are the same kept or dealt anew, labels as they are come first, and rows that exchange nothing keep theirs")
  func deals() throws {
    let groups: [UInt8] = (0..<40).map { [0, 5, 0, 9][$0 % 4] }
    let rows = groups.indices.filter { groups[$0] != 9 }
    func deals(_ permutations: Int) throws -> DecodingDeals {
      let exchange = try Exchangeability(groups: rows.map { groups[$0] == 0 ? 0 : 1 }, groupCount: 2, blocks: nil)
      return try #require(
        DecodingDeals(
          groups: groups, rows: rows, values: [0, 5], exchange: exchange, permutations: permutations, seed: 2, purpose: "test"))
    }
    func labelings(_ deals: DecodingDeals, _ turn: Int) -> [[UInt8]] {
      let lanes = deals.labelings(turn)
      return (0..<lanes.count).map { lane in (0..<groups.count).map { lanes.label(row: $0, lane: lane) } }
    }
    let (few, many) = (try deals(1800), try deals(DecodingDeals.mostKept / 40 + 1))
    #expect(few.turns == 4 && few.labelings(3).count == 265 && few.labelings(0).count == 512)
    #expect(labelings(few, 1) == labelings(many, 1) && labelings(few, 0)[0] == groups)
    for dealt in labelings(few, 2) {
      #expect(dealt != groups && dealt.count { $0 == 5 } == 10)
      #expect(groups.indices.allSatisfy { groups[$0] != 9 || dealt[$0] == 9 })
    }
  }

  @Test("A half that lacks a class counts 1 / classes; labels that cannot be dealt, no permutations and no halves give nothing")
  func undefined() throws {
    let groups: [UInt8] = (0..<24).map { $0 < 12 ? 0 : 1 }
    let pool = try #require(PooledRows(FeatureMatrix(groups.indices.map { Double($0 % 5) }, features: 1), rows: Array(groups.indices)))
    let exchange = try Exchangeability(groups: groups, groupCount: 2, blocks: nil)
    func deals(_ exchange: Exchangeability, _ permutations: Int) -> DecodingDeals? {
      DecodingDeals(
        groups: groups, rows: Array(groups.indices), values: [0, 1], exchange: exchange, permutations: permutations, seed: 1,
        purpose: "test")
    }
    let half = try #require(HalfDecoders(pool, isTraining: groups.map { $0 == 0 }))
    let accuracies = half.accuracies(try #require(deals(exchange, 9)), train: [0, 1], tests: [[0, 1]])[0]
    #expect(accuracies.count == 10 && accuracies[0] == 0.5 && accuracies.contains { $0 != 0.5 })
    #expect(deals(exchange, 0) == nil)
    let blocks = groups.map { Int32($0) }
    #expect(deals(try Exchangeability(groups: groups, groupCount: 2, blocks: blocks), 9) == nil)
    #expect(HalfDecoders(pool, isTraining: []) == nil)
    #expect(DecodingPermutationTest([]) == nil && DecodingPermutationTest([[0.5]]) == nil)
    #expect(DecodingPermutationTest([[1, 1, 0.5], [0.5, 0, 0.5]]) == DecodingPermutationTest([[0.75, 0.5, 0.5]]))
    #expect(PooledRows(FeatureMatrix([1, .nan] as [Double], features: 1), rows: [0, 1]) == nil)
  }
}
