internal import CKernels
import Parallelism

/// Labels 0 and 1 of rows in many sets, a bit each; see `mirrorscope_label_sums_float`.
public struct PackedLabels: Sendable {
  public let sets: Int
  /// Labels of a set.
  public let perSet: Int
  public let rowCount: Int
  /// `[batches × perSet × sets]`
  let words: [UInt64]
  /// Of each label of a set, the batches in which some set has a mark of it.
  let marked: [[Range<Int>]]

  static let rowsPerBatch = Int(MIRRORSCOPE_LABEL_BATCH)

  /// - Parameters:
  ///   - perSet: at most 8.
  ///   - mark: writes the marks of a set, one per row, whose bits are the labels of the set; runs on any thread.
  public init(
    sets: Int, perSet: Int, rows: Int, threads: Int, mark: @Sendable (_ set: Int, _ marks: UnsafeMutableBufferPointer<UInt8>) -> Void
  ) throws {
    (self.sets, self.perSet, rowCount) = (sets, perSet, rows)
    let (batches, stride, batch) = (Self.batches(rows), sets * perSet, Self.rowsPerBatch)
    var words = [UInt64](repeating: 0, count: batches * stride)
    try words.withUnsafeMutableBufferPointer { words in
      // Each set has words of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let words = words
      _ = try mapBlocks(count: sets, threads: threads) { set in
        var marks = [UInt8](repeating: 0, count: batches * batch)
        marks.withUnsafeMutableBufferPointer { marks in
          mark(set, UnsafeMutableBufferPointer(rebasing: marks[..<rows]))
          for number in 0..<batches {
            for label in 0..<perSet {
              var word: UInt64 = 0
              for row in 0..<batch {
                word |= UInt64((marks[number * batch + row] &>> UInt8(truncatingIfNeeded: label)) & 1) &<< UInt64(row)
              }
              words[number * stride + label * sets + set] = word
            }
          }
        }
      }
    }
    self.words = words
    marked = (0..<perSet).map { label in
      var ranges: [Range<Int>] = []
      for number in 0..<batches {
        let first = number * stride + label * sets
        guard words[first..<first + sets].contains(where: { $0 != 0 }) else { continue }
        if ranges.last?.upperBound == number {
          ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<number + 1
        } else {
          ranges.append(number..<number + 1)
        }
      }
      return ranges
    }
  }

  /// Labels of some sets that can be summed at once: those whose words lie side by side and whose marks are in the same batches.
  func sideBySide(_ sets: Range<Int>) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for label in 0..<perSet {
      if let last = result.last, sets.count == self.sets, marked[last.lowerBound] == marked[label] {
        result[result.count - 1] = last.lowerBound..<label + 1
      } else {
        result.append(label..<label + 1)
      }
    }
    return result
  }

  static func batches(_ rows: Int) -> Int { (rows + rowsPerBatch - 1) / rowsPerBatch }

  /// Bytes of the labels of a set.
  public static func bytes(rows: Double, perSet: Int) -> Double {
    8 * Double(perSet) * (rows / Double(rowsPerBatch)).rounded(.up)
  }
}

extension ScaledRows {
  private static var batchesPerStep: Int { 16 }
  private static var labelsPerBlock: Int { 4096 }
  private static var unitsPerBlock: Int { 32 }

