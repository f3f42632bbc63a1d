internal import CHDF5

extension Dataset {
  /// Makes this data set a dimension scale: the named coordinate of a dimension, as netCDF-4 has it.
  ///
  /// - Parameter name: the default is the last part of the path, which is what netCDF readers expect.
  public func makeScale(name: String? = nil) throws {
    try withLibrary { library in
      let operation = operation("make a scale of")
      _ = try library.check(H5DSset_scale(writableID(library, operation), name ?? lastPathPart(path)), operation)
    }
  }

  /// Names a dimension of this data set after `scale`, which `makeScale` made one.
  public func attachScale(_ scale: Dataset, dimension: Int) throws {
    let operation = operation("attach \(scale.path) to")
    try withLibrary { library in
      try checkDimension(dimension, operation)
      _ = try library.check(H5DSattach_scale(writableID(library, operation), scale.id(library), UInt32(dimension)), operation)
    }
  }

  /// Whether this data set is a dimension scale.
  public var isScale: Bool {
    get throws {
      try withLibrary { library in
        try library.check(H5DSis_scale(id(library)), operation("inspect")) > 0
      }
    }
  }

  /// The paths of the scales attached to a dimension, in the order of attachment.
  public func scalePaths(dimension: Int) throws -> [String] {
    let operation = operation("read the scales of")
    return try withLibrary { library in
      try checkDimension(dimension, operation)
      var paths: [String] = []
      try withUnsafeMutablePointer(to: &paths) { pointer in
        _ = try library.check(
          H5DSiterate_scales(
            id(library), UInt32(dimension), nil,
            { _, _, scale, context in
              var bytes = [CChar](repeating: 0, count: max(H5Iget_name(scale, nil, 0), 0) + 1)
              H5Iget_name(scale, &bytes, bytes.count)
              let path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
              context?.assumingMemoryBound(to: [String].self).pointee.append(path)
              return 0
            }, pointer), operation)
      }
      return paths
    }
  }

  /// A name for each dimension: that of the first scale attached to it, or nil.
  public func dimensionNames() throws -> [String?] {
    try shape.indices.map { try scalePaths(dimension: $0).first.map { lastPathPart($0) } }
  }

  private func checkDimension(_ dimension: Int, _ operation: Operation) throws {
    guard shape.indices.contains(dimension) else {
      throw operation.error(.outOfRange, "dimension \(dimension) of \(shape.count)")
    }
  }
}

private func lastPathPart(_ path: String) -> String {
  path.split(separator: "/").last.map { String($0) } ?? path
}
