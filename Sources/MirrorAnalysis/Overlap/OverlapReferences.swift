import ActivationRecording
import Statistics

/// Distances of none to self and to other by one measure: within the pairs that have a none version, otherwise of the means of strata.
struct OverlapReferences: Sendable {
  /// Nil where there are no rows of none.
  private let inPairs: Bool?
  private var own, other: ReferenceDistances

  init(_ measure: OverlapMeasure, scale: OverlapScale, inPairs: Bool?) {
    self.inPairs = inPairs
    (own, other) = (ReferenceDistances(measure, scale: scale), ReferenceDistances(measure, scale: scale))
  }

  /// Adds a block's pairs, or strata.
  mutating func add(none: StratumMeans, own: StratumMeans, other: StratumMeans, threads: Int) throws {
    try self.own.add(none: none, own, threads: threads)
    try self.other.add(none: none, other, threads: threads)
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
  private let measure: OverlapMeasure
  private let scale: OverlapScale
  private var sum = 0.0
  /// Pairs, or strata, that have both; and those of them whose distance is defined.
  private var sharedCount = 0
  private var usedCount = 0

  init(_ measure: OverlapMeasure, scale: OverlapScale) { (self.measure, self.scale) = (measure, scale) }

  /// Adds a block's pairs, or strata, that have both.
  mutating func add(none: StratumMeans, _ phase: StratumMeans, threads: Int) throws {
    let (first, second) = (none.shared(with: phase), phase.shared(with: none))
    let units = first.unitCount
    let left = try OverlapVectors(first.values, units: units, measure: measure, scale: scale, threads: threads)
    let right = try OverlapVectors(second.values, units: units, measure: measure, scale: scale, threads: threads)
    sharedCount += first.strata.count
    for place in left.isDefined.indices where left.isDefined[place] && right.isDefined[place] {
      usedCount += 1
      sum += left.squaredDistance(place, right, place)
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
