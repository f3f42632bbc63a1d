import ActivationRecording
import Statistics

/// The directions that a phase direction is compared with: those that the layer's variation inside the phases makes when the labels none,
/// self and other are dealt anew.
///
/// Each activation of a row has the mean of its phase taken off, over the rows that targets are chosen on. Labels are dealt among these
/// rows as every test of phases deals them (`PhaseDeals`: strata and pairs are kept), and the direction of the dealt labels is taken as that of
/// the labels as they are: the difference of means that noise alone makes. So a direction is compared with others that weigh the layer's
/// units as its variation does, not with random axes that nothing in the layer varies along. Had the direction been found in such noise, nothing
/// would tell it from these, so p ≤ α with probability at most α. Deals that part the rows alike count once, and the labels as they are not at all.
struct DirectionReferences: Sendable {
  /// Of each direction asked for, vectors of length 1 over the layer's units.
  let vectors: [PhaseDirection: [[Double]]]
  private let reason: String?
  private let wanted: Int

  /// - Parameters:
  ///   - select: phases of the rows that directions are found in.
  ///   - kinds: the directions to make references of.
  ///   - count: references of each, at most.
  /// - Throws: `RecordingError.notFinite`, `RecordingError.notEnoughRows` for a phase without rows, and what reading throws.
  init(
    of layer: RecordedLayer, in recording: RecordingView, select: PhaseRows, kinds: [PhaseDirection], count: Int, seed: UInt64,
    threads: Int
  ) throws {
    wanted = count
    guard count > 0 else {
      (vectors, reason) = ([:], nil)
      return
    }
    let phases: [Phase] = [.neither, .own, .other]
    try select.require(phases, in: recording.path)
    let rows = phases.flatMap { phase in select.codes.indices.filter { select.codes[$0] == phase.rawValue } }
    let counts = phases.map { select.count($0) }
    let groups = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    let blocks = try recording.exchangeBlocks(rows: rows, groups: groups, compared: [0b011, 0b101], choice: nil)
    let deals = try PhaseDeals(counts: counts, blocks: blocks)
    if let obstacle = deals.joint.reason {
      (vectors, reason) = ([:], obstacle)
      return
    }
    let labels = Self.labels(deals, groups: groups, count: count, seed: seed)
    let means = try phases.map { phase in
      try recording.moments(of: [layer], by: select, threads: threads)[0][phase].mean
    }
    let sums = try Self.sums(
      of: layer, in: recording, rows: rows, groups: groups, means: means, labels: labels, threads: threads)
    vectors = Self.vectors(sums, units: layer.unitCount, labels: labels, kinds: kinds)
    reason = nil
  }

  /// Why a direction has no p; nil where it has one, or where none was asked for.
  func obstacle(_ kind: PhaseDirection) -> String? {
    guard wanted > 0 else { return nil }
    if let reason { return reason }
    let count = vectors[kind]?.count ?? 0
    guard count < ReferenceSets.fewest else { return nil }
    return wanted < ReferenceSets.fewest
      ? "\(wanted) reference \(wanted == 1 ? "direction was" : "directions were") asked for; a p needs \(ReferenceSets.fewest)"
      : "\(count == 0 ? "no reference direction" : "only \(count) reference \(count == 1 ? "direction" : "directions")"); a p needs "
        + "\(ReferenceSets.fewest)"
  }

  /// Labels 0, 1 and 2 of each row in different deals, `[deals][rows]`.
  private static func labels(_ deals: PhaseDeals, groups: [UInt8], count: Int, seed: UInt64) -> [[UInt8]] {
    var seen: Set<[UInt8]> = [groups]
    var found: [[UInt8]] = []
    // Where there are few arrangements they are found long before this ends.
    for number in 1...(10 * count + 200) where found.count < count {
      var marks = groups
      marks.withUnsafeMutableBufferPointer { deals.marks(number, seed: seed, into: $0) }
      let labels = marks.map { $0 & 0b11 }
      if seen.insert(labels).inserted { found.append(labels) }
    }
    return found
  }

