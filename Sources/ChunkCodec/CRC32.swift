internal import CISAL

/// The CRC-32 of zlib and gzip.
public func crc32(_ bytes: [UInt8]) -> UInt32 {
  crc32_gzip_refl(0, bytes, UInt64(bytes.count))
}
