import Crypto

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it.
///
/// - Throws: `FileError` with the system's reason.
public func sha256(ofFile path: String) throws -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError(file: path, fault: .system(doing: "read", code: errno)) }
  defer { close(descriptor) }
  var hash = SHA256()
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
  }
  return hexadecimal(hash.finalize())
}
