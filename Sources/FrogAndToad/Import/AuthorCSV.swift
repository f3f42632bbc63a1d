import Foundation

/// What an import found.
public struct CSVReport: Sendable, Equatable {
  public internal(set) var rows = 0
  public internal(set) var hasHeader = false
  /// Whether column 98 holds the scenario. It is 0 throughout in a training file; then the players row decides.
  public internal(set) var scenarioIsGiven = false
  /// Rows without a given scenario where Frog and Toad could be the other way round with another scenario. They count as Frog in
  /// distress: in such files Frog shows nothing but hopping and distress.
  public internal(set) var ambiguousScenarios = 0
  /// Rows whose label is not what the labelling rules say, and the first line with one.
  public internal(set) var labelDisagreements = 0
  public internal(set) var firstLabelDisagreement: Int?
}

/// Reads a CSV file in the author's layout: 100 integers and the label, with or without a header, plain text.
///
/// Fields may be in quotes (RFC 4180), an integer may be written 1.0 or 1e0, and tabs, semicolons or blanks may stand for the commas. See
/// `LineReader` for encodings and line ends.
///
/// The scenario moves from column 98 to a column of its own and index 98 becomes 0. Every row is kept, in order, duplicates too. Memory
/// holds one block of rows.
///
/// - Parameters:
///   - blockRows: rows handed over at once.
///   - progress: bytes read and bytes in the file, after each block.
///   - body: receives the rows, without episodes.
/// - Throws: `CSVError` with the line, for the first row that is malformed or contradicts itself; and what `body` throws.
public func readAuthorCSV(
  _ path: String, blockRows: Int = 1 << 14, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
  _ body: (StateRows) throws -> Void
) throws -> CSVReport {
  let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  var report = CSVReport()
  var row = CSVRow()
  var block = StateRows()
  // A row that gives scenario 0 although someone is in distress: fine if the whole column is 0, a contradiction otherwise.
  var firstDenial: CSVError?

  try LineReader(path: path).forEachLine { line, number, bytesRead in
    do throws(CSVFault) {
      if line.isEmpty && number > 1 { return }
      if number == 1 { row = CSVRow(separatedAs: line) }
      if number == 1 && row.isHeader(line) {
        report.hasHeader = true
        return
      }
      try row.read(line)
      let contradiction = try report.add(row, to: &block, line: number)
      if let contradiction, firstDenial == nil { firstDenial = .malformed(file: path, line: number, contradiction) }
    } catch {
      throw CSVError.malformed(file: path, line: number, error)
    }
    if block.count >= blockRows {
      try body(block)
      block = StateRows()
      progress(bytesRead, size)
    }
  }
  if report.rows == 0 { throw CSVError.noRows(file: path) }
  if report.scenarioIsGiven, let firstDenial { throw firstDenial }
  if block.count > 0 { try body(block) }
  progress(size, size)
  return report
}

extension CSVReport {
  /// Adds a row to the block, the scenario moved to its own column.
  ///
  /// - Returns: what is wrong with a scenario of 0, if the file turns out to give scenarios.
  fileprivate mutating func add(_ row: CSVRow, to block: inout StateRows, line: Int) throws(CSVFault) -> CSVFault? {
    let reading = try row.values.withUnsafeBufferPointer { (bytes) throws(CSVFault) in try StateReading(bytes) }
    let given = Scenario(rawValue: row.values[StateIndex.score]) ?? .none
    var contradiction: CSVFault?
    if !reading.allows(given) {
      let seen = reading.isAmbiguous ? "one player in distress" : "\(reading.scenario)"
      contradiction = .scenario(given: given, seen: seen)
      if let contradiction, given != .none { throw contradiction }
    }
    if given != .none { scenarioIsGiven = true }
    if given == .none && reading.isAmbiguous { ambiguousScenarios += 1 }
    let scenario = given == .none ? reading.scenario : given
    append(row, scenario: scenario, reading: reading, to: &block, line: line)
    return contradiction
  }

  private mutating func append(
    _ row: CSVRow, scenario: Scenario, reading: StateReading, to block: inout StateRows, line: Int
  ) {
    let first = block.states.count
    block.states.append(contentsOf: row.values[..<StateIndex.count])
    block.states[first + StateIndex.score] = 0
    let labelCode = row.values[StateIndex.count]
    block.labels.append(labelCode)
    block.scenarios.append(scenario.rawValue)
    block.partnerActing.append(partnerIsActing(scenario, players: row.values[StateIndex.players]) ? 1 : 0)
    rows += 1

    var roughGround: UInt32 = 0
    for cell in StateIndex.ground where row.values[cell] == StateCode.rough { roughGround |= 1 << UInt32(cell) }
    let energy = Int(row.values[StateIndex.ownEnergy])
    let label = Action(rawValue: labelCode) ?? .hop
    if !reading.agrees(label: label, scenario: scenario, energy: energy, roughGround: roughGround) {
      labelDisagreements += 1
      firstLabelDisagreement = firstLabelDisagreement ?? line
    }
  }
}
