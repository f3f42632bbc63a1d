import HDF5

/// The weights in what Keras 3 saves, and Keras 2.12 on: `/layers/dense_1/vars/0`, where the numbers count the layers of a kind in the order of
/// the model's list, and the variables of a layer.
struct Keras3Weights: ChainWeights {
  let file: String
  private let container: Group
  /// The group of each layer, by the architecture's name for it.
  private let groups: [String: String]

  /// The group that holds a group for each layer; nil for a file of another kind.
  static func container(in root: Group) throws -> Group? {
    for name in ["layers", "_layer_checkpoint_dependencies"] where try root.contains(name) && root.kind(of: name) == .group {
      let group = try root.group(name)
      for layer in try group.childNames() where try group.kind(of: layer) == .group {
        if try group.contains("\(layer)/vars") { return group }
      }
    }
    return nil
  }

  /// Weights whose layers an architecture names by their groups.
  init(container: Group, chain: LayerChain, file: String) throws {
    (self.container, self.file) = (container, file)
    groups = Dictionary(uniqueKeysWithValues: Set(chain.layerNames).map { ($0, $0) })
    try requirePlaces()
  }

  /// Weights of a model of Keras, whose n-th dense layer has the n-th of the groups dense, dense_1, …
  ///
  /// - Throws: `CheckpointError` where the file has more or fewer of them than the model, or says that they are of other layers.
  init(container: Group, model: KerasModel, file: String) throws {
    (self.container, self.file) = (container, file)
    var groups: [String: String] = [:]
    for (kind, prefix) in [("Dense", "dense"), ("BatchNormalization", "batch_normalization")] {
      let layers = model.layers.filter { $0.kind == kind }.map(\.name)
      let stored = try Self.numbered(prefix, in: container)
      guard layers.count == stored.count else {
        throw CheckpointError(
          file: file,
          fault: .invalid(
            part: container.path, reason: "it has weights of \(stored.count) layers of the kind \(kind), and the model has \(layers.count)")
        )
      }
      for (layer, group) in zip(layers, stored) {
        // Keras 3 says in later versions of which layer they are.
        if try container.contains("\(group)/vars"), let named = try container.group("\(group)/vars").attributes.string("name"),
          named != layer
        {
          throw CheckpointError(
            file: file,
            fault: .invalid(part: "\(container.path)/\(group)", reason: "it has the weights of layer \(named), where \(layer) is due"))
        }
        groups[layer] = group
      }
    }
    self.groups = groups
    try requirePlaces()
  }

  /// `dense`, `dense_1`, …, in that order.
  private static func numbered(_ prefix: String, in container: Group) throws -> [String] {
    try container.childNames().compactMap { name -> (Int, String)? in
      if name == prefix { return (0, name) }
      guard name.hasPrefix(prefix + "_"), let number = Int(name.dropFirst(prefix.count + 1)), number > 0 else { return nil }
      return (number, name)
    }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }

  /// - Throws: `CheckpointError` for weights in a group that belongs to no layer.
  private func requirePlaces() throws {
    let placed = Set(groups.values)
    for name in try container.childNames() where !placed.contains(name) {
      guard try container.kind(of: name) == .group, try container.contains("\(name)/vars"), try container.kind(of: "\(name)/vars") == .group
      else { continue }
      if let tensor = try container.group("\(name)/vars").childNames().first {
        throw fault(.noPlace(tensor: "\(container.path)/\(name)/vars/\(tensor)"))
      }
    }
  }

  /// The variables of a layer: a group of data sets 0, 1, …
  private func variables(of layer: String) throws -> (Group, count: Int) {
    let path = "\(groups[layer] ?? layer)/vars"
    guard try container.contains(path), try container.kind(of: path) == .group else {
      throw fault(.missing(part: "\(container.path)/\(path)"))
    }
    let group = try container.group(path)
    let names = try group.childNames()
    guard Set(names) == Set(names.indices.map(String.init)) else {
      throw fault(.unsupported(layer: layer, what: "the variables \(names.joined(separator: ", "))"))
    }
    return (group, names.count)
  }

  func dense(_ layer: LayerChain.Dense, inputCount: Int?) throws -> DenseTensors {
    let (group, count) = try variables(of: layer.name)
    guard (1...2).contains(count) else { throw fault(.unsupported(layer: layer.name, what: "\(count) variables")) }
    return try kerasDense(layer, in: group, kernel: "0", bias: count == 2 ? "1" : nil, inputCount: inputCount, file: file)
  }

  func normalisation(_ layer: LayerChain.Normalisation, unitCount: Int?) throws -> NormalisationTensors {
    let (group, count) = try variables(of: layer.name)
    // γ, β, mean, variance: a single one of the first two does not say which it is.
    let scales = layer.scales ?? (count == 4)
    let shifts = layer.shifts ?? (count == 4)
    let isKnown = count != 3 || layer.scales != nil && layer.shifts != nil
    guard isKnown, count == 2 + (scales ? 1 : 0) + (shifts ? 1 : 0) else {
      throw fault(.unsupported(layer: layer.name, what: "\(count) variables"))
    }
    return try kerasNormalisation(
      in: group, scale: scales ? "0" : nil, shift: shifts ? (scales ? "1" : "0") : nil, mean: "\(count - 2)", variance: "\(count - 1)",
      unitCount: unitCount, file: file)
  }
}

extension LayerChain {
  /// Of the layers that have weights.
  var layerNames: [String] {
    steps.compactMap { step in
      switch step {
      case .dense(let layer): layer.name
      case .normalisation(let layer): layer.name
      case .activation: nil
      }
    }
  }
}
