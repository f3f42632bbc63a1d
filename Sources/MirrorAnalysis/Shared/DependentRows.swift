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
    for (pair, stratum) in zip(pairs ?? [], strata) where pair >= 0 {
      guard let other = stratumOfPair[pair] else {
        stratumOfPair[pair] = stratum
        continue
      }
      let (a, b) = (root(stratum), root(other))
      if a != b { first[max(a, b)] = min(a, b) }
    }
    (numbers, name) = first.isEmpty ? (strata, "stratum") : (strata.map(root), "stratum or pair")
  }
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
