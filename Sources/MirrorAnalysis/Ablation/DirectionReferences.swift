import ActivationRecording
import Statistics

/// The directions that a phase direction is compared with: those that the same rows make when their labels are dealt anew.
///
/// Labels are dealt among the rows that targets are chosen on as every test of phases deals them (strata and pairs are kept), and the direction of
/// the dealt labels is taken as that of the labels as they are: `self` from none and self alone, `other` from none and other, `shared` from all
/// three. Where the phases do nothing, nothing tells the direction from these, so p ≤ α with probability at most α: a permutation test whose
/// statistic is the effect of ablation. Deals that part the rows alike count once, and the labels as they are not at all.
struct DirectionReferences: Sendable {
  /// Of one kind of direction.
  struct Found: Sendable {
    /// Of length 1 over the layer's units.
    var vectors: [[Double]] = []
    /// What was dealt, and among how many blocks.
    let design: ExchangeDesign?
    let blockCount: Int
    /// Why nothing is dealt; nil where it is.
    let reason: String?
    let note: String?
  }

  private let found: [PhaseDirection: Found]
  private let wanted: Int

  subscript(_ kind: PhaseDirection) -> Found? { found[kind] }

  /// - Parameters:
  ///   - select: phases of the rows that directions are found in.
  ///   - kinds: the directions to make references of.
  ///   - count: references of each, at most.
  ///   - choice: what the user wants exchanged; nil takes what is found.
  /// - Throws: `RecordingError.notFinite`, `RecordingError.notEnoughRows` for a phase without rows, and what reading throws.
  init(
    of layer: RecordedLayer, in recording: RecordingView, select: PhaseRows, kinds: [PhaseDirection], count: Int,
    choice: ExchangeDesign?, seed: UInt64, threads: Int
  ) throws {
    wanted = count
    guard count > 0 else {
      found = [:]
      return
    }
    try select.require([.neither, .own, .other], in: recording.path)
    // Where all rows lie: sums are of what is left, so that large means cost no digits.
    let moments = try recording.moments(of: [layer], by: select, threads: threads)[0]
    let origin = moments[.neither].mean
    let scale = (0..<layer.unitCount).reduce(0.0) { max($0, (moments[.neither].variance($1) ?? 0).squareRoot()) }
    var found: [PhaseDirection: Found] = [:]
    for kind in kinds {
      var deals = try PhaseDirectionDeals(kind, in: recording, select: select, choice: choice)
      if deals.exchange.reason == nil {
        // A block of rows is not to make more than some megabytes of sums.
        let size = max(1, Self.sumBytes / (16 * layer.unitCount))
        for labels in deals.labels(count: count, seed: seed).chunked(into: size) {
          deals.vectors += try DealtSums(
            labels, of: deals, layer: layer, recording: recording, origin: origin, threads: threads
          ).vectors(longerThan: 1e-9 * scale)
        }
      }
      found[kind] = Found(
        vectors: deals.vectors, design: deals.exchange.design, blockCount: deals.exchange.movableBlockCount,
        reason: deals.exchange.reason, note: deals.exchange.note)
    }
    self.found = found
  }

  private static let sumBytes = 8 << 20

  /// Why a direction has no p; nil where it has one, or where none was asked for.
  func obstacle(_ kind: PhaseDirection) -> String? {
    guard wanted > 0, let found = found[kind] else { return nil }
    if let reason = found.reason { return reason }
    let count = found.vectors.count
    guard count < ReferenceSets.fewest else { return nil }
    return wanted < ReferenceSets.fewest
      ? "\(wanted) reference \(wanted == 1 ? "direction was" : "directions were") asked for; a p needs \(ReferenceSets.fewest)"
      : "\(count == 0 ? "no reference direction" : "only \(count) reference \(count == 1 ? "direction" : "directions")"); a p needs "
        + "\(ReferenceSets.fewest)"
  }

  /// Bytes that references of a layer take, sums of blocks under way included.
  static func bytes(rows: Double, units: Double, kinds: Double, count: Double, threads: Double) -> Double {
    rows * (2 * count + 60) + 8 * kinds * count * units + (8 * threads + 2) * (Double(sumBytes) + 16 * units) + threads * 0x1p25
  }
}

/// The rows of the phases that a kind of direction is made of, and the deals of their labels.
private struct PhaseDirectionDeals {
  let kind: PhaseDirection
  /// Row numbers: none first, then self, then other.
  let rows: [Int]
  let exchange: Exchangeability
  private let groups: [UInt8]
  var vectors: [[Double]] = []

