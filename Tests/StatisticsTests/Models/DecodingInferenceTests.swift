import Foundation
import Statistics
import Testing

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
    let labels: [Int]
    let strata: [Int32]?
    let predictions: [Int]
    let p: Double
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

  @Test("The p of a fixed decoder is that of the hypergeometric distribution, convolved over strata, within Monte-Carlo error")
  func exactP() throws {
    for row in try fixture("decoding_inference", as: Inference.self).tests {
      // A decoder that predicts what is given: the one feature is the prediction.
      let matrix = FeatureMatrix(row.predictions.map { Double($0) } + [0, 1], features: 1)
      let test = Array(row.labels.indices)
      let deal = try LabelDeal(labels: row.labels.map { UInt8($0) }, classes: 2, blocks: row.strata)
      #expect(deal.design == (row.strata == nil ? .free : .within) && deal.reason == nil)
      let decoded = transferDecoding(
        matrix, train: [test.count, test.count + 1], trainLabels: [0, 1], test: test, testLabels: row.labels,
        permutations: DecodingPermutations(count: 9999, deal: deal, stream: RandomStream(seed: 2, purpose: "test")))
      #expect(decoded?.predictions == row.predictions)
      let p = try #require(decoded?.pValue)
      #expect(abs(p - row.p) <= 4 * (row.p * (1 - row.p) / 9999).squareRoot() + 1e-4)
    }
  }

  @Test("Twice the mean of p-values, at most 1; of one p itself, of none nothing")
  func averaged() {
    #expect(averagedPValue([]) == nil)
    #expect(averagedPValue([0.03]) == 0.03)
    #expect(averagedPValue([0.01, 0.03]) == 0.04)
    #expect(averagedPValue([0.9, 0.5]) == 1)
  }

  @Test("Labels stay in their fold and stratum; whole strata of one class move inside their fold; what strata leave open has its reason")
  func deals() throws {
    var stream = RandomStream(seed: 3, purpose: "test")
    let labels = (0..<60).map { UInt8(($0 * 7) % 3 == 0 ? 1 : 0) }
    let (folds, strata) = ((0..<60).map { $0 / 20 }, (0..<60).map { Int32($0 / 10) })
    let within = try LabelDeal(labels: labels, classes: 2, blocks: strata, folds: folds)
    #expect(within.design == .within && within.reason == nil && within.movableBlockCount == 6)
    var moved = false
    for _ in 0..<20 {
      let dealt = within.dealt(&stream)
      for block in 0..<6 {
        #expect(dealt[block * 10..<block * 10 + 10].count { $0 == 1 } == labels[block * 10..<block * 10 + 10].count { $0 == 1 })
      }
      if dealt != labels { moved = true }
    }
    #expect(moved)
    let ofStratum: [UInt8] = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0]
    let whole = try LabelDeal(
      labels: (0..<60).map { ofStratum[$0 / 5] }, classes: 2, blocks: (0..<60).map { Int32($0 / 5) }, folds: folds)
    #expect(whole.design == .whole && whole.reason == nil && whole.movableBlockCount == 12)
    for _ in 0..<20 {
      let dealt = whole.dealt(&stream)
      for stratum in 0..<12 { #expect(Set(dealt[stratum * 5..<stratum * 5 + 5]).count == 1) }
      for fold in 0..<3 { #expect(dealt[fold * 20..<fold * 20 + 20].count { $0 == 1 } == 10) }
    }
    let few = try LabelDeal(labels: [0, 1, 0, 1], classes: 2, blocks: nil, folds: [0, 0, 1, 1])
    #expect(few.reason == "labels can be arranged in 6 ways only, fewer than 20")
    let narrow = try LabelDeal(labels: [0, 1, 0, 1, 0, 1, 0, 1], classes: 2, blocks: nil, folds: [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(narrow.reason == "labels can be arranged in fewer than 20 ways inside the folds")
  }
}
