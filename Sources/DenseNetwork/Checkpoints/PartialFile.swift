import Files
import HDF5

/// Writes an HDF5 file as `path.partial` and renames it when it is whole, so that a file under its final name is always complete.
///
/// - Parameters:
///   - overwrite: whether a file of that name may be replaced. A left-over `path.partial` that nobody is writing is where it is HDF5.
///   - body: fills the file. If it throws, or closing or renaming fails, the partial file is removed.
/// - Throws: `FileError`, `HDF5Error`, and whatever `body` throws.
func writeWhole(_ path: String, overwrite: Bool, _ body: (Group) throws -> Void) throws {
  let underWay = try FileUnderWay(path, overwrite: overwrite, beginning: FileSignature.hdf5Beginning, ordinary: true)
  defer { underWay.abandon() }
  let file = try File.create(underWay)
  do {
    try body(file.root)
    try file.close()
  } catch {
    try? file.close()
    throw error
  }
  try underWay.finish()
}
