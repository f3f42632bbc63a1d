import ActivationRecording
import Parallelism
import Statistics

/// Goes through the means of a layer, block by block, for some measures.
struct OverlapWork {
  private let pairs: OverlapPairs
  private let means: OverlapMeans
  private let units: Int
  private let choice: ExchangeDesign?
  private let isTabulated: Bool
  private let size: Int

  /// - Parameters:
  ///   - means: by `pairs.indices`, then by `pairs.byStratum`.
  ///   - choice: among which pairs other versions move; nil for what is found.
  ///   - isTabulated: whether products of the pairs are kept, for a p-value.
  init(pairs: OverlapPairs, means: OverlapMeans, units: Int, choice: ExchangeDesign?, isTabulated: Bool) {
    (self.pairs, self.means, self.units, self.choice, self.isTabulated) = (pairs, means, units, choice, isTabulated)
    size = OverlapMeans.blockSize(units: units)
  }

  /// What a measure comes to.
  typealias Found = (overlap: LayerOverlap, references: OverlapReferences)

  /// All measures in one go, and those in which a pair proves to have no direction once more without it.
  ///
  /// - Throws: what reading throws.
  func overlaps(_ measures: [OverlapMeasure], in context: AnalysisContext) throws -> [Found] {
    let all = pairs.pairs.map { _ in true }
    let largest = means.mayBeExtreme && measures.contains(.mse) ? try largestMean(in: context.part(0, 0.3)) : 1
    let inPairs = !pairs.indices[2].strata.isEmpty
    let areReferred = inPairs || pairs.byStratum.first.map { !$0.strata.isEmpty } ?? false
    var found = measures.map { measure -> Found in
      let scale = OverlapScale(largest: largest, units: units, measure: measure)
      return (
        overlap(measure, isUsed: all, scale: scale),
        OverlapReferences(scale: scale, inPairs: areReferred ? inPairs : nil)
      )
    }
    try addPairs(to: &found, withReferences: inPairs, in: context.part(0.3, 0.7))
    if areReferred, !inPairs { try addStrata(to: &found, in: context.part(0.7, 0.8)) }
    for number in found.indices where found[number].overlap.isMistaken {
      let scale = OverlapScale(largest: largest, units: units, measure: measures[number])
      var again = [Found(overlap(measures[number], isUsed: found[number].overlap.isDefined, scale: scale), found[number].references)]
      try addPairs(to: &again, withReferences: false, in: context.part(0.8, 1))
      found[number] = again[0]
    }
    return found
  }

  private func overlap(_ measure: OverlapMeasure, isUsed: [Bool], scale: OverlapScale) -> LayerOverlap {
    LayerOverlap(measure, pairs: pairs, isUsed: isUsed, choice: choice, units: units, scale: scale, isTabulated: isTabulated)
  }

  /// The largest absolute mean of any pair or stratum.
  private func largestMean(in context: AnalysisContext) throws -> Double {
    let indices = pairs.indices + pairs.byStratum
    let blocks = indices.indices.flatMap { index in
      stride(from: 0, to: indices[index].strata.count, by: size).map { start in
        (index: index, groups: Array(start..<min(start + size, indices[index].strata.count)))
      }
    }
    var largest = 0.0
    for (block, context) in zip(blocks, context.parts(blocks.map(\.groups.count))) {
      largest = try means.means([block], in: context)[0].values.reduce(largest) { max($0, abs($1)) }
    }
    return largest
  }

  private func addPairs(to found: inout [Found], withReferences: Bool, in context: AnalysisContext) throws {
    let blocks = found[0].overlap.blocks(of: size)
    let numbers = means.groups(0)
    let nonePlaces = Dictionary(uniqueKeysWithValues: means.groups(2).enumerated().map { ($1, $0) })
    for (block, context) in zip(blocks, context.parts(blocks.map(\.count))) {
      try context.checkCancellation()
      let none = withReferences ? block.compactMap { nonePlaces[numbers[$0]] } : []
      let means = try means.means([(0, block), (1, block), (2, none)], in: context)
      try work(on: &found, threads: context.threads) { found, threads in
        let (own, other) = (try found.overlap.vectors(means[0], threads: threads), try found.overlap.vectors(means[1], threads: threads))
        try found.overlap.add(block, own: own.vectors, other: other.vectors, threads: threads)
        guard withReferences else { return }
        found.references.add(none: try found.overlap.vectors(means[2], threads: threads), own: own, other: other)
      }
    }
  }

  private func addStrata(to found: inout [Found], in context: AnalysisContext) throws {
    let groups = (3..<6).map { means.groups($0) }
    let blocks = stride(from: 0, to: groups[0].count, by: size).map { groups[0][$0..<min($0 + size, groups[0].count)] }
    for (block, context) in zip(blocks, context.parts(blocks.map(\.count))) {
      try context.checkCancellation()
      let wanted = Set(block)
      let chosen = groups.enumerated().map { index, groups in
        (index: index + 3, groups: groups.indices.filter { wanted.contains(groups[$0]) })
      }
      let means = try means.means(chosen, in: context)
      try work(on: &found, threads: context.threads) { found, threads in
        let vectors = try means.map { try found.overlap.vectors($0, threads: threads) }
        found.references.add(none: vectors[0], own: vectors[1], other: vectors[2])
      }
    }
  }

  /// Measures side by side, which share nothing.
  private func work(on found: inout [Found], threads: Int, _ body: @Sendable (inout Found, _ threads: Int) throws -> Void) throws {
    guard found.count > 1 else { return try body(&found[0], threads) }
    let before = found
    found = try mapBlocks(count: before.count, threads: threads) { number in
      var one = before[number]
      try body(&one, 1)
      return one
    }
  }
}
