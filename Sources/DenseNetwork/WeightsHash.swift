import Crypto

extension Network {
  /// SHA-256, in hexadecimal, of every layer's kernel (`[input × unit]`, row-major) and bias, in layer order, as little-endian float32.
  public var weightsSHA256: String {
    var hash = SHA256()
    for layer in layers {
      for values in [layer.kernel, layer.bias] {
        values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { hash.update(bufferPointer: $0) }
      }
    }
    return hexadecimal(hash.finalize())
  }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  var text = ""
  for byte in bytes {
    text += byte < 16 ? "0" : ""
    text += String(byte, radix: 16)
  }
  return text
}
