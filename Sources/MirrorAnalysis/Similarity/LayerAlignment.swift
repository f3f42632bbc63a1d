import ActivationRecording
import Parallelism
import Statistics

/// How the products of units that CKA between layers takes are formed, so that they stay small.
///
/// Narrow layers are multiplied all at once. Wide ones of few rows are taken layer by layer as products of rows, which are fewer; of many
/// rows, two sets of layers at a time, which reads each set once for every other.
enum LayerAlignment {
  /// Layers of one set are multiplied all at once.
  case sets([[Int]])
  case products(ofRows: Int)

  /// Most columns of a set, unless a single layer has more.
  private static let mostColumns = 2048

  init(_ shape: RecordingShape, _ selections: [RowSelection]) {
    var sets: [[Int]] = []
    var columns = 0
    for (number, layer) in shape.layers.enumerated() {
      let own = layer.unitCount * (layer.storesDoubles ? 2 : 1)
      if !sets.isEmpty, columns + own <= Self.mostColumns {
        sets[sets.count - 1].append(number)
        columns += own
      } else {
        sets.append([number])
        columns = own
      }
    }
    let rows = selections.map { $0.count(in: shape) }.max() ?? 0
    self = sets.count > 1 && rows <= shape.widestLayer ? .products(ofRows: rows) : .sets(sets)
  }

  /// The layers that are read in step.
  var layersReadAtOnce: [[Int]] {
    guard case .sets(let sets) = self else { return [] }
    return sets.count == 1 ? sets : setPairs(sets).map { sets[$0] + sets[$1] }
  }

  /// Bytes at the peak beside blocks of rows.
  func bytes(_ shape: RecordingShape, _ selections: [RowSelection], permutations: Int, threads: Int) -> Double {
    guard shape.layers.count > 1 else { return 0 }
    let counts = selections.map { $0.count(in: shape) }
    switch self {
    case .sets(let sets):
      func bytes(_ left: [Int], _ right: [Int]?) -> Double {
        let isSplit = (left + (right ?? [])).contains { shape.layers[$0].storesDoubles }
        func units(_ layers: [Int]) -> Int { layers.reduce(0) { $0 + shape.layers[$1].unitCount } }
        let size = UnitProducts.Size(units: units(left), rightUnits: right.map(units), isSplit: isSplit)
        return UnitProducts.bytes(size, rows: counts, fileCount: shape.fileCount)
          + shape.gatheredBytes(
            counts, units: units(left + (right ?? [])), valueBytes: isSplit ? 8 : 4, threads: threads)
      }
      let within = sets.map { bytes($0, nil) }.max() ?? 0
      let products = max(within, setPairs(sets).map { bytes(sets[$0], sets[$1]) }.max() ?? 0)
      let norms = 8 * Double(counts.reduce(0, +)) * Double(shape.layers.count)
      let (rows, widest) = (Double(counts.max() ?? 0), Double(shape.widestLayer))
      let permuted =
        permutations > 0 ? 24 * rows * Double(shape.unitCount) + Double(max(1, threads)) * 8 * (rows * widest + widest * widest) : 0
      return norms + max(products, permuted)
    case .products(let rows):
      // Rows of several selections are taken once.
      let used = min(shape.rowCount, counts.reduce(0, +))
      let floats = ProductPrecision.suited(rows: shape.unitCount, pairs: used * used / 2)
      let held = shape.layers.reduce(0) { $0 + CentredGram.byteCount(rows: used, precision: $1.storesDoubles ? .double : floats) }
      let layer = shape.layers.map { layer in
        Double(layer.valueBytes * layer.unitCount) * Double(used)
          + CentredGram.workingBytes(rows: used, units: layer.unitCount, threads: threads)
      }
      let sums = AlignmentSums.workingBytes(sets: shape.layers.count, rows: rows, threads: threads)
      let permuted = permutations > 0 ? AlignedSets.byteCount(sets: shape.layers.count, rows: rows, threads: threads) : 0
      return held + max(layer.max() ?? 0, sums + permuted) + 60 * Double(shape.rowCount)
    }
  }
}

func setPairs(_ sets: [[Int]]) -> [(Int, Int)] {
  sets.indices.flatMap { first in (first + 1..<max(sets.count, first + 1)).map { (first, $0) } }
}

/// Where the units of some layers are, side by side.
func unitRanges(_ numbers: [Int], of layers: [RecordedLayer]) -> [Range<Int>] {
  var end = 0
  return numbers.map { number in
    end += layers[number].unitCount
    return end - layers[number].unitCount..<end
  }
}