  /// Sums of the centred rows that each deal labels self, then of those that it labels other, `[2 × deals × units]`.
  private static func sums(
    of layer: RecordedLayer, in recording: RecordingView, rows: [Int], groups: [UInt8], means: [[Double]], labels: [[UInt8]], threads: Int
  ) throws -> [Double] {
    var places = [Int32](repeating: -1, count: recording.rowCount)
    for (place, row) in rows.enumerated() { places[row] = Int32(truncatingIfNeeded: place) }
    let work = CentredSums(places: places, groups: groups, means: means, labels: labels, units: layer.unitCount)
    var sums = [Double](repeating: 0, count: 2 * labels.count * layer.unitCount)
    func take(_ part: [Double]) {
      for index in part.indices { sums[index] += part[index] }
    }
    if layer.storesDoubles {
      try recording.mapBlocks(of: layer, threads: threads) { (range, block: UnsafeBufferPointer<Double>) in
        work.sums(of: block, rows: range)
      } take: {
        take($0)
      }
    } else {
      try recording.mapBlocks(of: layer, threads: threads) { (range, block: UnsafeBufferPointer<Float>) in
        work.sums(of: block, rows: range)
      } take: {
        take($0)
      }
    }
    return sums
  }

  private static func vectors(
    _ sums: [Double], units: Int, labels: [[UInt8]], kinds: [PhaseDirection]
  ) -> [PhaseDirection: [[Double]]] {
    let deals = labels.count
    var vectors: [PhaseDirection: [[Double]]] = [:]
    for (deal, labels) in labels.enumerated() {
      var counts = [0.0, 0.0, 0.0]
      for label in labels { counts[Int(label)] += 1 }
      guard counts.allSatisfy({ $0 > 0 }) else { continue }
      var (own, other) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
      for unit in 0..<units {
        let (first, second) = (sums[deal * units + unit], sums[(deals + deal) * units + unit])
        // Centred rows of all three add up to 0.
        let none = (first + second) / counts[0]
        own[unit] = first / counts[1] + none
        other[unit] = second / counts[2] + none
      }
      for kind in kinds {
        if let vector = kind.vector(own: own, other: other) { vectors[kind, default: []].append(vector) }
      }
    }
    return vectors
  }

  /// Bytes that references of a layer take, sums of blocks under way included.
  static func bytes(rows: Double, units: Double, kinds: Double, count: Double, threads: Double) -> Double {
    rows * (2 * count + 60) + count * units * (8 * kinds + 16 * (2 + 8 * threads)) + threads * 0x1p24
  }
}

/// Adds up centred rows by the labels of many deals, a block at a time.
private struct CentredSums: Sendable {
  /// Of each row of the recording its place among those in use; −1 for a row that is not.
  let places: [Int32]
  /// The phase of each row in use: 0 none, 1 self, 2 other.
  let groups: [UInt8]
  /// `[phases][units]`
  let means: [[Double]]
  /// `[deals][rows in use]`
  let labels: [[UInt8]]
  let units: Int

  func sums<Value: ActivationValue>(of block: UnsafeBufferPointer<Value>, rows: Range<Int>) -> [Double] {
    let deals = labels.count
    var sums = [Double](repeating: 0, count: 2 * deals * units)
    let used = rows.filter { places[$0] >= 0 }
    guard !used.isEmpty, deals > 0, units > 0 else { return sums }
    var centred = [Double](repeating: 0, count: used.count * units)
    var marks = [Double](repeating: 0, count: 2 * deals * used.count)
    for (index, row) in used.enumerated() {
      let place = Int(places[row])
      let mean = means[Int(groups[place])]
      let start = (row - rows.lowerBound) * units
      for unit in 0..<units { centred[index * units + unit] = Double(block[start + unit]) - mean[unit] }
      for deal in 0..<deals {
        let label = labels[deal][place]
        if label == 1 { marks[deal * used.count + index] = 1 } else if label == 2 { marks[(deals + deal) * used.count + index] = 1 }
      }
    }
    addProduct(marks, rows: 2 * deals, depth: used.count, centred, columns: units, to: &sums)
    return sums
  }
}
