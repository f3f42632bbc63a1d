import ActivationRecording
import Statistics

/// Rows of a recording in the order of a column such as a turn, inside their strata: do neighbours resemble each other?
///
/// Permutations of labels inside strata take the rows of a stratum as exchangeable; successive rows of an episode often are not.
struct SerialRows: Sendable {
  /// Numbers of the rows looked at, ascending.
  let rows: [Int]
  /// Positions of neighbours among the rows: the later of the two is one turn on, or the next where turns are no whole numbers.
  let neighbours: [(Int, Int)]
  /// Of each row, the number of its pair of a stratum and a phase.
  private let cells: [Int]
  private let cellSizes: [Double]
  /// Share of neighbours of one phase, less the share among any two rows of a stratum, over one less that; nil where phases don't vary there.
  let phaseAgreement: Double?

  static let mostRows = 4000
  private static let bytes = 64 << 20

  /// Rows that fit for a layer of so many units.
  static func rows(units: Int) -> Int { max(40, min(mostRows, bytes / (8 * max(1, units)))) }

  /// Bytes for the widest layer.
  static func memory(_ shape: RecordingShape) -> Double {
    let rows = Double(min(rows(units: shape.widestLayer), shape.rowCount))
    return 16 * rows * Double(shape.widestLayer) + 96 * Double(shape.rowCount)
  }

  /// Draws whole strata until `count` rows are reached; of a longer one its first rows.
  init(turns: [Double], codes: [UInt8], strata: [Int32]?, count: Int, seed: UInt64) {
    let members = Dictionary(grouping: codes.indices.filter { codes[$0] != PhaseRows.excluded }) { strata?[$0] ?? 0 }
      .sorted { $0.key < $1.key }.map(\.value)
    var stream = RandomStream(seed: seed, purpose: "audit serial rows")
    var drawn: [[Int]] = []
    var total = 0
    for stratum in members.shuffled(using: &stream) {
      guard total < count else { break }
      drawn.append(Array(stratum.sorted { (turns[$0], $0) < (turns[$1], $1) }.prefix(count - total)))
      total += drawn.last?.count ?? 0
    }
    let rows = drawn.joined().sorted()
    let position = Dictionary(uniqueKeysWithValues: zip(rows, 0...))
    let isWhole = rows.allSatisfy { turns[$0] == turns[$0].rounded() }
    var cells = [Int](repeating: 0, count: rows.count)
    var sizes: [Double] = []
    var neighbours: [(Int, Int)] = []
    var (same, expected) = (0.0, 0.0)
    for stratum in drawn {
      let groups = Dictionary(grouping: stratum) { codes[$0] }.sorted { $0.key < $1.key }.map(\.value)
      for group in groups {
        for row in group { cells[position[row] ?? 0] = sizes.count }
        sizes.append(Double(group.count))
      }
      let n = Double(stratum.count)
      let share = n > 1 ? groups.reduce(0) { $0 + Double($1.count * ($1.count - 1)) } / (n * (n - 1)) : 0
      for (a, b) in zip(stratum, stratum.dropFirst()) where !isWhole || turns[b] - turns[a] == 1 {
        neighbours.append((position[a] ?? 0, position[b] ?? 0))
        same += codes[a] == codes[b] ? 1 : 0
        expected += share
      }
    }
    (self.rows, self.cells, self.neighbours) = (rows, cells, neighbours)
    cellSizes = sizes
    let pairs = Double(neighbours.count)
    phaseAgreement = pairs > expected ? (same - expected) / (pairs - expected) : nil
  }

  /// The lag-1 autocorrelation of each unit about the mean of its stratum and phase, so that an effect of the phase is none:
  /// r = Σ (e_t e_t+1 + [same cell] s²_c / n_c) / (P s²) over the P neighbours whose cells have two rows or more, s²_c the variance of a cell
  /// and s² the pooled one, both about the cell's mean with ddof 1. What is added is what the product of two deviations from one mean is too
  /// low by: of rows that are exchangeable r has mean 0.
  ///
  /// - Parameter values: [rows × units].
  /// - Returns: NaN for a unit that does not vary in any cell; all NaN without neighbours.
  func autocorrelations(_ values: [Double], units: Int) -> [Double] {
    (0..<units).map { unit in
      let origin = values.first.map { _ in values[unit] } ?? 0
      var means = cellSizes.map { _ in 0.0 }
      for row in rows.indices { means[cells[row]] += values[row * units + unit] - origin }
      for cell in means.indices { means[cell] /= cellSizes[cell] }
      let errors = rows.indices.map { values[$0 * units + unit] - origin - means[cells[$0]] }
      var squares = cellSizes.map { _ in 0.0 }
      for row in rows.indices { squares[cells[row]] += errors[row] * errors[row] }
      let freedom = cellSizes.reduce(0) { $0 + $1 - 1 }
      var (sum, pairs) = (0.0, 0.0)
      for (a, b) in neighbours where cellSizes[cells[a]] > 1 && cellSizes[cells[b]] > 1 {
        let size = cellSizes[cells[a]]
        sum += errors[a] * errors[b] + (cells[a] == cells[b] ? squares[cells[a]] / (size * (size - 1)) : 0)
        pairs += 1
      }
      return sum / pairs / (squares.reduce(0, +) / freedom)
    }
  }
}

