internal import CHDF5

// What data sets are made with is a part of this module's interface.
@_exported public import enum ChunkCodec.Filter
@_exported public import struct ChunkCodec.FilterPipeline

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
    let filters = try (0..<UInt32(count)).map { index -> Filter in
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
    self.init(filters)
  }
}
