import ActivationRecording
import Parallelism
import Statistics

/// The activations of one layer in memory, as precise as they are stored: floats take half of what doubles take.
///
/// They lie in the blocks of rows in which they are read, so moments have the digits of those that are taken while reading.
struct RecordedActivations: Sendable {
  private enum Blocks: Sendable {
    /// `[blocks][rows × units]`
    case floats([[Float]])
    case doubles([[Double]])
  }

  let layer: RecordedLayer
  let rowCount: Int
  private let blockRows: Int
  /// Rows of each file, and its first block: blocks end where a file does.
  private let files: [(rows: Range<Int>, firstBlock: Int)]
  private let blocks: Blocks

  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity, and what reading throws.
  init(of layer: RecordedLayer, in recording: RecordingView, threads: Int) throws {
    self.layer = layer
    rowCount = recording.rowCount
    let blockRows = RecordingSchema.rowsPerBlock(unitCount: layer.unitCount)
    var firstBlock = 0
    files = recording.files.map { file in
      defer { firstBlock += (file.rows.count + blockRows - 1) / blockRows }
      return (file.rows, firstBlock)
    }
    self.blockRows = blockRows
    blocks =
      layer.storesDoubles
      ? .doubles(try recording.allBlocks(of: layer, threads: threads)) : .floats(try recording.allBlocks(of: layer, threads: threads))
  }

  /// Some rows as doubles, `[rows × units]`, row-major.
  func rows(_ rows: some Collection<Int>) -> [Double] {
    let width = layer.unitCount
    var result: [Double] = []
    result.reserveCapacity(rows.count * width)
    for row in rows {
      guard let file = files.last(where: { $0.rows.lowerBound <= row }) else { continue }
      let place = row - file.rows.lowerBound
      let (block, start) = (file.firstBlock + place / blockRows, place % blockRows * width)
      switch blocks {
      case .floats(let blocks):
        for value in blocks[block][start..<start + width] { result.append(Double(value)) }
      case .doubles(let blocks): result.append(contentsOf: blocks[block][start..<start + width])
      }
    }
    return result
  }

  /// The moments of every unit in each phase: those that `RecordingView.moments` gives, to the last digit.
  func moments(by rows: PhaseRows, threads: Int) throws -> LayerMoments {
    switch blocks {
    case .floats(let blocks):
      try moments(of: blocks, by: rows, threads: threads) { moments, block, indices in
        try block.withUnsafeBufferPointer { values throws(NonFiniteValue) in try moments.add(values, indices: indices) }
      }
    case .doubles(let blocks):
      try moments(of: blocks, by: rows, threads: threads) { moments, block, indices in
        try block.withUnsafeBufferPointer { values throws(NonFiniteValue) in try moments.add(values, indices: indices) }
      }
    }
  }

  private func moments<Value: ActivationValue>(
    of blocks: [[Value]], by rows: PhaseRows, threads: Int,
    add: @Sendable (inout UnitMoments, [Value], [Int32]) throws -> Void
  ) throws -> LayerMoments {
    var result = LayerMoments(of: layer)
    let nothing = result.phases
    for file in files {
      let parts = try mapBlocks(count: (file.rows.count + blockRows - 1) / blockRows, threads: threads) { number in
        var parts = nothing
        let first = file.rows.lowerBound + number * blockRows
        let indices = rows.positions(in: first..<min(first + blockRows, file.rows.upperBound))
        for phase in parts.indices { try add(&parts[phase], blocks[file.firstBlock + number], indices[phase]) }
        return parts
      }
      var ofFile = LayerMoments(of: layer)
      for part in parts { try ofFile.merge(part) }
      try result.merge(ofFile.phases)
    }
    return result
  }
}

extension RecordingView {
  /// Every row of a layer, block by block.
  fileprivate func allBlocks<Value: ActivationValue>(of layer: RecordedLayer, threads: Int) throws -> [[Value]] {
    var blocks: [[Value]] = []
    for file in files {
      try file.view.mapRows(of: [layer], selections: [{ _ in true }], threads: threads) { (_, values: [Value]) in
        values
      } take: { parts in
        blocks += parts
      }
    }
    return blocks
  }
}
