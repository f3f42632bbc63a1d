import Crypto
import Files

/// SHA-256 of a network's weights: every layer's kernel (`[input × unit]`, row-major) and bias, in layer order, as little-endian float32.
public struct WeightsHash {
  private var hash = SHA256()

  public init() {}

  /// Adds a kernel or a bias.
  public mutating func add(_ values: [Float]) {
    values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { hash.update(bufferPointer: $0) }
  }

  /// 64 digits, letters in lower case.
  public var hexadecimal: String { Files.hexadecimal(hash.finalize()) }
}

extension Network {
  /// `WeightsHash` of this network, in hexadecimal.
  public var weightsSHA256: String {
    var hash = WeightsHash()
    for layer in layers {
      hash.add(layer.kernel)
      hash.add(layer.bias)
    }
    return hash.hexadecimal
  }
}
