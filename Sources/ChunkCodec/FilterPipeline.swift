/// One step that chunks go through on the way to the file.
public enum Filter: Sendable, Equatable {
  /// Collects the first bytes of all elements, then the second, and so on: makes numbers compress better.
  case shuffle
  /// zlib's format; level 1 (fast) to 9 (small).
  case deflate(level: Int)
  /// A checksum after the data: 4 bytes.
  case fletcher32
  /// A filter that has no code here; HDF5 may have it.
  case other(id: Int, name: String)
}

/// The filters of a chunked data set, in the order in which writing applies them.
public struct FilterPipeline: Sendable, Equatable {
  public var filters: [Filter]

  public init(_ filters: [Filter]) {
    self.filters = filters
  }

  /// Chunks as they are.
  public static let none = FilterPipeline([])

  /// Shuffle, deflate and a checksum: what recordings use.
  public static func standard(level: Int = 1) -> FilterPipeline {
    FilterPipeline([.shuffle, .deflate(level: level), .fletcher32])
  }
}
