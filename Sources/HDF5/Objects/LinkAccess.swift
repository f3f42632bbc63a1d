internal import CHDF5

/// How links are followed on the way to an object: soft links inside the file are, external links are not.
///
/// HDF5 asks before it opens the other file, so that nothing of it is touched, wherever in a path, or behind a soft link, the link lies.
private final class LinkAccess {
  let list: hid_t
  /// The other file that the last link followed would have opened.
  var refused: (file: String, object: String)?

  init(class listClass: hid_t, _ library: borrowing Library, _ operation: Operation) throws {
    list = try library.check(H5Pcreate(listClass), operation)
    let context = Unmanaged.passUnretained(self).toOpaque()
    try library.check(
      H5Pset_elink_cb(
        list,
        { _, _, file, object, _, _, context in
          guard let context else { return -1 }
          let access = Unmanaged<LinkAccess>.fromOpaque(context).takeUnretainedValue()
          access.refused = (file.map { String(cString: $0) } ?? "", object.map { String(cString: $0) } ?? "")
          return -1
        }, context), operation)
  }

  deinit {
    // Made and released within the library's lock only.
    H5Pclose(list)
  }
}

extension Library {
  /// Runs `call` with an access list of that class under which HDF5 follows no link to another file.
  ///
  /// - Throws: `pointsElsewhere` when it met one. The result of `call` is passed on as it is otherwise, a failure too.
  func followingOwnLinks<Code>(
    _ listClass: hid_t, _ operation: Operation, _ call: (_ accessList: hid_t) throws -> Code
  ) throws -> Code {
    let access = try LinkAccess(class: listClass, self, operation)
    let code = try withExtendedLifetime(access) { try call(access.list) }
    guard let (file, object) = access.refused else { return code }
    throw operation.error(
      .pointsElsewhere,
      "it is a link to \(object) in the file \(file); other files are never read from here, so copy the object into this one")
  }

  /// Opens the object at an absolute path: where it is missing, the error names the first part that is.
  func open(
    _ path: String, in file: hid_t, _ listClass: hid_t, _ operation: Operation, _ call: (_ accessList: hid_t) -> hid_t
  ) throws -> hid_t {
    let (identifier, failure) = try followingOwnLinks(listClass, operation) { access -> (hid_t, HDF5Error?) in
      let identifier = call(access)
      return (identifier, identifier < 0 ? HDF5Error(operation, stack: ErrorStack.current(self)) : nil)
    }
    guard let failure else { return identifier }
    guard failure.kind == .objectMissing else { throw failure }
    var prefix = ""
    for part in path.split(separator: "/") {
      prefix += "/" + part
      if try followingOwnLinks(chdf5_link_access(), operation, { H5Lexists(file, prefix, $0) }) <= 0 {
        throw HDF5Error(
          kind: .objectMissing, operation: failure.operation, file: failure.file, object: path, reason: "object '\(part)' doesn't exist",
          outermost: failure.outermost, innermost: failure.innermost)
      }
    }
    throw failure
  }
}
