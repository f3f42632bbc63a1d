import Foundation
import Tabular

/// The outcomes of a plan's arms: for each outcome a number for each arm and example, or none for an example that has no such outcome.
struct ArmOutcomes: Sendable {
  static let mostOutcomes = 256

  /// In the order in which they first appear.
  let names: [String]
  /// Of each outcome `[arms × examples]`; NaN where an example has none.
  private let values: [[Double]]
  private let examples: Int

  /// - Throws: `PlanError` for a table that is not that of the plan, for arms that are missing, and for arms that differ in which examples have
  ///   an outcome.
  init(_ table: TextTable, of plan: InterventionPlan) throws(PlanError) {
    func fail(_ fault: String) -> PlanError { PlanError(file: table.name, fault: fault) }
    var columns: [Int] = []
    for name in ["arm", "example", "outcome", "value"] {
      guard let column = table.column(name) else {
        throw fail("has no column '\(name)'. Outcomes have the columns arm, example, outcome and value.")
      }
      columns.append(column)
    }
    let arms = Dictionary(plan.arms.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    let numbers = Dictionary(plan.examples.enumerated().map { ($1.example, $0) }, uniquingKeysWith: { first, _ in first })
    var (names, indices): ([String], [String: Int]) = ([], [:])
    var values: [[Double]] = []
    for row in 0..<table.rowCount {
      let (arm, example) = (table.text(row: row, column: columns[0]), table.text(row: row, column: columns[1]))
      let (outcome, text) = (table.text(row: row, column: columns[2]), table.text(row: row, column: columns[3]))
      guard let armIndex = arms[arm] else {
        let isOther = arm.split(separator: "/").first.map(String.init) != plan.planID
        throw fail(
          "\(table.place(ofRow: row)) is of arm '\(arm)', which "
            + (isOther ? "is of another plan (this one's arms begin with \(plan.planID))." : "the plan has not."))
      }
      // A leading apostrophe is taken off where it may have been put there for a spreadsheet's sake.
      guard let exampleIndex = numbers[example] ?? numbers["'" + example] else {
        throw fail("\(table.place(ofRow: row)) is of example '\(example)', which the plan has not.")
      }
      guard !outcome.isEmpty else { throw fail("\(table.place(ofRow: row)) names no outcome.") }
      guard let value = Double(text), abs(value) <= 1e300 else {
        throw fail(
          "\(table.place(ofRow: row)) has the value '\(text)'. Outcomes are finite numbers (to 1e300); leave out rows that have none.")
      }
      let index: Int
      if let known = indices[outcome] {
        index = known
      } else {
        index = names.count
        guard names.count < Self.mostOutcomes else {
          throw fail(
            "\(table.place(ofRow: row)) has outcome '\(outcome)', one more than the \(Self.mostOutcomes) that a table may have. Look whether "
              + "columns are what their header says.")
        }
        indices[outcome] = index
        names.append(outcome)
        values.append(Array(repeating: .nan, count: plan.arms.count * plan.examples.count))
      }
      let place = armIndex * plan.examples.count + exampleIndex
      guard values[index][place].isNaN else {
        throw fail("\(table.place(ofRow: row)) gives arm \(arm) a second value of \(outcome) for example \(example).")
      }
      values[index][place] = value
    }
    (self.names, self.values, examples) = (names, values, plan.examples.count)
    try requireWhole(plan, in: table.name)
  }

  private func requireWhole(_ plan: InterventionPlan, in file: String) throws(PlanError) {
    let empty = plan.arms.indices.filter { arm in
      values.allSatisfy { values in values[arm * examples..<(arm + 1) * examples].allSatisfy(\.isNaN) }
    }
    if let first = empty.first {
      throw PlanError(
        .notEnoughData, file: file,
        fault:
          "\(empty.count) of \(plan.arms.count) arms have no outcomes, such as \(plan.arms[first].id). A p rests on all of them: run the plan to its end."
      )
    }
    let absent = plan.examples.indices.filter { example in
      values.allSatisfy { values in plan.arms.indices.allSatisfy { values[$0 * examples + example].isNaN } }
    }
    if let first = absent.first {
      throw PlanError(
        .notEnoughData, file: file,
        fault:
          "\(absent.count) of \(examples) examples have no outcome in any arm, such as \(plan.examples[first].example). The plan's arms are run on "
          + "all of its examples.")
    }
    guard let intact = plan.arms.firstIndex(where: { $0.kind == .intact }) else { return }
    for (index, name) in names.enumerated() {
      for arm in plan.arms.indices {
        for example in 0..<examples
        where values[index][arm * examples + example].isNaN != values[index][intact * examples + example].isNaN {
          throw PlanError(
            .notEnoughData, file: file,
            fault: "example \(plan.examples[example].example) has the outcome \(name) in "
              + "\(values[index][arm * examples + example].isNaN ? "the intact arm, and not in" : "no intact arm, but in") arm "
              + "\(plan.arms[arm].id). An outcome is of the same examples in every arm.")
        }
      }
    }
  }

  /// Of an outcome in an arm, an example each; NaN where it has none.
  subscript(_ outcome: Int, arm arm: Int) -> ArraySlice<Double> { values[outcome][arm * examples..<(arm + 1) * examples] }
}
