internal import CHDF5

/// A group: the folder of an HDF5 file.
public final class Group: Sendable {
  /// What a name in a group stands for.
  public enum Kind: Sendable, Equatable {
    case group, dataset, namedType
  }

  /// The absolute path inside the file, such as `/layers/dense_1`.
  public let path: String
  private let handle: Handle
  let file: File

  private init(file: File, path: String, handle: Handle) {
    self.file = file
    self.path = path
    self.handle = handle
  }

  static func open(in file: File, at path: String) throws -> Group {
    try withLibrary { library in
      let operation = Operation("open", file: file.path, object: path)
      let id = try file.id(library)
      let raw = try library.open(path, in: id, chdf5_group_access(), operation) { H5Gopen2(id, path, $0) }
      return Group(file: file, path: path, handle: Handle(raw, in: file))
    }
  }

  /// The attributes of this group; those of the root group are the file's.
  public var attributes: Attributes { Attributes(file: file, object: path, handle: handle) }

  /// Opens the group of that name, or relative path.
  public func group(_ name: String) throws -> Group {
    try Group.open(in: file, at: childPath(name))
  }

  /// Opens the data set of that name, or relative path.
  public func dataset(_ name: String) throws -> Dataset {
    try Dataset.open(in: file, at: childPath(name))
  }

  /// Makes a group, and the groups on the way to it that are missing.
  @discardableResult
  public func createGroup(_ name: String) throws -> Group {
    let path = childPath(name)
    return try withLibrary { library in
      let operation = Operation("create", file: file.path, object: path)
      let links = try linkList(library, operation)
      defer { H5Pclose(links) }
      let id = try file.writableID(library, operation)
      let creation = try library.check(H5Pcreate(chdf5_group_create()), operation)
      defer { H5Pclose(creation) }
      // A time stamp would make two runs with the same seed differ.
      try library.check(H5Pset_obj_track_times(creation, false), operation)
      let raw = try library.check(H5Gcreate2(id, path, links, creation, hid_t(H5P_DEFAULT)), operation)
      return Group(file: file, path: path, handle: Handle(raw, in: file))
    }
  }

  /// Whether there is a group, data set or named type of that name, or relative path. A dangling link counts as none.
  ///
  /// - Throws: `pointsElsewhere` for a link to another file, as in opening.
  public func contains(_ name: String) throws -> Bool {
    try withLibrary { library in
      let operation = Operation("look for", file: file.path, object: childPath(name))
      var prefix = ""
      for part in name.split(separator: "/") {
        prefix += prefix.isEmpty ? part : "/" + part
        let exists = try library.followingOwnLinks(chdf5_link_access(), operation) { access in
          guard try library.check(H5Lexists(id(library), prefix, access), operation) > 0 else { return false }
          return try library.check(H5Oexists_by_name(id(library), prefix, access), operation) > 0
        }
        guard exists else { return false }
      }
      return true
    }
  }

  /// The same for every path to this group, and for no other in the file.
  public func identity() throws -> UInt64 {
    try withLibrary { library in UInt64(chdf5_object_address(try id(library))) }
  }

  /// The names in this group, sorted by their bytes.
  public func childNames() throws -> [String] {
    try withLibrary { library in
      let operation = Operation("list", file: file.path, object: path)
      let group = try id(library)
      var names: [String] = []
      try withUnsafeMutablePointer(to: &names) { pointer in
        // One pass: asking for the name at each index goes through the group anew each time.
        _ = try library.check(
          chdf5_visit_links(
            group,
            { _, name, _, context in
              guard let name else { return 0 }
              context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
              return 0
            }, pointer), operation)
      }
      return names
    }
  }

  /// What the name, or relative path, stands for.
  public func kind(of name: String) throws -> Kind {
    try withLibrary { library in
      let operation = Operation("open", file: file.path, object: childPath(name))
      let id = try file.id(library)
      let raw = try library.open(childPath(name), in: id, chdf5_link_access(), operation) { H5Oopen(id, childPath(name), $0) }
      defer { H5Oclose(raw) }
      switch H5Iget_type(raw) {
      case H5I_GROUP: return .group
      case H5I_DATASET: return .dataset
      default: return .namedType
      }
    }
  }

  func childPath(_ name: String) -> String {
    path == "/" ? "/" + name : path + "/" + name
  }

  private func id(_ library: borrowing Library) throws -> hid_t {
    _ = try file.id(library)
    return handle.id(library)
  }
}

/// How new links are made: names in UTF-8, missing groups on the way created. The caller closes the list.
func linkList(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
  let list = try library.check(H5Pcreate(chdf5_link_create()), operation)
  try library.check(H5Pset_create_intermediate_group(list, 1), operation)
  try library.check(H5Pset_char_encoding(list, H5T_CSET_UTF8), operation)
  return list
}
