import Foundation
import HDF5

/// Writes an HDF5 file as `path.partial` and renames it when it is whole, so that a file under its final name is always complete.
///
/// - Parameters:
///   - overwrite: whether a file of that name may be replaced. A left-over `path.partial` always is.
///   - body: fills the file. If it throws, or closing or renaming fails, the partial file is removed.
/// - Throws: `CheckpointError.Fault.exists` or `.cannotRename`, `HDF5Error`, and whatever `body` throws.
func writeWhole(_ path: String, overwrite: Bool, _ body: (Group) throws -> Void) throws {
  if !overwrite && FileManager.default.fileExists(atPath: path) {
    throw CheckpointError(file: path, fault: .exists)
  }
  let partial = path + ".partial"
  let file = try File.create(partial, overwrite: true)
  do {
    try body(file.root)
    try file.close()
    guard rename(partial, path) == 0 else {
      throw CheckpointError(file: path, fault: .cannotRename(reason: String(cString: strerror(errno))))
    }
  } catch {
    try? file.close()
    try? FileManager.default.removeItem(atPath: partial)
    throw error
  }
}
