import ActivationRecording
import Statistics

/// Which axes the rows of self and of other vary along.
extension DirectionUnits {
  /// Variance of other along the first axes of self, against its own and random ones; and the angles between the axes of both.
  ///
  /// Axes of self and of other are taken from one half of their rows, as many of each, and variance of other is measured on its other half:
  /// axes fit the noise of the rows that they are taken from, and the more so the fewer there are.
  func fillAxes(_ row: inout DirectionRow, axes: Int, seed: UInt64, threads: Int) throws {
    let groups = (0..<6).map { group in rowNumbers { $0 == group } }
    let size = [1, 2, 4, 5].map { groups[$0].count }.min() ?? 0
    let count = min(axes, liveCount, size - 1)
    guard count > 0 else {
      return row.explain(liveCount < 1 ? "no axes: no unit varies" : "no axes: a half of self or other has fewer than two rows")
    }
    row.axisCount = count
    let (angleCount, fewAngles) = self.angleCount
    // The rows of self and those of other are read once each, where they are not held.
    var (shares, angleAxes) = ([[Double]](repeating: [], count: 2), [PrincipalAxes]())
    var ofHalves: [[PrincipalAxes]] = []
    for phase in [UInt8(1), 2] {
      let (rows, first) = try self.rows.phase(phase, of: index, threads: threads)
      func axes(_ numbers: [Int32], _ count: Int) throws -> PrincipalAxes {
        try rows.principalAxes(of: numbers.map { $0 - first }, count: count, seed: seed, threads: threads)
      }
      ofHalves.append(
        try (0..<2).map { half in
          let group = 3 * half + Int(phase)
          return try axes(thinned(groups[group], to: size, group: group, seed: seed), count)
        })
      if angleCount > 0 { angleAxes.append(try axes(rowNumbers { $0 % 3 == Int(phase) }, angleCount)) }
      guard phase == 2 else { continue }
      // Variance of other in the half that axes were not taken from, along each phase's.
      for (number, found) in ofHalves.enumerated() where found.allSatisfy(\.hasSettled) {
        for half in 0..<2 {
          let measured = groups[3 * (1 - half) + 2].map { $0 - first }
          let squares = try rows.squares(of: measured, along: found[half].axes, threads: threads)
          shares[number].append(squares.total > 0 ? squares.along.reduce(0, +) / squares.total : 0)
        }
      }
    }
    let unsettled = ["self", "other"].indices.filter { shares[$0].isEmpty }.map { ["self", "other"][$0] }
    let ofOther = shares[1].reduce(0, +) / 2
    if !unsettled.isEmpty {
      row.explain("no shared_variance: \(Self.unsettled(count, unsettled.joined(separator: " and ")))")
    } else if ofOther > 0 {
      row.sharedVariance = shares[0].reduce(0, +) / 2 / ofOther
      row.sharedNull = Double(count) / Double(liveCount) / ofOther
    } else {
      row.explain("no shared_variance: other does not vary along its axes")
    }
    if let fewAngles { row.explain(fewAngles) }
    if angleCount > 0 { setAngles(of: &row, angleAxes, count: angleCount) }
  }

  private static var mostAngles: Int { 3 }

  /// How many angles there can be, and why no more.
  private var angleCount: (count: Int, reason: String?) {
    let fewest = [1, 2].map { phase in rowNumbers { $0 % 3 == phase }.count }.min() ?? 0
    // Axes that span the layer have no angles.
    let count = min(Self.mostAngles, liveCount - 1, fewest - 1)
    guard count > 0 else { return (0, "no angles: \(liveCount < 2 ? "fewer than two units vary" : "self or other has a single row")") }
    guard count < Self.mostAngles else { return (count, nil) }
    let few = liveCount <= Self.mostAngles ? "\(liveCount) units vary" : "self or other has \(fewest) rows"
    return (count, "\(count) \(count == 1 ? "angle" : "angles") only: \(few)")
  }

  private func setAngles(of row: inout DirectionRow, _ axes: [PrincipalAxes], count: Int) {
    for (found, name) in zip(axes, ["self", "other"]) {
      guard found.hasSettled, found.count == count else { return row.explain("no angles: \(Self.unsettled(count, name))") }
      guard found.isSeparated else { return row.explain("no angles: axis \(count) of \(name) is not separated from the next one") }
    }
    row.angles = PrincipalAxes.angles(axes[0].axes, axes[1].axes, count: count)
  }

  private static func unsettled(_ count: Int, _ phases: String) -> String {
    let axes = count == 1 ? "the first axis" : "the first \(count) axes"
    return "\(axes) of \(phases) \(count == 1 ? "does" : "do") not settle, for want of variance or of differences between variances"
  }

  private func rowNumbers(_ isIn: (Int) -> Bool) -> [Int32] {
    index.halfPhase.indices.filter { isIn(Int(index.halfPhase[$0])) }.map { Int32(truncatingIfNeeded: $0) }
  }

  /// Some of the rows, drawn at random where there are more, in order.
  private func thinned(_ rows: [Int32], to count: Int, group: Int, seed: UInt64) -> [Int32] {
    guard rows.count > count else { return rows }
    var stream = RandomStream(seed: seed, purpose: "direction: rows of axes", index: UInt64(group))
    return rows.shuffled(using: &stream).prefix(count).sorted()
  }
}
