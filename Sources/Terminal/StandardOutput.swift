import Foundation

/// Standard output, written to without a buffer of its own, so that what goes wrong is known at once.
public enum StandardOutput {
  /// Writes text.
  ///
  /// - Throws: `Failure`; one without a sentence where nobody reads any more, as after `| head`: there is no one to say it to.
  public static func write(_ text: String) throws(Failure) {
    let bytes = Array(text.utf8)
    try write(bytes)
  }

  static func write(_ bytes: some BidirectionalCollection<UInt8>) throws(Failure) {
    StatusLine.shared.beginOutput()
    var rest = Array(bytes)[...]
    defer { StatusLine.shared.endOutput(endsLine: bytes.last == UInt8(ascii: "\n")) }
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: waitUntilWritable()
        case EPIPE: throw Failure(.failed, "")
        case EBADF:
          throw Failure(.failed, "Standard output: cannot be written to (it is closed). Give a file with --output, or leave it open.")
        case let code:
          let reason = String(cString: strerror(code))
          throw Failure(.failed, "Standard output: cannot be written to (\(reason.prefix(1).lowercased() + reason.dropFirst())).")
        }
      } else {
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Some programs hand on a standard output that does not wait for its reader.
  private static func waitUntilWritable() {
    var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    poll(&output, 1, -1)
  }

  /// Puts something in the place of standard input, output and error where they are closed: otherwise the first file that is opened would take
  /// the place, and get what is written for people. Writing to the output then fails as it does when closed.
  static func occupyClosedDescriptors() {
    for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // The lowest descriptor that is free is this one, as those below are taken by now.
      _ = open("/dev/null", mode)
    }
  }
}
