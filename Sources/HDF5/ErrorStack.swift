internal import CHDF5

/// Both ends of HDF5's error stack: the public call that failed and the place where it began.
struct ErrorStack {
  var outermost: String?
  var innermost: String?

  /// Takes the calling thread's stack and empties it. Must run before any other call into the library on this thread.
  static func current(_ library: borrowing Library) -> ErrorStack {
    let stack = H5Eget_current_stack()
    guard stack >= 0 else { return ErrorStack() }
    defer { H5Eclose_stack(stack) }
    var messages: [String] = []
    withUnsafeMutablePointer(to: &messages) { pointer in
      _ = H5Ewalk2(
        stack, H5E_WALK_UPWARD,
        { _, entry, context in
          guard let entry, let messages = context?.assumingMemoryBound(to: [String].self) else { return 0 }
          if let text = entry.pointee.desc, text.pointee != 0 {
            messages.pointee.append(String(cString: text))
          }
          return 0
        }, pointer)
    }
    return ErrorStack(outermost: messages.last, innermost: messages.first)
  }
}
