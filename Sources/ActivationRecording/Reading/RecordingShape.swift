import HDF5

/// How large a recording is: what an analysis knows of it when it says how much memory it needs, before a row of activations is read.
public struct RecordingShape: Sendable {
  public struct Layer: Sendable {
    public let name: String
    public let unitCount: Int
    public let storesDoubles: Bool
    public let isOwnLayer: Bool
    public let isOutput: Bool

    public init(name: String, unitCount: Int, storesDoubles: Bool = false, isOwnLayer: Bool = true, isOutput: Bool = false) {
      self.name = name
      self.unitCount = unitCount
      self.storesDoubles = storesDoubles
      self.isOwnLayer = isOwnLayer
      self.isOutput = isOutput
    }

    /// Bytes of an activation in memory.
    public var valueBytes: Int { storesDoubles ? 8 : 4 }
  }

  public let rowCount: Int
  public let layers: [Layer]
  /// Rows of each phase, in the order of `Phase.allCases`, after the partner filter; as many as all rows where phases are not read.
  public let phaseCounts: [Int]
  /// Different strata; nil where there are none, or they are not read.
  public let stratumCount: Int?
  public let inputCount: Int?
  public let actionCount: Int?
  /// Whether the right actions are recorded.
  public let hasLabels: Bool
  /// Files that are taken as one.
  public let fileCount: Int

  public init(
    rowCount: Int, layers: [Layer], phaseCounts: [Int]? = nil, stratumCount: Int? = nil, inputCount: Int? = nil, actionCount: Int? = nil,
    hasLabels: Bool = true, fileCount: Int = 1
  ) {
    self.fileCount = fileCount
    self.rowCount = rowCount
    self.layers = layers
    self.phaseCounts = phaseCounts ?? Phase.allCases.map { _ in rowCount }
    self.stratumCount = stratumCount
    self.inputCount = inputCount
    self.actionCount = actionCount
    self.hasLabels = hasLabels
  }

  /// Units of all layers.
  public var unitCount: Int { layers.reduce(0) { $0 + $1.unitCount } }
  public var widestLayer: Int { layers.map(\.unitCount).max() ?? 0 }
  /// Bytes of an activation where all layers are read side by side.
  public var valueBytes: Int { layers.map(\.valueBytes).max() ?? 4 }

  /// Rows of a phase.
  public func count(_ phase: Phase) -> Int { phaseCounts[Int(phase.rawValue)] }
}

extension RecordingView {
  /// The shape of what is seen.
  ///
  /// - Parameter columns: those of `/phase` and `/stratum` that are counted, which reads them.
  public func shape(counting columns: Set<CountedColumn>) throws -> RecordingShape {
    RecordingShape(
      rowCount: rowCount,
      layers: layers.map {
        RecordingShape.Layer(
          name: $0.name, unitCount: $0.unitCount, storesDoubles: $0.storesDoubles, isOwnLayer: $0.isOwnLayer, isOutput: $0.isOutput)
      },
      phaseCounts: columns.contains(.phase) ? try phases.counts : nil,
      stratumCount: columns.contains(.stratum) ? try strata.map { Set($0).count } : nil, inputCount: inputCount,
      actionCount: actionNames?.count, hasLabels: first.has(.label), fileCount: parts.count)
  }

  /// A column whose values decide how much memory an analysis needs.
  public enum CountedColumn: Sendable {
    case phase, stratum
  }

  /// Bytes that reading takes beside what an analysis makes of the rows: blocks under way, the chunks that they lie in, and the columns.
  ///
  /// - Parameters:
  ///   - groups: layers that are read at once, one group after the other.
  ///   - threads: that read.
  public func readingBytes(of groups: [[RecordedLayer]], threads: Int) -> Int {
    let storedRows = parts.reduce(0) { $0 + $1.recording.rowCount }
    // Rows of joined files and rows that are picked out are copied on the way: as read, gathered, waiting, cut anew.
    let copies: Double = isRegrouped ? 4 : 2
    let blocks = groups.map { group -> Double in
      let shape = BlockShape(group, threads: threads)
      let units = group.reduce(0) { $0 + $1.unitCount }
      let valueBytes = group.contains(where: \.storesDoubles) ? 8 : 4
      // What a thread works on, and what results hold of it until they are taken.
      let window = Double(shape.blocksInFlight) * Double(min(shape.blockRows, max(1, storedRows))) * Double(units) * Double(valueBytes)
      return group.reduce(copies * window) { $0 + bandBytes(of: $1, blockRows: shape.blockRows, threads: threads) }
    }
    // Phases, filter, strata, pairs, labels, splits; numbers of kept rows; columns by name, which may be text.
    let names = [selection.stratumColumn, selection.pairColumn].compactMap { $0 }.count + (selection.condition?.columns.count ?? 0)
    let columnBytes = 24 + (isRegrouped ? 8 : 0) + 32 * Double(names + (selection.phases == .recorded ? 0 : 1))
    return byteCount((blocks.max() ?? 0) + columnBytes * Double(storedRows))
  }

  /// Bytes of the rows of chunks that are decoded at a time.
  private func bandBytes(of layer: RecordedLayer, blockRows: Int, threads: Int) -> Double {
    parts.map { part -> Double in
      let dataset = (part.recording.layers.first { $0.name == layer.name } ?? layer).activations
      guard let chunk = dataset.chunkShape, let bandRows = chunk.first else { return 0 }
      let stored = Double(layer.stored.encoding.storedByteCount)
      let band = Double(bandRows) * Double(max(layer.unitCount, 1)) * stored
      let isOneBlock = bandRows == blockRows
      let ahead = isOneBlock ? 0 : min(8 * band, max(band, 0x1p26))
      // No more than the file has.
      let count = Double(max(0, part.recording.rowCount - 1) / max(1, bandRows) + 1)
      // The chunk as stored, and what it is decoded through.
      return min(count * band, Double(threads) * band * (isOneBlock ? 1 : 2) + ahead)
        + min(count, Double(threads)) * 2 * chunk.reduce(stored) { $0 * Double($1) }
    }.max() ?? 0
  }
}
