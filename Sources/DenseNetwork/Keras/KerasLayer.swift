import Foundation

/// One layer of a model's configuration.
struct KerasLayer {
  let name: String
  /// "Dense", "Dropout", …
  let kind: String
  /// Whether the kind is Keras's own and not one of the same name from elsewhere.
  let isKerasOwn: Bool
  /// The uses of the layer in a functional model.
  let calls: [Call]
  /// Of one row, where the layer says so: [100].
  var inputShape: [Int]?
  /// The units of a dense layer, if it says so.
  let unitCount: Int?
  /// What it says of its units where that is no whole number above 0.
  let impossibleUnits: String?
  let usesBias: Bool
  private let config: [String: Any]

  /// What a layer is called on.
  struct Call {
    let tensors: [KerasTensor]
    /// Whether nothing but the inputs is given, or nothing that would change what comes out.
    let hasPlainArguments: Bool

    /// `[["name", 0, 0, {}]]` in Keras 2, `{"args": […], "kwargs": {}}` in Keras 3.
    init(_ node: Any) {
      if let node = node as? [String: Any] {
        let given = node["args"] as? [Any] ?? []
        let named = node["kwargs"] as? [String: Any] ?? [:]
        tensors = KerasTensor.all(in: given) + named.values.flatMap { KerasTensor.all(in: $0) }
        hasPlainArguments = given.count <= 1 && named.values.allSatisfy(Self.isIdle)
      } else {
        tensors = KerasTensor.all(in: node)
        let entries = node as? [Any] ?? []
        let named = ([entries] + entries.compactMap { $0 as? [Any] }).compactMap { $0.count > 3 ? $0[3] as? [String: Any] : nil }
        hasPlainArguments = named.allSatisfy { $0.values.allSatisfy(Self.isIdle) }
      }
    }

    /// No mask, and not as in training.
    private static func isIdle(_ argument: Any) -> Bool { argument is NSNull || argument as? Bool == false }
  }

  /// Nil without a kind or a name.
  init?(_ entry: [String: Any]) {
    let config = entry["config"] as? [String: Any] ?? [:]
    guard let kind = entry["class_name"] as? String, let name = config["name"] as? String ?? entry["name"] as? String else { return nil }
    self.name = name
    self.kind = kind
    self.config = config
    isKerasOwn = isOfKeras(entry)
    calls = (entry["inbound_nodes"] as? [Any] ?? []).map { Call($0) }
    unitCount = (config["units"] as? Int).flatMap { $0 > 0 ? $0 : nil }
    impossibleUnits = config["units"].flatMap { (units: Any) -> String? in
      units is NSNull || (units as? Int).map { $0 > 0 } == true ? nil : "\(units)"
    }
    usesBias = config["use_bias"] as? Bool ?? true
    let built = (entry["build_config"] as? [String: Any])?["input_shape"]
    inputShape = (config["batch_input_shape"] ?? config["batch_shape"] ?? built).flatMap(rowShape)
  }

  /// What a dense or activation layer applies.
  var activation: KerasActivation { KerasActivation(config["activation"]) }

  /// What a layer of its own applies; nil for a kind that is no activation.
  var ownActivation: KerasActivation? {
    kind == "Activation" ? activation : KerasActivation(kind: kind, config: config)
  }

  /// The dimensions that a normalisation has statistics of, counted with the batch's.
  var axes: [Int]? { (config["axis"] as? Int).map { [$0] } ?? config["axis"] as? [Int] }

  /// What a normalisation adds to the variance; nil where that is no number from 0 up.
  var epsilon: Double? {
    (config["epsilon"] as? Double).flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
  }

  /// Whether a normalisation has a factor and a summand.
  var scales: Bool { config["scale"] as? Bool ?? true }
  var shifts: Bool { config["center"] as? Bool ?? true }
}

/// `[null, 100]`: the shape of a batch without its first dimension. Nil where a dimension is open.
func rowShape(_ value: Any) -> [Int]? {
  // Keras 3 may write a list of shapes, or an object.
  guard let list = value as? [Any], !list.isEmpty else { return nil }
  if list.count == 1, list[0] is [Any] { return rowShape(list[0]) }
  let sizes = list.dropFirst().map { $0 as? Int }
  return sizes.contains { $0 == nil } ? nil : sizes.compactMap { $0 }
}
