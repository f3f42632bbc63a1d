import ActivationRecording
import Statistics

/// Vectors of pairs or strata, and the number of each.
struct NumberedVectors: Sendable {
  let numbers: [Int32]
  let vectors: OverlapVectors

  init(_ means: StratumMeans, measure: OverlapMeasure, scale: OverlapScale, threads: Int) throws {
    numbers = means.strata
    vectors = try OverlapVectors(means.values, units: means.unitCount, measure: measure, scale: scale, threads: threads)
  }
}

/// Distances of none to self and to other by one measure: within the pairs that have a none version, otherwise of the means of strata.
struct OverlapReferences: Sendable {
  /// Nil where there are no rows of none.
  private let inPairs: Bool?
  private var own, other: ReferenceDistances

  init(scale: OverlapScale, inPairs: Bool?) {
    self.inPairs = inPairs
    (own, other) = (ReferenceDistances(scale: scale), ReferenceDistances(scale: scale))
  }

  /// Adds a block's pairs, or strata.
  mutating func add(none: NumberedVectors, own: NumberedVectors, other: NumberedVectors) {
    self.own.add(none: none, own)
    self.other.add(none: none, other)
  }

  func fill(_ row: inout OverlapRow) {
    guard let inPairs else {
      row.reasons.append("no rows of none")
      return
    }
    row.noneSelf = own.value("none_self", inPairs: inPairs, of: &row)
    row.noneOther = other.value("none_other", inPairs: inPairs, of: &row)
  }
}

/// Distances of none to self or other by one measure, added up block by block.
private struct ReferenceDistances: Sendable {
  private let scale: OverlapScale
  private var sum = 0.0
  /// Pairs, or strata, that have both; and those of them whose distance is defined.
  private var sharedCount = 0
  private var usedCount = 0

  init(scale: OverlapScale) { self.scale = scale }

  /// Adds a block's pairs, or strata, that have both.
  mutating func add(none: NumberedVectors, _ phase: NumberedVectors) {
    let places = Dictionary(uniqueKeysWithValues: phase.numbers.enumerated().map { ($1, $0) })
    for (place, number) in none.numbers.enumerated() {
      guard let other = places[number] else { continue }
      sharedCount += 1
      guard none.vectors.isDefined[place], phase.vectors.isDefined[other] else { continue }
      usedCount += 1
      sum += none.vectors.squaredDistance(place, phase.vectors, other)
    }
  }

  /// The mean distance.
  ///
  /// - Parameters:
  ///   - column: what it is called.
  ///   - inPairs: whether none rows are in pairs; otherwise they were compared by stratum.
  func value(_ column: String, inPairs: Bool, of row: inout OverlapRow) -> Double? {
    guard usedCount > 0 else {
      let why = sharedCount == 0 ? "no stratum holds both" : "no \(inPairs ? "pair" : "stratum") has both with a direction"
      row.reasons.append("no \(column): \(why)")
      return nil
    }
    let value = scale.distance(sum / Double(usedCount))
    if value == nil { row.reasons.append("no \(column): squares of activations are beyond what a double can hold") }
    return value
  }
}
