internal import CHDF5

/// One step that HDF5 puts chunks through on the way to the file.
public enum Filter: Sendable, Equatable {
  /// Collects the first bytes of all elements, then the second, and so on: makes numbers compress better.
  case shuffle
  /// zlib's format; level 1 (fast) to 9 (small).
  case deflate(level: Int)
  /// A checksum after the data: 4 bytes.
  case fletcher32
  /// A filter that this package has no code for; HDF5 may.
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

extension FilterPipeline {
  /// Puts the filters on a creation list.
  func apply(to list: hid_t, _ library: borrowing Library, _ operation: Operation) throws {
    for filter in filters {
      switch filter {
      case .shuffle: try library.check(H5Pset_shuffle(list), operation)
      case .deflate(let level):
        guard (0...9).contains(level) else { throw operation.error(.outOfRange, "deflate has levels 0 to 9, not \(level)") }
        try library.check(H5Pset_deflate(list, UInt32(level)), operation)
      case .fletcher32: try library.check(H5Pset_fletcher32(list), operation)
      case .other(let id, let name): throw operation.error(.unsupported, "no filter \(id) (\(name)) to write with")
      }
    }
  }

  /// Reads the filters of a creation list.
  init(of list: hid_t, _ library: borrowing Library, _ operation: Operation) throws {
    let count = try library.check(H5Pget_nfilters(list), operation)
    filters = try (0..<UInt32(count)).map { index in
      var flags: UInt32 = 0
      var values = [UInt32](repeating: 0, count: 8)
      var valueCount = values.count
      var name = [CChar](repeating: 0, count: 64)
      let id = try library.check(
        H5Pget_filter2(list, index, &flags, &valueCount, &values, name.count, &name, nil), operation)
      switch Int32(id) {
      case H5Z_FILTER_SHUFFLE: return .shuffle
      case H5Z_FILTER_DEFLATE: return .deflate(level: Int(values[0]))
      case H5Z_FILTER_FLETCHER32: return .fletcher32
      default:
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return .other(id: Int(id), name: text)
      }
    }
  }
}
