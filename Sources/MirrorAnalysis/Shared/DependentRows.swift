import ActivationRecording

/// Which rows are not independent of one another, so that halves and folds keep them together and intervals resample them together: those of a
/// stratum; without strata those of an item (`/pair`); and where items lie in several strata what hangs together by either.
public struct DependentRows: Sendable {
  /// Of each row: rows of equal numbers belong together.
  let numbers: [Int32]
  /// What one number stands for: stratum, pair, or stratum or pair.
  let name: String

  /// Several of `name`.
  public var plural: String { name == "stratum" ? "strata" : name == "pair" ? "pairs" : "strata or pairs" }

  /// Nil where rows are independent: without strata, and with no item of several rows.
  ///
  /// - Parameter pairs: below 0 for a row of no item, which is one of its own.
  init?(strata: [Int32]?, pairs: [Int32]?) {
    guard let strata else {
      guard let pairs, let items = itemNumbers(pairs) else { return nil }
      (numbers, name) = (items, "pair")
      return
    }
    let joined = joinedStrata(strata, pairs ?? [])
    (numbers, name) = joined == strata ? (strata, "stratum") : (joined, "stratum or pair")
  }

  /// The same of a plan's examples, each of which may have rows of several items.
  ///
  /// - Parameter areInStrata: whether each has a stratum.
  init?(of examples: [InterventionPlan.Example], areInStrata: Bool) {
    let items = examples.map { example in
      let several = example.pairs ?? []
      return (several.isEmpty ? [example.pair ?? -1] : several).map { Int32(truncatingIfNeeded: $0) }
    }
    let strata = examples.map { Int32(truncatingIfNeeded: $0.stratum ?? 0) }
    guard items.contains(where: { $0.count > 1 }) else {
      self.init(strata: areInStrata ? strata : nil, pairs: items.map { $0[0] })
      return
    }
    // An example takes the place of a stratum where there is none: an item of several examples ties them together.
    let own = areInStrata ? strata : examples.indices.map { Int32($0) }
    let entries = zip(own, items).flatMap { stratum, items in items.map { (stratum, $0) } }
    let joined = joinedStrata(entries.map(\.0), entries.map(\.1))
    let known = Dictionary(zip(entries.map(\.0), joined)) { first, _ in first }
    let numbers = own.map { known[$0] ?? $0 }
    guard areInStrata || numbers != own else { return nil }
    self.init(numbers: numbers, name: !areInStrata ? "pair" : numbers == own ? "stratum" : "stratum or pair")
  }

  private init(numbers: [Int32], name: String) { (self.numbers, self.name) = (numbers, name) }
}

/// The first of the strata that a row's stratum hangs together with by items that lie in several, itself included.
///
/// - Parameter pairs: below 0 for a row of no item; none for rows without items.
private func joinedStrata(_ strata: [Int32], _ pairs: [Int32]) -> [Int32] {
  // Each stratum points to one that it hangs together with; to none where that is the first.
  var first: [Int32: Int32] = [:]
  func root(_ stratum: Int32) -> Int32 {
    var (root, passed) = (stratum, [Int32]())
    while let next = first[root] {
      passed.append(root)
      root = next
    }
    // So that long chains are walked once.
    for stratum in passed { first[stratum] = root }
    return root
  }
  var stratumOfPair: [Int32: Int32] = [:]
  for (pair, stratum) in zip(pairs, strata) where pair >= 0 {
    guard let other = stratumOfPair[pair] else {
      stratumOfPair[pair] = stratum
      continue
    }
    let (a, b) = (root(stratum), root(other))
    if a != b { first[max(a, b)] = min(a, b) }
  }
  return first.isEmpty ? strata : strata.map(root)
}

/// Items numbered by their first row, a row of no item as one of its own; nil where no item has several rows.
func itemNumbers(_ pairs: some Collection<Int32>) -> [Int32]? {
  var (numbers, next, isShared) = ([Int32: Int32](), Int32(0), false)
  let items = pairs.map { pair in
    if pair >= 0, let number = numbers[pair] {
      isShared = true
      return number
    }
    defer { next += 1 }
    if pair >= 0 { numbers[pair] = next }
    return next
  }
  return isShared ? items : nil
}

extension RecordingView {
  /// Which rows halves, folds and intervals keep together; nil where they are independent.
  public func dependentRows() throws -> DependentRows? { DependentRows(strata: try strata, pairs: try pairs) }
}
