import Foundation
import HDF5
import Testing

/// A folder that is gone when the test is.
final class Scratch {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("mirrorscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}

/// A file of `Tests/Fixtures/HDF5`.
func fixture(_ name: String) throws -> File {
  let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return try File.open(tests.appendingPathComponent("Fixtures/HDF5/\(name)").path)
}

/// The values that `make_fixtures.py` calls `grid`: multiples of 0.25, a third of them zero.
func grid(rows: Int, units: Int) -> [Float] {
  (0..<rows * units).map { (index: Int) -> Float in
    if index % 3 == 0 { return 0 }
    return Float(index * 7 % 101 - 50) * 0.25
  }
}

/// The error that `body` throws, which must be an `HDF5Error`.
func hdf5Error(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws -> HDF5Error {
  try #require(throws: HDF5Error.self, sourceLocation: sourceLocation) { try body() }
}
