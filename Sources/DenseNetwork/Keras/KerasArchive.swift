import Files
import Foundation
import HDF5

/// A `.keras` archive: config.json, the model, and model.weights.h5, its weights, in a zip archive.
struct KerasArchive {
  private static let configName = "config.json"
  private static let weightsName = "model.weights.h5"

  private let file: String
  private let archive: ZipArchive

  init(_ path: String) throws {
    file = path
    archive = try ZipArchive(path)
  }

  /// Whether a zip archive is one of these, by its name or that of its first entry.
  static func isOne(path: String, firstEntry: String) -> Bool {
    path.lowercased().hasSuffix(".keras") || [configName, weightsName, "metadata.json"].contains(firstEntry)
  }

  /// Whether it has the parts of a model.
  var isWhole: Bool { archive.contains(Self.configName) && archive.contains(Self.weightsName) }

  /// - Throws: `CheckpointError` for an archive that is damaged or lacks a part, a model that is not supported, and weights that are not its own.
  func network() throws -> ImportedNetwork {
    func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }
    let config = try archive.content(of: Self.configName, limit: KerasModel.mostBytes)
    guard let text = String(bytes: config, encoding: .utf8) else {
      throw fault(.invalid(part: Self.configName, reason: "it is no text"))
    }
    if let name = firstRepeatedName(inJSON: config) {
      throw fault(.invalid(part: Self.configName, reason: "an object in it has two members \"\(name)\""))
    }
    let model = try KerasModel(json: text, file: file, part: Self.configName)
    let chain = try LayerChain(model, file: file)
    let weights = try archive.content(of: Self.weightsName, limit: 4 * StoredFloats.mostValues)
    do {
      return try withTemporaryHDF5(weights, of: file) { root in
        let inside = "\(file) (\(Self.weightsName))"
        guard let container = try Keras3Weights.container(in: root) else {
          throw CheckpointError(file: inside, fault: .missing(part: "/layers, which holds the weights,"))
        }
        return try ChainAssembly.network(of: chain, with: Keras3Weights(root: root, container: container, model: model, file: inside))
      }
    } catch let error as HDF5Error {
      // Its own sentence would name the copy.
      let object = error.object.map { " \($0)" } ?? ""
      throw fault(.invalid(part: Self.weightsName + object, reason: error.reason))
    }
  }
}

/// Opens the bytes of an HDF5 file, which HDF5 reads from disk: in a copy that has no name any more when `body` runs.
private func withTemporaryHDF5<Result>(_ bytes: [UInt8], of file: String, _ body: (Group) throws -> Result) throws -> Result {
  let copy = FileManager.default.temporaryDirectory.appending(path: "mirrorscope-\(UUID().uuidString).h5")
  let isWritten = FileManager.default.createFile(atPath: copy.path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
  let root: Group
  do {
    defer { try? FileManager.default.removeItem(at: copy) }
    guard isWritten else { throw CheckpointError(file: file, fault: .noRoom) }
    root = try File.open(copy.path).root
  }
  return try body(root)
}
