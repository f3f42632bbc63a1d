import Files
import Foundation
import Testing

@testable import FrogAndToad

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Fixtures/FrogAndToad")

/// A file that is gone after the test.
@discardableResult
func withTemporaryFile<R>(_ contents: String, _ body: (String) throws -> R) throws -> R {
  let path = FileManager.default.temporaryDirectory.appending(path: "frogtoad-\(UUID().uuidString).csv").path()
  try Data(contents.utf8).write(to: URL(filePath: path))
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

@Suite struct AuthorCSVTests {
  /// Frog hopping on 4, Toad in distress on 9, energy 6, veiled: 100 values, then the label.
  static func fields(scenario: Int = 2, label: Int = 0) -> [String] {
    var state = [Int](repeating: 1, count: 32) + [Int](repeating: 0, count: 64) + [0, 6, scenario, 0]
    state[9] = 2
    state[32 + 4] = 4
    state[32 + 9] = 9
    return (state + [label]).map { String($0) }
  }

  static func line(_ changes: [Int: String] = [:], scenario: Int = 2) -> String {
    var fields = fields(scenario: scenario)
    for (column, text) in changes { fields[column] = text }
    return fields.joined(separator: ",")
  }

  /// What numbers the columns.
  static let numbers: [String] = (0..<101).map { String($0) }

  private func rows(_ text: String, blockRows: Int = 100) throws -> (StateRows, CSVReport) {
    try withTemporaryFile(text) { path in
      var all = StateRows()
      let report = try readAuthorCSV(path, blockRows: blockRows) { all.append($0) }
      return (all, report)
    }
  }

  @Test("An independent simulator's states come in whole and in order, and its scenarios and labels are what our rules say")
  func independentSimulator() throws {
    let path = fixtures.appending(path: "states_slice.csv").path()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    var all = StateRows()
    let report = try readAuthorCSV(path, blockRows: 50) { all.append($0) }
    #expect(report.rows == 304 && lines.count == 304 && !report.hasHeader && report.scenarioIsGiven)
    #expect(report.labelDisagreements == 0)
    for (row, line) in lines.enumerated() {
      var values = line.split(separator: ",").map { UInt8($0) ?? 255 }
      #expect(all.scenarios[row] == values[98])
      #expect(all.labels[row] == values[100])
      let players = values[32..<64]
      #expect(all.partnerActing[row] == (values[98] == 1 ? (players.contains(5) ? 1 : 0) : 1))
      values[98] = 0
      #expect(Array(all.state(row)) == Array(values[..<100]))
    }
  }

  @Test("Where the scenario column is 0 throughout, the players row gives the same scenarios")
  func derivedScenarios() throws {
    let text = try String(contentsOf: fixtures.appending(path: "states_slice.csv"), encoding: .utf8)
    let blank = text.split(separator: "\n").map { line in
      var fields = line.split(separator: ",")
      fields[98] = "0"
      return fields.joined(separator: ",")
    }.joined(separator: "\n")
    let given = try rows(text)
    let derived = try rows(blank)
    #expect(!derived.1.scenarioIsGiven && derived.1.ambiguousScenarios > 0)
    #expect(derived.0 == given.0)
  }

  @Test(
    "A header is skipped and no row is lost",
    arguments: [numbers.dropLast() + ["label"], numbers, numbers.map { "state_" + $0 }])
  func header(_ names: [String]) throws {
    let header = names.joined(separator: ",")
    let line = Self.line()
    let (all, report) = try rows("\(header)\n\(line)\n\(line)\n")
    #expect(report.hasHeader && report.rows == 2 && all.count == 2)
  }

  @Test("Without a header the first row counts, duplicates stay, and line ends, blanks and a byte order mark don't matter")
  func everyRow() throws {
    let line = Self.line()
    let plain = try rows("\(line)\n\(line)\n\(line)")
    #expect(plain.1.rows == 3 && !plain.1.hasHeader)
    #expect(try rows("\u{feff}\(line)\r\n\(line)\r\n\(line)\r\n").0 == plain.0)
    #expect(try rows("\(line)\n \(line.replacing(",", with: " , "))\n\(line)\n\n").0 == plain.0)
    #expect(try rows("\(line)\n\(line)\n\(line)\n", blockRows: 2).0 == plain.0)
  }

  @Test("A file of the size of many chunks comes in whole")
  func longFile() throws {
    let count = 12_000
    let text = (0..<count).map { Self.line([97: String($0 % 21)]) }.joined(separator: "\n")
    let (all, report) = try rows(text, blockRows: 1000)
    #expect(report.rows == count)
    #expect((0..<count).allSatisfy { Int(all.states[$0 * 100 + 97]) == $0 % 21 })
    // Energy 0 should be labelled jump, these all say hop.
    #expect(report.labelDisagreements == (count + 20) / 21 && report.firstLabelDisagreement == 1)
  }

  struct Fault: CustomTestStringConvertible {
    let testDescription: String
    let line: String
    let fault: CSVFault
    let sentence: String
  }

  @Test(
    "A malformed row is an error with its line and what is wrong",
    arguments: [
      Fault(
        testDescription: "field missing", line: line().split(separator: ",").dropLast().joined(separator: ","), fault: .fieldCount(100),
        sentence: "100 fields instead of 101"),
      Fault(testDescription: "field too many", line: line() + ",0", fault: .fieldCount(102), sentence: "102 fields instead of 101"),
      Fault(testDescription: "empty line in between", line: "x", fault: .fieldCount(1), sentence: "1 fields instead of 101"),
      Fault(
        testDescription: "a word", line: line([97: "six"]), fault: .notAnInteger(column: 97, text: "six"),
        sentence: "column 97 holds \"six\", which is no integer"),
      Fault(
        testDescription: "nothing", line: line([3: ""]), fault: .notAnInteger(column: 3, text: ""), sentence: "column 3 holds \"\""),
      Fault(
        testDescription: "a decimal", line: line([100: "1.5"]), fault: .notAnInteger(column: 100, text: "1.5"),
        sentence: "the label (column 100) holds \"1.5\""),
      Fault(
        testDescription: "a decimal in quotes", line: line([97: "\"6.25\""]), fault: .notAnInteger(column: 97, text: "6.25"),
        sentence: "column 97 holds \"6.25\", which is no integer"),
      Fault(
        testDescription: "an open quote", line: line([97: "\"6"]), fault: .fieldCount(98), sentence: "98 fields instead of 101"),
      Fault(
        testDescription: "infinity", line: line([97: "inf"]), fault: .notAnInteger(column: 97, text: "inf"), sentence: "column 97 holds"),
      Fault(
        testDescription: "ground code", line: line([5: "3"]), fault: .unknownValue(column: 5, value: 3, allowed: "1 (solid) or 2 (rough)"),
        sentence: "column 5 holds 3; it can be 1 (solid) or 2 (rough)"),
      Fault(
        testDescription: "player code", line: line([33: "3"]), fault: .unknownValue(column: 33, value: 3, allowed: "0 (nobody) or 4 to 9"),
        sentence: "column 33 holds 3"),
      Fault(
        testDescription: "the paper's fly code", line: line([70: "1"]),
        fault: .unknownValue(column: 70, value: 1, allowed: "0 (none) or 3 (fly)"), sentence: "column 70 holds 1"),
      Fault(
        testDescription: "energy", line: line([97: "21"]), fault: .unknownValue(column: 97, value: 21, allowed: "0 to 20"),
        sentence: "column 97 holds 21; it can be 0 to 20"),
      Fault(
        testDescription: "negative", line: line([97: "-1"]), fault: .unknownValue(column: 97, value: -1, allowed: "0 to 20"),
        sentence: "column 97 holds -1"),
      Fault(
        testDescription: "large", line: line([97: "1000006"]), fault: .unknownValue(column: 97, value: 1_000_006, allowed: "0 to 20"),
        sentence: "column 97 holds 1000006"),
      Fault(
        testDescription: "label", line: line([100: "4"]),
        fault: .unknownValue(column: 100, value: 4, allowed: "0 (hop), 1 (jump), 2 (leap) or 3 (help)"),
        sentence: "the label (column 100) holds 4"),
      Fault(testDescription: "no player", line: line([36: "0", 41: "0"]), fault: .players(count: 0), sentence: "shows 0 players"),
      Fault(testDescription: "third player", line: line([50: "6"]), fault: .players(count: 3), sentence: "shows 3 players"),
      Fault(testDescription: "two Frogs", line: line([41: "4"]), fault: .players(count: 2), sentence: "shows one player twice"),
      Fault(
        testDescription: "own cell", line: line([96: "4", 99: "5"]), fault: .ownCellEmpty(cell: 5),
        sentence: "Frog is on cell 5, but the players row shows nobody there"),
      Fault(
        testDescription: "scenario", line: line(scenario: 1), fault: .scenario(given: .selfInDistress, seen: "other"),
        sentence: "gives the scenario self (1), but the players row shows other"),
      Fault(
        testDescription: "scenario denied", line: line(scenario: 0), fault: .scenario(given: .none, seen: "other"),
        sentence: "gives the scenario none (0), but the players row shows other"),
    ])
  func malformed(_ test: Fault) throws {
    let line = Self.line()
    try withTemporaryFile("\(line)\n\(line)\n\(test.line)\n\(line)\n") { path in
      #expect {
        _ = try readAuthorCSV(path) { _ in }
      } throws: { error in
        let sentence = String(describing: error)
        return error as? CSVError == .malformed(file: path, line: 3, test.fault)
          && sentence.hasPrefix("\(path), line 3: ") && sentence.contains(test.sentence)
      }
    }
  }

  @Test("A malformed first row is not taken for a header")
  func malformedFirstRow() throws {
    #expect {
      _ = try rows(Self.line([0: "x"]) + "\n" + Self.line())
    } throws: { error in
      guard case CSVError.malformed(_, 1, .notAnInteger(column: 0, text: "x")) = error else { return false }
      return true
    }
  }

  @Test("A file that isn't there, is empty, compressed, a folder or one endless line is an error that says so")
  func files() throws {
    #expect(throws: CSVError.unreadable(file: "/nowhere/x.csv", reason: "there is no such file")) {
      _ = try readAuthorCSV("/nowhere/x.csv") { _ in }
    }
    try withTemporaryFile("") { path in
      #expect(throws: CSVError.noRows(file: path)) { _ = try readAuthorCSV(path) { _ in } }
    }
    try withTemporaryFile("version https://git-lfs.github.com/spec/v1\n") { path in
      #expect(throws: CSVError.otherFile(file: path, .gitLFSPointer)) { _ = try readAuthorCSV(path) { _ in } }
    }
    let zipped = FileManager.default.temporaryDirectory.appending(path: "frogtoad-\(UUID().uuidString).csv.gz")
    try Data([0x1f, 0x8b, 8, 0]).write(to: zipped)
    defer { try? FileManager.default.removeItem(at: zipped) }
    #expect(throws: CSVError.otherFile(file: zipped.path(), .compressed(.gzip, isTar: false))) {
      _ = try readAuthorCSV(zipped.path()) { _ in }
    }
    #expect(throws: CSVError.self) { _ = try readAuthorCSV(FileManager.default.temporaryDirectory.path()) { _ in } }
    try withTemporaryFile(String(repeating: "1,", count: 1 << 17)) { path in
      #expect(throws: CSVError.self) { _ = try readAuthorCSV(path) { _ in } }
    }
  }
}
