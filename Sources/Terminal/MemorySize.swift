import ActivationRecording
import ArgumentParser

/// A number of bytes, as `--max-memory` takes it: 512M, 2G, 1.5GB or plain bytes; 1K is 1,024 bytes.
public struct MemorySize: ExpressibleByArgument, Sendable, Equatable {
  public let bytes: Int

  public init(bytes: Int) {
    self.bytes = bytes
  }

  public init?(argument: String) {
    let text = argument.uppercased()
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let factors = ["": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30, "T": 1 << 40]
    guard let number = Double(digits), number > 0, let factor = factors[String(text.dropFirst(digits.count))] else { return nil }
    let bytes = number * Double(factor)
    guard bytes < 1e18 else { return nil }
    self.bytes = Int(bytes)
  }

  /// For people: 1.5 GB.
  public var description: String { byteText(bytes) }

  public var defaultValueDescription: String { description }
}

extension CommonOptions {
  /// Ends the command before it takes more memory than the user allows.
  ///
  /// - Parameters:
  ///   - what: names the part that needs it: "rec.h5: the activations of dense_1".
  ///   - alternative: what to do other than to raise the limit.
  public func requireMemory(bytes: Int, for what: String, alternative: String = "choose fewer layers with --layers") throws {
    guard let maxMemory, bytes > maxMemory.bytes else { return }
    throw Failure(
      .failed,
      "\(what) need \(MemorySize(bytes: bytes).description), more than --max-memory \(maxMemory.description). "
        + "Raise it, or \(alternative).")
  }
}
