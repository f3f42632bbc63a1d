import Crypto

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it.
///
/// - Parameter finished: gets the share of the file's bytes that has been read, now and then.
/// - Throws: `FileError` with the system's reason.
public func sha256(ofFile path: String, finished: (_ share: Double) -> Void = { _ in }) throws -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError(file: path, fault: .system(doing: "read", code: errno)) }
  defer { close(descriptor) }
  var status = stat()
  let total = fstat(descriptor, &status) == 0 ? Double(status.st_size) : 0
  var hash = SHA256()
  var taken = 0
  let size = 1 << 20
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
  defer { buffer.deallocate() }
  while true {
    let count = read(descriptor, buffer.baseAddress, size)
    if count < 0 {
      if errno == EINTR { continue }
      throw FileError(file: path, fault: .system(doing: "read", code: errno))
    }
    guard count > 0 else { break }
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    taken += count
    if total > 0 { finished(min(1, Double(taken) / total)) }
  }
  return hexadecimal(hash.finalize())
}
