import ActivationRecording
import Statistics

/// Which rows units are chosen on and which they are tested on, so that no row serves twice, nor rows of one stratum for both.
public struct EvaluationRows: Sendable {
  /// Numbers of the rows to choose on, ascending.
  public let select: [Int]
  /// Numbers of the rows to evaluate on, ascending.
  public let evaluate: [Int]
  /// Whether both are all rows.
  public let areSame: Bool
  /// Phase codes of all rows, without the partner filter: ablation looks at every row.
  let phases: [Phase?]

  /// - Parameters:
  ///   - sameRows: use all rows for both.
  ///   - seed: of the half-split of a recording without `/split`: of the rows of each phase or, where there are strata or pairs, of these whole, so
  ///     that both halves have as many rows of each phase as can be had.
  /// - Throws: `RecordingError.notEnoughRows` where a part is empty; `.invalid` where `/split` parts a stratum or a pair.
  public init(of recording: RecordingView, sameRows: Bool, seed: UInt64) throws {
    phases = try recording.unfilteredPhases.codes.map { Phase(rawValue: $0) }
    areSame = sameRows
    if sameRows {
      select = Array(phases.indices)
      evaluate = select
      return
    }
    let split = try recording.split
    let (strata, kind) = try Self.clusters(of: recording)
    let codes = phases.map { $0.map { Int($0.rawValue) } ?? -1 }
    let purpose = "select and evaluate"
    let isSelect: [Bool]
    if let split {
      isSelect = split.map { $0 == .select }
      if let strata { try Self.requireWhole(strata, isSelect, kind: kind, path: recording.path) }
    } else if let strata {
      isSelect = try stratifiedFolds(labels: codes, clusters: strata.map { Int($0) }, folds: 2, seed: seed, purpose: purpose).map {
        $0 == 0
      }
    } else {
      isSelect = seededHalfSplit(groupOfRow: codes, seed: seed, purpose: purpose)
    }
    select = isSelect.indices.filter { isSelect[$0] }
    evaluate = isSelect.indices.filter { !isSelect[$0] }
    for (name, rows) in [("select", select), ("evaluate", evaluate)] where rows.isEmpty {
      throw RecordingError.notEnoughRows(
        file: recording.path,
        fault: split == nil
          ? Self.shortage(rows: phases.count, strata: strata, of: kind, name)
          : "/split leaves no rows to \(name). Mark some,", remedy: .useSameRows)
    }
  }

  /// What a half has to keep whole, and what one of them is called: strata, items (`/pair`) where there are none, and where items lie in several
  /// strata what hangs together by either; nil where rows are independent. A row of no item is one of its own.
  private static func clusters(of recording: RecordingView) throws -> (numbers: [Int32]?, name: String) {
    let (strata, pairs) = (try recording.strata, try recording.pairs)
    guard let pairs, pairs.contains(where: { $0 >= 0 }) else { return (strata, "stratum") }
    guard let strata else {
      var (numbers, next) = ([Int32: Int32](), Int32(0))
      let items = pairs.map { pair in
        if pair >= 0, let number = numbers[pair] { return number }
        defer { next += 1 }
        if pair >= 0 { numbers[pair] = next }
        return next
      }
      return (items, "pair")
    }
    // Each stratum points to one that it hangs together with; to itself where that is the first.
    var first: [Int32: Int32] = [:]
    func root(_ stratum: Int32) -> Int32 {
      var stratum = stratum
      while let next = first[stratum], next != stratum { stratum = next }
      return stratum
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
    return (first.isEmpty ? strata : strata.map(root), first.isEmpty ? "stratum" : "stratum or pair")
  }

  private static func shortage(rows: Int, strata: [Int32]?, of kind: String, _ name: String) -> String {
    if rows > 1, strata != nil {
      return kind == "stratum or pair"
        ? "all rows hang together, since pairs reach from stratum to stratum, which leaves none to \(name). Record strata that hold whole pairs,"
        : "all rows lie in one \(kind), which leaves none to \(name). Record more \(kind == "pair" ? "pairs" : "strata"),"
    }
    return "\(rows == 1 ? "1 row leaves" : "\(rows) rows leave") none to \(name). Record more,"
  }

  /// - Throws: `RecordingError.invalid` where rows of one stratum lie in both parts: what holds for a whole episode would choose units in one
  ///   and confirm them in the other.
  private static func requireWhole(_ strata: [Int32], _ isSelect: [Bool], kind: String, path: String) throws {
    let selected = Set(zip(strata, isSelect).filter(\.1).map(\.0))
    let evaluated = Set(zip(strata, isSelect).filter { !$0.1 }.map(\.0))
    let shared = selected.intersection(evaluated)
    guard let first = shared.min() else { return }
    throw RecordingError.invalid(
      file: path,
      fault:
        kind == "stratum"
        ? "/split puts rows of one stratum in both parts (\(shared.count) of \(selected.union(evaluated).count) strata, such as \(first)), so "
          + "that they would choose units and test them. Mark whole strata as select or evaluate,"
        : "/split puts rows of one \(kind) in both parts (\(shared.count) of \(selected.union(evaluated).count)), so that they would choose units "
          + "and test them. Mark whole ones as select or evaluate,", remedy: .useSameRows)
  }
}