  /// Sums, and sums of squares, over the rows that each label marks, in blocks of sets and units of fixed sizes: `threads` changes no
  /// digit.
  ///
  /// Sums of floats are formed as floats over 1,024 rows at a time, and added as doubles; those of doubles as doubles.
  ///
  /// - Parameters:
  ///   - labels: of all rows, or of the first of them.
  ///   - squares: whether sums of squares are formed too; without them they are empty.
  ///   - body: gets the sums; runs on any thread.
  /// - Returns: what `body` gave, blocks of units of one block of sets together.
  /// - Throws: `StatisticsError.shape` where there are more labels than rows.
  public func mapSums<Result: Sendable>(
    of labels: PackedLabels, squares withSquares: Bool = true, threads: Int, _ body: @Sendable (RowProducts) throws -> Result
  ) throws -> [Result] {
    guard labels.rowCount <= rowCount else {
      throw StatisticsError.shape(what: "labels of the rows", expected: rowCount, found: labels.rowCount)
    }
    let (units, perSet, sets) = (unitCount, labels.perSet, labels.sets)
    let setsPerBlock = max(1, Self.labelsPerBlock / max(1, perSet))
    let unitBlocks = (units + Self.unitsPerBlock - 1) / Self.unitsPerBlock
    let setBlocks = (sets + setsPerBlock - 1) / setsPerBlock
    return try mapBlocks(count: setBlocks * unitBlocks, threads: threads) { number in
      let firstSet = number / unitBlocks * setsPerBlock
      let firstUnit = number % unitBlocks * Self.unitsPerBlock
      let ownSets = firstSet..<min(firstSet + setsPerBlock, sets)
      let ownUnits = firstUnit..<min(firstUnit + Self.unitsPerBlock, units)
      let size = ownSets.count * perSet * ownUnits.count
      var (sums, squares) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: withSquares ? size : 0))
      for first in stride(from: 0, to: ownUnits.count, by: Value.labelTile) {
        let tile = first..<min(first + Value.labelTile, ownUnits.count)
        let rows = packed(
          ownUnits.lowerBound + tile.lowerBound..<ownUnits.lowerBound + tile.upperBound, width: Value.labelTile,
          rows: PackedLabels.batches(labels.rowCount) * PackedLabels.rowsPerBatch)
        addSums(rows, labels, ownSets, to: &sums, tile, of: ownUnits.count)
        if withSquares { addSums(Value.squares(rows), labels, ownSets, to: &squares, tile, of: ownUnits.count) }
      }
      return try body(RowProducts(sets: ownSets, units: ownUnits, perSet: perSet, sums: sums, squares: squares))
    }
  }

  /// Adds the sums of each label over the batches in which it has marks; the others would add 0. A step is the same batches whichever are
  /// marked, so that no digit depends on it.
  ///
  /// - Parameters:
  ///   - rows: `[batches × 64 × tile]`
  ///   - tile: the units among those of `sums`, `[sets × perSet × units]`.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  private func addSums(
    _ rows: [Value], _ labels: PackedLabels, _ sets: Range<Int>, to sums: inout [Double], _ tile: Range<Int>, of units: Int
  ) {
    let (width, stride) = (Value.labelTile, labels.sets * labels.perSet)
    var part = [Value](repeating: 0, count: labels.perSet * sets.count * width)
    rows.withUnsafeBufferPointer { rows in
      labels.words.withUnsafeBufferPointer { words in
        part.withUnsafeMutableBufferPointer { part in
          sums.withUnsafeMutableBufferPointer { sums in
            guard let rows = rows.baseAddress, let words = words.baseAddress, let part = part.baseAddress, let sums = sums.baseAddress
            else { return }
            for own in labels.sideBySide(sets) {
              func move() {
                for label in own {
                  Value.move(
                    part + (label - own.lowerBound) * sets.count * width, rows: sets.count, width: width,
                    to: sums + label * units + tile.lowerBound, count: tile.count, stride: labels.perSet * units)
                }
              }
              var step: Int?
              for range in labels.marked[own.lowerBound] {
                var first = range.lowerBound
                while first < range.upperBound {
                  let end = min((first / Self.batchesPerStep + 1) * Self.batchesPerStep, range.upperBound)
                  if let step, step != first / Self.batchesPerStep { move() }
                  step = first / Self.batchesPerStep
                  Value.addLabelSums(
                    rows + first * PackedLabels.rowsPerBatch * width, batches: end - first,
                    marks: words + first * stride + own.lowerBound * labels.sets + sets.lowerBound, stride: stride,
                    labels: own.count * sets.count, to: part)
                  first = end
                }
              }
              if step != nil { move() }
            }
          }
        }
      }
    }
  }

  /// Bytes of the sums that a thread forms at a time.
  public static func sumBytes(rows: Double) -> Double {
    Double(labelsPerBlock * (16 * unitsPerBlock + 8 * 16)) + 2 * 64 * (rows + 64)
  }
}
