import Foundation
import Statistics
import Tabular
import Testing

@testable import MirrorAnalysis

/// Against scipy (Fixtures/MirrorAnalysis/compare.py), and what must not change a digit.
@Suite("Comparison of networks")
struct CompareTests {
  struct Expected: Decodable {
    let hidden, kind, outcome: String
    let seeds, missing: Int
    let mean, iqm: Double
    let interval: [Double?]
    let improvement, difference, p, pHolm: Double?
    let pairs: Int?
    let differenceInterval: [Double?]?
  }
  struct Oracle: Decodable {
    let seed: UInt64
    let replicates: Int
    let epoch3, trend: [Expected]
  }

  private let oracle: Oracle
  private let outcomes, networks: TextTable

  init() throws {
    oracle = try Fixture.json(Oracle.self, "MirrorAnalysis/compare.json")
    outcomes = try TextTable(path: Fixture.path("MirrorAnalysis/compare_outcomes.csv"))
    networks = try TextTable(path: Fixture.path("MirrorAnalysis/compare_networks.csv"))
  }

  private var plan: ComparisonPlan {
    var plan = ComparisonPlan(by: ["hidden", "kind"])
    (plan.outcomes, plan.baseline, plan.epoch) = (["index", "loss"], "kind=untrained", .last)
    (plan.seed, plan.replicates) = (oracle.seed, oracle.replicates)
    return plan
  }

  private func rows(_ plan: ComparisonPlan, _ table: TextTable? = nil) throws -> [ComparisonRow] {
    try NetworkComparison(of: [table ?? outcomes], networks: networks, plan: plan).rows
  }

  private func hold(_ rows: [ComparisonRow], _ expected: [Expected]) {
    #expect(rows.count == expected.count)
    func agrees(_ value: Double?, _ expected: Double?) -> Bool {
      guard let value, let expected else { return value == nil && expected == nil }
      return abs(value - expected) <= 1e-9
    }
    for (row, expected) in zip(rows, expected) {
      let name: Comment = "\(expected.hidden) \(expected.kind) \(row)"
      #expect(row.condition == [.string(expected.hidden), .string(expected.kind)] && row.outcome == expected.outcome, name)
      #expect(row.seeds == expected.seeds && row.missing == expected.missing && row.pairs == expected.pairs, name)
      #expect(agrees(row.mean, expected.mean) && agrees(row.interquartileMean, expected.iqm), name)
      #expect(agrees(row.interval?.lowerBound, expected.interval[0]) && agrees(row.interval?.upperBound, expected.interval[1]), name)
      #expect(agrees(row.improvement, expected.improvement) && agrees(row.difference, expected.difference), name)
      #expect(agrees(row.differenceInterval?.lowerBound, expected.differenceInterval?[0]), name)
      #expect(agrees(row.differenceInterval?.upperBound, expected.differenceInterval?[1]), name)
      #expect(agrees(row.pValue, expected.p) && agrees(row.pHolm, expected.pHolm), name)
      #expect((row.test != nil) == (expected.p != nil) && (row.reason == nil) == (expected.p != nil), name)
      #expect(row.baseline == (expected.kind == "untrained" ? nil : "kind=untrained"), name)
    }
  }

