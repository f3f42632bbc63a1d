import Crypto
import Files
import Foundation

/// How the layers of a network are connected and activated, from a file of its own beside one of weights alone: what `model.to_json()` of Keras
/// gives, config.json of a `.keras` archive, or a list of layers (`schemas/architecture.schema.json`).
struct Architecture {
  enum Kind {
    case keras(KerasModel)
    case list(LayerChain)
  }

  let kind: Kind
  /// Of the file's bytes, in hexadecimal.
  let sha256: String

  /// - Throws: `CheckpointError`, of the architecture's file, for one that can't be read or is no architecture.
  init(_ path: String) throws {
    func invalid(_ reason: String) -> CheckpointError {
      CheckpointError(file: path, fault: .notArchitecture(reason: reason))
    }
    let file = try ByteFile(path)
    guard file.byteCount <= KerasModel.mostBytes else {
      throw invalid("it has \(file.byteCount) bytes, and at most \(KerasModel.mostBytes) are read")
    }
    let bytes = try file.bytes(at: 0, count: file.byteCount)
    guard let text = String(bytes: bytes, encoding: .utf8), let json = try? JSONSerialization.jsonObject(with: Data(bytes)) else {
      throw invalid("it is no JSON")
    }
    sha256 = hexadecimal(SHA256.hash(data: bytes))
    if let name = firstRepeatedName(inJSON: bytes) { throw invalid("an object in it has two members \"\(name)\"") }
    if let object = json as? [String: Any], object["class_name"] != nil || object["config"] != nil {
      kind = .keras(try KerasModel(json: text, file: path, part: "the architecture"))
    } else {
      kind = .list(try LayerChain(list: json, file: path))
    }
  }

  /// - Parameter file: that of the architecture.
  func chain(file: String) throws -> LayerChain {
    switch kind {
    case .keras(let model): try LayerChain(model, file: file)
    case .list(let chain): chain
    }
  }
}

extension LayerChain {
  /// The chain of a list of layers: `[{"name": "0", "activation": "relu"}, {"name": "2", "activation": "linear"}]`, or an object with that list as
  /// `layers`, and perhaps `input_count`, as checkpoints and recordings have it.
  ///
  /// A layer has a `name`, by which its weights are found, and an `activation`; and may have a `kind` ("dense", without it, or "batch_norm"),
  /// `units`, and has an `epsilon` where it is a normalisation.
  ///
  /// - Throws: `CheckpointError` for anything else in it.
  init(list json: Any, file: String) throws {
    func invalid(_ reason: String) -> CheckpointError { CheckpointError(file: file, fault: .notArchitecture(reason: reason)) }
    func count(_ value: Any) -> Int? { (value as? Int).flatMap { $0 > 0 ? $0 : nil } }
    var inputCount: Int?
    if let object = json as? [String: Any] {
      if let stranger = object.keys.sorted().first(where: { !["layers", "input_count"].contains($0) }) {
        throw invalid("it has a member \"\(stranger)\" beside layers and input_count")
      }
      if let given = object["input_count"] {
        guard let known = count(given) else { throw invalid("its input_count is no whole number above 0") }
        inputCount = known
      }
    }
    guard let list = json as? [Any] ?? (json as? [String: Any])?["layers"] as? [Any], !list.isEmpty else {
      throw invalid("it has no list of layers")
    }
    guard list.count <= KerasModel.mostLayers else {
      throw invalid("its list has \(list.count) layers, and at most \(KerasModel.mostLayers) are read")
    }
    var names: Set<String> = []
    var steps: [Step] = []
    for (number, entry) in list.enumerated() {
      guard let entry = entry as? [String: Any], let name = entry["name"] as? String, !name.isEmpty else {
        throw invalid("layer \(number) of its list has no name")
      }
      guard names.insert(name).inserted else { throw invalid("it has two layers \(name)") }
      let kind = entry["kind"] ?? "dense"
      let isDense = kind as? String == "dense"
      guard isDense || kind as? String == "batch_norm" else {
        throw invalid("layer \(name) is of the kind \(kind), not dense or batch_norm")
      }
      let members = isDense ? ["name", "kind", "activation", "units"] : ["name", "kind", "activation", "epsilon"]
      if let stranger = entry.keys.sorted().first(where: { !members.contains($0) }) {
        throw invalid("layer \(name) has a member \"\(stranger)\", which its kind has not")
      }
      guard let function = entry["activation"] else { throw invalid("layer \(name) does not say its activation (linear for none)") }
      guard let activation = (function as? String).flatMap({ DenseLayer.Activation(rawValue: $0) }) else {
        throw invalid("layer \(name) has the activation \(function), not linear, relu or leaky_relu(SLOPE)")
      }
      if isDense {
        let units = entry["units"].map { count($0) }
        if case .some(nil) = units { throw invalid("the units of layer \(name) are no whole number above 0") }
        steps.append(.dense(Dense(name: name, unitCount: units ?? nil, usesBias: nil)))
      } else {
        guard let epsilon = entry["epsilon"] as? Double, epsilon >= 0, epsilon.isFinite else {
          throw invalid("layer \(name) does not say its epsilon, a number from 0 up")
        }
        steps.append(.normalisation(Normalisation(name: name, epsilon: epsilon, scales: nil, shifts: nil)))
      }
      if activation != .linear { steps.append(.activation(activation, layer: name)) }
    }
    self.init(file: file, steps: steps, inputCount: inputCount)
  }
}
