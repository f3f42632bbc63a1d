import ActivationRecording

/// Which layers are in memory together where labels are permuted: narrow ones, so that a permutation is dealt once for all of them.
struct LayerGroups {
  /// Bytes up to which several layers are in memory together; one that takes more is alone.
  var bytes = 256.0 * 1024 * 1024
  /// Units up to which layers are together: with more of them, dealing takes little beside what is summed.
  var units = 1024

  struct Layer {
    let unitCount: Int
    let bytes: Double
    let storesDoubles: Bool
  }

  /// Which layers, one after the other, are in memory together: of one type, and no more than have room.
  func groups(_ layers: [Layer]) -> [Range<Int>] {
    var (groups, first, held, heldUnits) = ([Range<Int>](), 0, 0.0, 0)
    for (index, layer) in layers.enumerated() {
      if index > first,
        held + layer.bytes > bytes || heldUnits + layer.unitCount > units || layer.storesDoubles != layers[first].storesDoubles
      {
        groups.append(first..<index)
        (first, held, heldUnits) = (index, 0, 0)
      }
      held += layer.bytes
      heldUnits += layer.unitCount
    }
    return first < layers.count ? groups + [first..<layers.count] : groups
  }
}

extension RecordedLayer {
  /// Units in parts of which so many rows fit into some memory; one unit at least.
  func parts(rows: Int, holding bytes: Int) -> [Range<Int>] {
    let width = max(1, min(unitCount, bytes / max(1, rows * (storesDoubles ? 8 : 4))))
    return stride(from: 0, to: unitCount, by: width).map { $0..<min($0 + width, unitCount) }
  }
}