  @Test("Location, intervals, differences, improvement, p and Holm's p are scipy's, from tables that are joined")
  func values() throws {
    let rows = try rows(plan)
    hold(rows, oracle.epoch3)
    #expect(
      rows[0].reason == """
        the interval needs 5 seeds, and there are 4; the interval of the difference needs 6 pairs, and there are 4; p: so few seeds have 16 \
        arrangements, and a p needs 20
        """)
    #expect(rows[2].reason == "it is the baseline" && rows[2].pHolm == nil)
    #expect(rows[1].test == .exactFlips && rows[3].test == .exactPermutation)
  }

  @Test("A trend is one slope a seed, then as any other outcome")
  func trend() throws {
    var plan = plan
    (plan.trend, plan.epoch, plan.outcomes) = ("epoch", nil, ["index"])
    let rows = try rows(plan)
    hold(rows, oracle.trend)
    #expect(rows.allSatisfy { $0.trend == "epoch" })
  }

  @Test("Without a baseline slopes are compared with 0")
  func noSlope() throws {
    var plan = plan
    (plan.trend, plan.epoch, plan.outcomes, plan.baseline) = ("epoch", nil, ["index"], nil)
    for row in try rows(plan) {
      #expect(row.baseline == "no slope" && row.pairs == row.seeds)
      #expect(abs((row.difference ?? .nan) - (row.mean ?? .nan)) <= 1e-15)
      if row.seeds >= 5 { #expect(row.differenceInterval != nil && row.test == .exactFlips && row.reason == nil) }
    }
  }

  @Test("The order of rows, the names of seeds and the number of threads change no digit")
  func order() throws {
    let expected = try rows(plan)
    let cells = (0..<outcomes.rowCount).map { row in outcomes.columns.indices.map { outcomes.text(row: row, column: $0) } }
    for (table, threads) in [(cells, 2), (cells.reversed(), 1), (cells.shuffled(), 3)] {
      var plan = plan
      plan.threads = threads
      #expect(try rows(plan, TextTable(name: "t", columns: outcomes.columns, rows: table)) == expected)
    }
    // Seeds that sort the other way round.
    let renamed = TextTable(
      name: "n", columns: networks.columns,
      rows: (0..<networks.rowCount).map { row in
        (0..<3).map { networks.text(row: row, column: $0) } + ["\(100 - (Double(networks.text(row: row, column: 3)) ?? 0))"]
      })
    #expect(try NetworkComparison(of: [outcomes], networks: renamed, plan: plan).rows == expected)
    var other = plan
    other.seed += 1
    let changed = try rows(other)
    #expect(changed[1].interval != expected[1].interval && changed.map(\.pValue) == expected.map(\.pValue))
  }

  @Test("Values times 8 plus 3 have the same p, and locations and intervals that are moved so")
  func affine() throws {
    let expected = try rows(plan)
    let column = try #require(outcomes.column("index"))
    let moved = TextTable(
      name: "t", columns: outcomes.columns,
      rows: (0..<outcomes.rowCount).map { row in
        outcomes.columns.indices.map { place in
          let text = outcomes.text(row: row, column: place)
          return place == column ? Double(text).map { "\(8 * $0 + 3)" } ?? "" : text
        }
      })
    for (row, old) in zip(try rows(plan, moved), expected) where row.outcome == "index" {
      func close(_ value: Double?, _ expected: Double?) -> Bool { value == expected || abs((value ?? .nan) - (expected ?? .nan)) <= 1e-12 }
      #expect(row.pValue == old.pValue && row.pHolm == old.pHolm && row.improvement == old.improvement)
      #expect(close(row.mean, old.mean.map { 8 * $0 + 3 }) && close(row.difference, old.difference.map { 8 * $0 }))
      #expect(close(row.interval?.lowerBound, old.interval.map { 8 * $0.lowerBound + 3 }))
      #expect(close(row.differenceInterval?.upperBound, old.differenceInterval.map { 8 * $0.upperBound }))
    }
  }

  @Test("A long table gives what the wide one does, outcome by outcome")
  func long() throws {
    let wide = try rows(plan)
    var cells: [[String]] = []
    for row in 0..<outcomes.rowCount {
      for outcome in 2..<4 {
        cells.append(
          [0, 1].map { outcomes.text(row: row, column: $0) } + [outcomes.columns[outcome], outcomes.text(row: row, column: outcome)])
      }
    }
    let table = TextTable(name: "long", columns: ["network", "epoch", "outcome", "effect"], rows: cells.shuffled())
    var plan = plan
    (plan.outcomes, plan.valueColumn) = ([], "effect")
    #expect(try rows(plan, table) == wide)
    plan.outcomes = ["loss"]
    #expect(try rows(plan, table) == wide.filter { $0.outcome == "loss" })
  }

  @Test("The best epoch is that of the smallest validation loss; conditions on joined columns choose rows")
  func choices() throws {
    let table = TextTable(
      name: "t", columns: ["seed", "kind", "epoch", "validation_loss", "index"],
      rows: (1...6).flatMap { seed in
        [
          ["\(seed)", "a", "1", "0.5", "1"], ["\(seed)", "a", "2", "0.2", "\(seed)"], ["\(seed)", "a", "3", "0.2", "9"],
          ["\(seed)", "a", "4", "", "7"],
        ]
      })
    var plan = ComparisonPlan(by: ["kind"])
    (plan.outcomes, plan.epoch, plan.replicates) = (["index"], .best, 0)
    #expect(try NetworkComparison(of: [table], plan: plan).rows.map(\.mean) == [3.5])
    plan.epoch = .last
    #expect(try NetworkComparison(of: [table], plan: plan).rows.map(\.mean) == [7])
    (plan.epoch, plan.condition) = (nil, try .init("epoch == 1 and seed in (2, 3)"))
    #expect(try NetworkComparison(of: [table], plan: plan).rows.map { [$0.mean, Double($0.seeds)] } == [[1, 2]])
  }

  @Test("Numerals that say the same are one value; names are not read as numbers; columns of numbers are written so")
  func conditionValues() {
    for (text, same) in [
      ("26.0", "26"), ("0.50", "0.5"), ("-0.0", "0"), (" 7 ", "7"), ("-1.10", "-1.1"), ("1e-3", "0.001"), ("4.0E-06", "4e-06"),
      ("1e+05", "100000"),
    ] {
      #expect(
        ConditionValue(text, isNumber: true) == ConditionValue(same, isNumber: true) && ConditionValue(text, isNumber: true).text == same)
    }
    for text in ["007", "1e", "1.", ".5", "12345678901234567890", "2x17", "nan", "+3", "--1"] {
      #expect(ConditionValue(text, isNumber: true).text == text && ConditionValue(text, isNumber: true).number == nil)
    }
    #expect(ConditionValue("1.10", isNumber: false) != ConditionValue("1.1", isNumber: false))
    #expect(ConditionValue.areNumbers(["1e-3", "", "26.0"]) && !ConditionValue.areNumbers(["1.1", "1.10", "1.2a"]))
    let sorted = ["alone", "30", "", "4", "-1", "0.5"].map { ConditionValue($0, isNumber: true) }.sorted().map(\.text)
    #expect(sorted == ["-1", "0.5", "4", "30", "alone", ""])
    #expect(
      ConditionValue("26.0", isNumber: true).cell(isNumber: true) == .integer(26)
        && ConditionValue("26", isNumber: true).cell(isNumber: false) == .string("26"))
    #expect(
      ConditionValue("0.25", isNumber: true).cell(isNumber: true) == .number(0.25)
        && ConditionValue("", isNumber: true).cell(isNumber: true) == .missing)
  }

  @Test("Whether a column holds numbers is decided over all tables, so that 1e-3 and 0.001 are one condition and versions stay names")
  func columnsOfNumbers() throws {
    func table(_ name: String, _ column: String, _ rows: [[String]]) -> TextTable {
      TextTable(name: name, columns: [column, "seed", "y"], rows: rows)
    }
    var plan = ComparisonPlan(by: ["rate"])
    (plan.seedColumns, plan.outcomes) = (["seed"], ["y"])
    let tables = [
      table("a", "rate", [["1e-3", "1e0", "1"], ["0.001", "2", "3"]]), table("b", "rate", [["1.0e-03", "3", "5"], ["0.01", "1", "9"]]),
    ]
    let rows = try NetworkComparison(of: tables, plan: plan).rows
    #expect(rows.map(\.seeds) == [3, 1] && rows.map(\.mean) == [3, 9])
    plan = ComparisonPlan(by: ["version"])
    (plan.seedColumns, plan.outcomes) = (["seed"], ["y"])
    let names = table("a", "version", [["1.1", "1", "1"], ["1.10", "1", "3"], ["1.2a", "1", "5"]])
    #expect(try NetworkComparison(of: [names], plan: plan).rows.map(\.mean) == [1, 3, 5])
  }

  @Test("Of two networks with one seed in a condition neither's epochs are taken for the other's")
  func epochsOfNetworks() throws {
    let rows = [["1x10", "10", "1", ".1"], ["1x10", "30", "1", ".3"], ["2x17", "40", "1", ".9"]]
    let table = TextTable(
      name: "t", columns: ["network", "epoch", "seed", "y"], rows: rows.map { $0.map { $0.hasPrefix(".") ? "0" + $0 : $0 } })
    var plan = ComparisonPlan(by: [])
    (plan.seedColumns, plan.outcomes, plan.epoch) = (["seed"], ["y"], .last)
    #expect(throws: ComparisonError.self) { try NetworkComparison(of: [table], plan: plan) }
    (plan.epoch, plan.trend) = (nil, "epoch")
    #expect(throws: ComparisonError.self) { try NetworkComparison(of: [table], plan: plan) }
    plan.condition = try .init("network == 1x10")
    #expect(try NetworkComparison(of: [table], plan: plan).rows[0].seeds == 1)
  }

  @Test("A table of networks that knows an epoch says nothing of another")
  func epochOfNetworks() throws {
    let networks = TextTable(name: "n", columns: ["network", "epoch", "kind", "seed"], rows: [["a", "31", "trained", "1"]])
    let table = TextTable(name: "t", columns: ["network", "epoch", "y"], rows: [["a", "0", "1"], ["a", "31", "2"]])
    var plan = ComparisonPlan(by: ["kind"])
    (plan.seedColumns, plan.outcomes) = (["seed"], ["y"])
    #expect(throws: ComparisonError.self) { try NetworkComparison(of: [table], networks: networks, plan: plan) }
    plan.condition = try .init("epoch == 31")
    #expect(try NetworkComparison(of: [table], networks: networks, plan: plan).rows.map(\.mean) == [2])
  }

  @Test("A baseline is read as columns and values, or as a value that one column has")
  func baselines() throws {
    let columns = ["hidden", "kind", "veil"]
    let values = [["17,17", "50"], ["trained", "untrained"], ["0", "1", "50"]].map { column in
      column.map { ConditionValue($0, isNumber: ConditionValue.areNumbers(column)) }
    }
    func text(_ baseline: String) throws(ComparisonError) -> String {
      try ComparisonBaseline(baseline, columns: columns, values: values).text(columns)
    }
    #expect(try text("untrained") == "kind=untrained" && text("kind=untrained") == "kind=untrained")
    #expect(try text("17,17") == "hidden=17,17" && text("veil=1.0, hidden=17,17") == "hidden=17,17,veil=1")
    for (baseline, sentence) in [
      ("50", "The baseline '50' is a value of hidden and of veil. Say which, as hidden=50."),
      ("untraned", "The baseline 'untraned' is no value of hidden, kind, veil: nearest is untrained. Name another baseline."),
      ("knd=trained", "The baseline names 'knd', which is no column of the condition: nearest is kind. Name another baseline."),
      ("kind=shuffled", "The baseline has kind=shuffled, and no row has: there are trained, untrained. Name another baseline."),
      ("kind=trained,kind=untrained", "The baseline names 'kind' twice. Name another baseline."),
    ] {
      do {
        _ = try text(baseline)
        Issue.record("\(baseline) was taken")
      } catch {
        #expect(error.description == sentence)
      }
    }
  }
}
