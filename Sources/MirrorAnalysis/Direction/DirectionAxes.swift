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
    var (ofSelf, ofOther) = (0.0, 0.0)
    var unsettled: [String] = []
    for half in 0..<2 {
      let measured = groups[3 * (1 - half) + 2]
      for (phase, name) in [(1, "self"), (2, "other")] {
        let found = try self.rows.principalAxes(
          of: thinned(groups[3 * half + phase], to: size, group: 3 * half + phase, seed: seed), count: count, seed: seed, threads: threads)
        guard found.hasSettled else {
          unsettled.append(name)
          continue
        }
        let squares = try self.rows.squares(of: measured, along: found.axes, threads: threads)
        let share = squares.total > 0 ? squares.along.reduce(0, +) / squares.total : 0
        if phase == 1 { ofSelf += share / 2 } else { ofOther += share / 2 }
      }
    }
    if !unsettled.isEmpty {
      let names = ["self", "other"].filter { unsettled.contains($0) }
      row.explain("no shared_variance: \(Self.unsettled(count, names.joined(separator: " and ")))")
    } else if ofOther > 0 {
      row.sharedVariance = ofSelf / ofOther
      row.sharedNull = Double(count) / Double(liveCount) / ofOther
    } else {
      row.explain("no shared_variance: other does not vary along its axes")
    }
    try setAngles(of: &row, seed: seed, threads: threads)
  }

  private static var angleCount: Int { 3 }

  private func setAngles(of row: inout DirectionRow, seed: UInt64, threads: Int) throws {
    let phases = [(rowNumbers { $0 % 3 == 1 }, "self"), (rowNumbers { $0 % 3 == 2 }, "other")]
    let fewest = phases.map { $0.0.count }.min() ?? 0
    // Axes that span the layer have no angles.
    let count = min(Self.angleCount, liveCount - 1, fewest - 1)
    guard count > 0 else {
      return row.explain("no angles: \(liveCount < 2 ? "fewer than two units vary" : "self or other has a single row")")
    }
    if count < Self.angleCount {
      let few = liveCount <= Self.angleCount ? "\(liveCount) units vary" : "self or other has \(fewest) rows"
      row.explain("\(count) \(count == 1 ? "angle" : "angles") only: \(few)")
    }
    var axes: [[Double]] = []
    for (rows, name) in phases {
      let found = try self.rows.principalAxes(of: rows, count: count, seed: seed, threads: threads)
      guard found.hasSettled, found.count == count else { return row.explain("no angles: \(Self.unsettled(count, name))") }
      guard found.isSeparated else { return row.explain("no angles: axis \(count) of \(name) is not separated from the next one") }
      axes.append(found.axes)
    }
    row.angles = PrincipalAxes.angles(axes[0], axes[1], count: count)
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
