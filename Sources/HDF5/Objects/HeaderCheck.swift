internal import CHeaderCheck

extension File {
  /// Processor time for the headers of a file. Those of 10,000 layers take 1.5 s.
  private static let mostSeconds: UInt32 = 3

  /// Lets a child process read every header first: HDF5 1.10 crashes on some that are damaged, and on those of variable-length attributes
  /// above all (`docs/reliability.md`).
  ///
  /// - Parameter isPartial: whether its end may be missing.
  /// - Throws: `corruptData` where that kills the child, or doesn't end, or where something could not be listed and so was not read first.
  static func checkHeaders(isPartial: Bool = false, _ library: borrowing Library, _ operation: Operation) throws {
    switch mirrorscope_check_headers(operation.file, isPartial ? 1 : 0, mostSeconds) {
    case MIRRORSCOPE_HEADERS_CRASH:
      throw operation.error(.corruptData, "its headers are damaged in a way that HDF5 crashes on; copy or write it again")
    case MIRRORSCOPE_HEADERS_ENDLESS:
      throw operation.error(
        .corruptData, "HDF5 has not read its headers after \(mostSeconds) seconds, so they are damaged; copy or write it again")
    case MIRRORSCOPE_HEADERS_UNLISTED:
      throw operation.error(
        .corruptData, "its headers are damaged, so that HDF5 cannot list what is in it; copy or write it again")
    default: return
    }
  }
}
