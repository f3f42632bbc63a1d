import Foundation

/// What a file is by its first bytes, where programs expect data: a pointer to the file, an archive, a compressed file.
public enum FileSignature: Sendable, Equatable {
  /// The three lines that Git keeps in place of a large file (git-lfs.com, specification version 1).
  case gitLFSPointer
  case compressed(Compression, isTar: Bool)
  case tar
  /// `firstEntry` is the name of the first file in it.
  case zip(firstEntry: String)
  case hdf5

  public enum Compression: String, Sendable {
    case gzip, bzip2, xz, zstd
  }

  /// The bytes with which an HDF5 file begins.
  public static let hdf5Beginning: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  /// As many bytes as `init(_:path:)` looks at.
  public static let byteCount = 512

  /// Recognises a file by its first bytes; nil for anything else, text above all.
  ///
  /// - Parameters:
  ///   - bytes: the beginning of the file, `byteCount` of them where it has so many.
  ///   - path: its name says whether a compressed file is an archive (.tgz), where the bytes don't.
  public init?(_ bytes: [UInt8], path: String) {
    if bytes.starts(with: Array("version https://git-lfs.github.com/spec/".utf8)) {
      self = .gitLFSPointer
    } else if let compression = Self.compression(bytes) {
      let name = [path.lowercased(), compression == .gzip ? Self.gzipName(bytes).lowercased() : ""]
      self = .compressed(compression, isTar: name.contains { name in Self.tarEndings.contains { name.hasSuffix($0) } })
    } else if bytes.starts(with: [0x50, 0x4b, 3, 4]) {
      self = .zip(firstEntry: Self.zipName(bytes))
    } else if bytes.starts(with: Self.hdf5Beginning) {
      self = .hdf5
    } else if bytes.dropFirst(257).starts(with: Array("ustar".utf8)) {
      self = .tar
    } else {
      return nil
    }
  }

  /// Recognises a file on disk; nil too for one that can't be read.
  public init?(path: String) {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.read(upToCount: Self.byteCount) else { return nil }
    self.init(Array(bytes), path: path)
  }

  private static let tarEndings = [".tar", ".tgz", ".taz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"]

  private static func compression(_ bytes: [UInt8]) -> Compression? {
    let known: [(Compression, [UInt8])] = [
      (.gzip, [0x1f, 0x8b]), (.bzip2, [0x42, 0x5a, 0x68]), (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), (.zstd, [0x28, 0xb5, 0x2f, 0xfd]),
    ]
    return known.first { bytes.starts(with: $0.1) }?.0
  }

  /// The name that gzip kept of the file that it compressed (RFC 1952); empty where it kept none.
  private static func gzipName(_ bytes: [UInt8]) -> String {
    guard bytes.count > 10, bytes[3] & 0b1000 != 0, bytes[3] & 0b100 == 0 else { return "" }
    return String(decoding: bytes.dropFirst(10).prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func zipName(_ bytes: [UInt8]) -> String {
    guard bytes.count > 30 else { return "" }
    return String(decoding: bytes.dropFirst(30).prefix(Int(bytes[26]) + 256 * Int(bytes[27])), as: UTF8.self)
  }
}

extension FileSignature: CustomStringConvertible {
  /// "a Git LFS pointer", "a tar archive", "compressed with gzip": what can follow "the file is".
  public var description: String {
    switch self {
    case .gitLFSPointer: "a Git LFS pointer"
    case .compressed(let compression, isTar: true): "a tar archive, compressed with \(compression)"
    case .compressed(let compression, isTar: false): "compressed with \(compression)"
    case .tar: "a tar archive"
    case .zip: "a zip archive"
    case .hdf5: "an HDF5 file"
    }
  }

  /// How to come to the file itself: "git lfs pull, or download the file itself", "unpack it with tar xzf"; nil where it is no wrapping.
  public var remedy: String? {
    switch self {
    case .gitLFSPointer: "git lfs pull, or download the file itself"
    case .compressed(.gzip, let isTar): "unpack it with \(isTar ? "tar xzf" : "gunzip")"
    case .compressed(.bzip2, let isTar): "unpack it with \(isTar ? "tar xjf" : "bunzip2")"
    case .compressed(.xz, let isTar): "unpack it with \(isTar ? "tar xJf" : "unxz")"
    case .compressed(.zstd, let isTar): "unpack it with \(isTar ? "tar --zstd -xf" : "unzstd")"
    case .tar: "unpack it with tar xf"
    case .zip: "unpack it with unzip"
    case .hdf5: nil
    }
  }
}
