import Files
import Foundation

/// What kind of file a network is read from, by its first bytes and, where these may say anything, its name.
enum NetworkFileKind {
  /// One of ours or of Keras; or nothing that is known, of which reading says what it is.
  case hdf5
  case kerasArchive
  case safetensors

  init(_ path: String) {
    self = .hdf5
    guard isOrdinaryFile(path), let file = try? ByteFile(path),
      let bytes = try? file.bytes(at: 0, count: min(file.byteCount, FileSignature.byteCount))
    else { return }
    switch FileSignature(bytes, path: path) {
    case .zip(let entry) where KerasArchive.isOne(path: path, firstEntry: entry): self = .kerasArchive
    case nil where path.lowercased().hasSuffix(".safetensors") || SafetensorsHeader.looksLike(bytes, byteCount: file.byteCount):
      self = .safetensors
    default: break
    }
  }
}

/// Reads a network of another program.
///
/// - Parameter architecture: path of a JSON file, for weights alone.
func importNetwork(_ path: String, architecture: String?) throws -> ImportedNetwork {
  switch NetworkFileKind(path) {
  case .hdf5: return try readKeras(hdf5Root(path), path, architecture: architecture)
  case .kerasArchive:
    guard architecture == nil else { throw CheckpointError(file: path, fault: .architectureKnown) }
    return try KerasArchive(path).network()
  case .safetensors:
    let weights = try SafetensorsWeights(path)
    guard let architecture else { throw CheckpointError(file: path, fault: .weightsAlone(.safetensors)) }
    let described = try Architecture(architecture)
    guard case .list(let chain) = described.kind else {
      throw CheckpointError(file: architecture, fault: .otherArchitecture)
    }
    try weights.requirePlaces(in: chain)
    return try ChainAssembly.network(of: chain, with: weights).described(by: described)
  }
}