  init(_ kind: PhaseDirection, in recording: RecordingView, select: PhaseRows, choice: ExchangeDesign?) throws {
    let phases: [Phase] =
      switch kind {
      case .own: [.neither, .own]
      case .other: [.neither, .other]
      case .shared: [.neither, .own, .other]
      }
    self.kind = kind
    rows = phases.flatMap { phase in select.codes.indices.filter { select.codes[$0] == phase.rawValue } }
    groups = phases.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: select.count($1)) }
    let blocks = try recording.exchangeBlocks(
      rows: rows, groups: groups, compared: kind == .shared ? [0b011, 0b101] : [0b011], choice: choice)
    exchange = try Exchangeability(groups: groups, groupCount: phases.count, blocks: blocks, choice: choice)
  }

  /// Labels of each row in different deals, `[deals][rows]`: 0 none, then as `rows` has the phases.
  func labels(count: Int, seed: UInt64) -> [[UInt8]] {
    var seen: Set<[UInt8]> = [groups]
    var found: [[UInt8]] = []
    // Where there are few arrangements they are found long before this ends.
    for number in 1...(10 * count + 200) where found.count < count {
      var stream = RandomStream(seed: seed, purpose: "ablation directions \(kind.rawValue)", index: UInt64(number))
      let labels = exchange.dealtRows(stream: &stream)
      if seen.insert(labels).inserted { found.append(labels) }
    }
    return found
  }
}

/// Sums of a layer's rows by the labels that some deals give them.
private struct DealtSums {
  private let kind: PhaseDirection
  private let labels: [[UInt8]]
  private let units: Int
  /// Labels other than none.
  private let treated: Int
  /// Of each treated label and deal, `[labels × deals × units]`, and of all rows, `[units]`.
  private var sums: [Double]

  init(
    _ labels: [[UInt8]], of deals: PhaseDirectionDeals, layer: RecordedLayer, recording: RecordingView, origin: [Double], threads: Int
  ) throws {
    (kind, self.labels, units) = (deals.kind, labels, layer.unitCount)
    treated = deals.exchange.groupCount - 1
    sums = [Double](repeating: 0, count: (treated * labels.count + 1) * units)
    var places = [Int32](repeating: -1, count: recording.rowCount)
    for (place, row) in deals.rows.enumerated() { places[row] = Int32(truncatingIfNeeded: place) }
    let block = DealtBlock(places: places, labels: labels, treated: treated, origin: origin)
    func add(_ part: [Double]) {
      for index in part.indices { sums[index] += part[index] }
    }
    if layer.storesDoubles {
      try recording.mapBlocks(of: layer, threads: threads) { (rows, values: UnsafeBufferPointer<Double>) in
        block.sums(of: values, rows: rows)
      } take: {
        add($0)
      }
    } else {
      try recording.mapBlocks(of: layer, threads: threads) { (rows, values: UnsafeBufferPointer<Float>) in
        block.sums(of: values, rows: rows)
      } take: {
        add($0)
      }
    }
  }

  /// The direction of each deal; none of one that is not longer than rounding.
  func vectors(longerThan least: Double) -> [[Double]] {
    let deals = labels.count
    return labels.enumerated().compactMap { deal, labels in
      var counts = [Double](repeating: 0, count: treated + 1)
      for label in labels { counts[Int(label)] += 1 }
      guard counts.allSatisfy({ $0 > 0 }) else { return nil }
      let parts = (0..<treated).map { label in sums[(label * deals + deal) * units..<(label * deals + deal + 1) * units] }
      let all = sums[treated * deals * units..<(treated * deals + 1) * units]
      let none = (0..<units).map { unit in
        (all[all.startIndex + unit] - parts.reduce(0) { $0 + $1[$1.startIndex + unit] }) / counts[0]
      }
      let contrasts = parts.enumerated().map { label, part in
        (0..<units).map { part[part.startIndex + $0] / counts[label + 1] - none[$0] }
      }
      guard contrasts.allSatisfy({ contrast in contrast.contains { abs($0) > least } }) else { return nil }
      return kind.vector(own: contrasts[0], other: contrasts[treated - 1])
    }
  }
}

/// Adds up the rows of one block.
private struct DealtBlock: Sendable {
  /// Of each row of the recording its place among those in use; −1 for a row that is not.
  let places: [Int32]
  /// `[deals][rows in use]`
  let labels: [[UInt8]]
  let treated: Int
  /// What is taken off each unit.
  let origin: [Double]

  func sums<Value: ActivationValue>(of block: UnsafeBufferPointer<Value>, rows: Range<Int>) -> [Double] {
    let (deals, units) = (labels.count, origin.count)
    let sumRows = treated * deals + 1
    var sums = [Double](repeating: 0, count: sumRows * units)
    let used = rows.filter { places[$0] >= 0 }
    guard !used.isEmpty, units > 0 else { return sums }
    var values = [Double](repeating: 0, count: used.count * units)
    var marks = [Double](repeating: 0, count: sumRows * used.count)
    for (index, row) in used.enumerated() {
      let (place, start) = (Int(places[row]), (row - rows.lowerBound) * units)
      for unit in 0..<units { values[index * units + unit] = Double(block[start + unit]) - origin[unit] }
      for deal in 0..<deals where labels[deal][place] > 0 {
        marks[((Int(labels[deal][place]) - 1) * deals + deal) * used.count + index] = 1
      }
      marks[treated * deals * used.count + index] = 1
    }
    addProduct(marks, rows: sumRows, depth: used.count, values, columns: units, to: &sums)
    return sums
  }
}

extension Array {
  fileprivate func chunked(into size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: Swift.max(1, size)).map { Array(self[$0..<Swift.min($0 + Swift.max(1, size), count)]) }
  }
}
