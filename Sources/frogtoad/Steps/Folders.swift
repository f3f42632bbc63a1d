import Foundation
import Terminal

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ path: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw Failure(.failed, "\(path): the folder cannot be made. Check that its parent may be written to and no file has that name.")
  }
}

/// `epoch-007.h5`, for checkpoints and recordings alike.
func checkpointName(epoch: Int) -> String {
  let digits = String(epoch)
  return "epoch-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits + ".h5"
}

/// A number with so many digits after the point, for people to read; tables hold every digit.
func rounded(_ value: Double?, _ digits: Int) -> String {
  guard let value, value.isFinite else { return "none" }
  return String(format: "%.\(digits)f", value)
}
