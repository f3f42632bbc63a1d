internal import CHDF5

/// HDF5's error stack after a call that failed: from the place where it began to the public call.
struct ErrorStack {
  /// One line of the stack.
  struct Entry: Equatable {
    /// HDF5's major number: what it is about.
    let subject: chdf5_subject
    /// HDF5's minor number: what went wrong.
    let fault: chdf5_fault
    let text: String

    func `is`(_ subject: chdf5_subject, _ fault: chdf5_fault) -> Bool {
      self.subject == subject && self.fault == fault
    }
  }

  /// Where it began comes first.
  private(set) var entries: [Entry] = []

  var innermost: Entry? { entries.first }
  var outermost: Entry? { entries.last }

  func contains(_ fault: chdf5_fault) -> Bool {
    entries.contains { $0.fault == fault }
  }

  /// Takes the calling thread's stack and empties it. Must run before any other call into the library on this thread.
  static func current(_ library: borrowing Library) -> ErrorStack {
    let stack = H5Eget_current_stack()
    guard stack >= 0 else { return ErrorStack() }
    defer { H5Eclose_stack(stack) }
    var result = ErrorStack()
    withUnsafeMutablePointer(to: &result.entries) { pointer in
      _ = H5Ewalk2(
        stack, H5E_WALK_UPWARD,
        { _, entry, context in
          guard let entry = entry?.pointee, let entries = context?.assumingMemoryBound(to: [Entry].self) else { return 0 }
          if let text = entry.desc, text.pointee != 0 {
            entries.pointee.append(
              Entry(subject: chdf5_subject_of(entry.maj_num), fault: chdf5_fault_of(entry.min_num), text: String(cString: text)))
          }
          return 0
        }, pointer)
    }
    return result
  }
}
