import Files
import Foundation
import HDF5

/// A network as checkpoint and training-state files hold it: a group with one group per layer, and the architecture as JSON.
package struct StoredArchitecture: Codable {
  package struct Layer: Codable {
    package let name: String
    package let units: Int
    let activation: DenseLayer.Activation
  }

  let inputCount: Int
  package let layers: [Layer]

  private enum CodingKeys: String, CodingKey {
    case inputCount = "input_count"
    case layers
  }

  /// - Returns: nil for JSON of another kind.
  package init?(json: String) {
    guard let architecture = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
    self = architecture
  }

  init(_ network: Network) {
    inputCount = network.inputCount
    layers = network.layers.map { Layer(name: $0.name, units: $0.unitCount, activation: $0.activation) }
  }
}

extension Network {
  /// The network's shape as files store it: `{"input_count":100,"layers":[{"activation":"relu","name":"dense_1","units":17},…]}`.
  public var architectureJSON: String { get throws { try sortedJSON(StoredArchitecture(self)) } }
}

extension Hyperparameters {
  /// The hyperparameters as files store them, keys sorted.
  public var json: String { get throws { try sortedJSON(self) } }
}

func sortedJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Writes each layer as a group with kernel, bias and the attributes of a recording's layer (design.md).
func writeLayers(_ network: Network, into group: Group) throws {
  for (index, layer) in network.layers.enumerated() {
    let stored = try group.createGroup(layer.name)
    try stored.attributes.set("layer_index", index)
    try stored.attributes.set("kind", "dense")
    try stored.attributes.set("activation_function", layer.activation.rawValue)
    try stored.attributes.set("is_output", index == network.layers.count - 1 ? 1 : 0)
    try stored.write("kernel", layer.kernel, shape: [layer.inputCount, layer.unitCount]).seal()
    try stored.write("bias", layer.bias).seal()
  }
}

/// Reads a file of one of our schemas part by part; each part that is missing, misshapen or not finite is named.
struct StoredParts {
  let file: String
  let root: Group

  init(_ path: String, schema: Schema) throws {
    file = path
    root = try hdf5Root(path)
    switch try root.attributes.mismatch(with: schema) {
    case nil: break
    case .otherKind(let found): throw fault(.otherFormat(found: found, expected: schema.name))
    case .noVersion(nil): throw fault(.missing(part: "attribute schema_version"))
    case .noVersion(let found?): throw fault(.invalid(part: "attribute schema_version", reason: "'\(found)' is no version"))
    case .newer(let found): throw fault(.newerVersion(found, supported: schema.version))
    case .older(let found): throw fault(.olderVersion(found, supported: schema.version))
    case .incomplete: throw fault(.incomplete)
    }
  }

  func fault(_ fault: CheckpointError.Fault) -> CheckpointError {
    CheckpointError(file: file, fault: fault)
  }

  func string(_ name: String) throws -> String {
    guard let value = try root.attributes.string(name) else { throw fault(.missing(part: "attribute \(name)")) }
    return value
  }

  /// - Throws: `CheckpointError.Fault.invalid` for the first of these data sets whose content is not what its `content_sha256` was taken of.
  func verify(_ paths: [String]) throws {
    for path in paths where try root.dataset(path).verifyContent() == false {
      throw fault(.invalid(part: "/" + path, reason: "it does not have the content that its content_sha256 was taken of"))
    }
  }

  func json<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) throws -> Value {
    let text = try string(name)
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw fault(.invalid(part: "attribute \(name)", reason: "it is not the JSON that it should be"))
    }
  }

  /// The network under `/name`, shaped as the architecture says.
  func network(in name: String, _ architecture: StoredArchitecture) throws -> Network {
    guard !architecture.layers.isEmpty else {
      throw fault(.invalid(part: "attribute architecture", reason: "it has no layers"))
    }
    var inputs = architecture.inputCount
    var layers: [DenseLayer] = []
    for layer in architecture.layers {
      guard inputs > 0, layer.units > 0, layer.units <= Int(Int32.max) / max(inputs, 1), !layer.name.isEmpty else {
        throw fault(.invalid(part: "attribute architecture", reason: "a layer has an impossible size or no name"))
      }
      let path = "\(name)/\(layer.name)"
      layers.append(
        DenseLayer(
          uncheckedName: layer.name, inputs, layer.units,
          try floats("\(path)/kernel", shape: [inputs, layer.units]), try floats("\(path)/bias", shape: [layer.units]),
          layer.activation))
      inputs = layer.units
    }
    do {
      return try Network(layers: layers)
    } catch {
      throw fault(.invalid(part: "attribute architecture", reason: error.description))
    }
  }

  func floats(_ path: String, shape: [Int]) throws -> [Float] {
    try finiteFloats(root, path, shape: shape, file: file).values
  }
}

extension Attributes {
  /// A seed as an integer, or as text where 64 signed bits don't hold it.
  func set(seed: UInt64) throws {
    if let signed = Int(exactly: seed) {
      try set("seed", signed)
    } else {
      try set("seed", String(seed))
    }
  }
}

/// Now, as files store it: 2026-11-24T20:30:00Z.
public func currentUTC() -> String { Date.now.formatted(.iso8601) }
