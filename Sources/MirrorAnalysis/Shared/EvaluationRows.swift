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
  ///   - recording: whose rows are parted.
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
    let dependent = try recording.dependentRows()
    let (clusters, kind) = (dependent?.numbers, dependent?.name ?? "row")
    let codes = phases.map { $0.map { Int($0.rawValue) } ?? -1 }
    let purpose = "select and evaluate"
    let isSelect: [Bool]
    if let split {
      isSelect = split.map { $0 == .select }
      if let clusters { try Self.requireWhole(clusters, isSelect, kind: kind, path: recording.path) }
    } else if let clusters {
      isSelect = try stratifiedFolds(labels: codes, clusters: clusters.map { Int($0) }, folds: 2, seed: seed, purpose: purpose).map {
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
          ? Self.shortage(rows: phases.count, of: kind, name)
          : "/split leaves no rows to \(name). Mark some,", remedy: .useSameRows)
    }
  }

  private static func shortage(rows: Int, of kind: String, _ name: String) -> String {
    if rows > 1, kind != "row" {
      return kind == "stratum or pair"
        ? "all rows hang together, since pairs reach from stratum to stratum, which leaves none to \(name). Record strata that hold whole pairs,"
        : "all rows lie in one \(kind), which leaves none to \(name). Record more \(kind == "pair" ? "pairs" : "strata"),"
    }
    return "\(rows == 1 ? "1 row leaves" : "\(rows) rows leave") none to \(name). Record more,"
  }

  /// - Throws: `RecordingError.invalid` where rows of one stratum lie in both parts: what holds for a whole episode would choose units in one
  ///   and confirm them in the other.
  private static func requireWhole(_ clusters: [Int32], _ isSelect: [Bool], kind: String, path: String) throws {
    let selected = Set(zip(clusters, isSelect).filter(\.1).map(\.0))
    let evaluated = Set(zip(clusters, isSelect).filter { !$0.1 }.map(\.0))
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