extension Audit {
  /// From which mean autocorrelation on successive rows are no longer taken as exchangeable.
  private static let mostAutocorrelation = 0.1

  /// Do successive rows resemble each other? Value: the mean over units of the lag-1 autocorrelation; for phases chance-corrected agreement.
  ///
  /// - Parameter column: whose order is looked at; nil where the recording has none.
  mutating func checkOrder(of recording: RecordingView, along column: String?, in context: AnalysisContext) throws {
    let check = "lag-1 autocorrelation"
    guard let column else {
      add(
        check, "rows", nil, threshold: Self.mostAutocorrelation, .notMeasured,
        "The recording has no column turn; name one that orders rows, or record it in /rows.")
      return
    }
    let turns = try recording.numbers(ofColumn: column)
    let (codes, strata) = (try recording.phases.codes, try recording.strata)
    func serial(_ count: Int) -> SerialRows {
      SerialRows(turns: turns, codes: codes, strata: strata, count: count, seed: context.seed)
    }
    let order = serial(SerialRows.mostRows)
    let isPersistent = (order.phaseAgreement ?? 0) > Self.mostAutocorrelation
    add(
      check, "phases", order.phaseAgreement, threshold: Self.mostAutocorrelation,
      order.neighbours.isEmpty ? .notMeasured : isPersistent ? .caution : .ok,
      order.neighbours.isEmpty
        ? "No two rows of a stratum follow each other along \(column)."
        : "Of \(order.neighbours.count) neighbours along \(column) "
          + (isPersistent
            ? "more are of one phase than chance gives: with units that persist too, permuted rows are no fair null."
            : "about as many are of one phase as chance gives."))
    let steps = context.progress.steps(recording.layers.count)
    for layer in recording.layers where layer.unitCount > 0 {
      try context.checkCancellation()
      defer { steps.done() }
      let layerRows = serial(SerialRows.rows(units: layer.unitCount))
      var isChosen = [Bool](repeating: false, count: codes.count)
      for row in layerRows.rows { isChosen[row] = true }
      let chosen = isChosen
      let values =
        layer.storesDoubles
        ? try recording.values(of: [layer], where: { chosen[$0] }, as: Double.self, threads: context.threads)
        : try recording.values(of: [layer], where: { chosen[$0] }, as: Float.self, threads: context.threads).map { Double($0) }
      let found = layerRows.autocorrelations(values, units: layer.unitCount).filter { !$0.isNaN }
      guard !found.isEmpty else {
        add(
          check, layer.name, nil, threshold: Self.mostAutocorrelation, .notMeasured,
          "No unit varies among neighbours along \(column) that have a stratum and phase in common with other rows.")
        continue
      }
      let mean = found.reduce(0, +) / Double(found.count)
      // Of few neighbours chance alone gives more.
      let threshold = max(Self.mostAutocorrelation, 2 / Double(layerRows.neighbours.count).squareRoot())
      let isHigh = mean > threshold
      add(
        check, layer.name, mean, threshold: threshold, isHigh ? .caution : .ok,
        isHigh
          ? "Successive rows along \(column) resemble each other: p-values that permute rows inside strata are too small where phases "
            + "persist too; exchange whole strata, or take one row of each stratum and phase."
          : "Successive rows along \(column) resemble each other little.")
    }
  }
}

extension RecordingView {
  /// A column of numbers, all finite.
  fileprivate func numbers(ofColumn name: String) throws -> [Double] {
    switch try rowColumn(name) {
    case .integers(let values): return values.map { Double($0) }
    case .numbers(let values):
      if let row = values.firstIndex(where: { !$0.isFinite }) {
        let (file, number) = origin(of: row)
        throw RecordingError.invalid(file: file, fault: "column \(name) holds \(values[row]) at row \(number). It needs finite values.")
      }
      return values
    case .strings:
      throw RecordingError.badInput(file: path, fault: "column \(name) holds text. Name one of numbers to order rows along.")
    }
  }
}
