import HDF5

/// The weights in what Keras 3 saves, and Keras 2.12 on: `/layers/dense_1/vars/0`, where the numbers count the layers of a kind in the order of
/// the model's list, and the variables of a layer.
struct Keras3Weights: ChainWeights {
  let file: String
  private let container: Group
  /// The path in the container of the group of each layer, by the architecture's name for it.
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

  /// Weights whose layers an architecture names by their groups; those of a model within the model by their paths (sequential/layers/dense).
  init(root: Group, container: Group, chain: LayerChain, file: String) throws {
    (self.container, self.file) = (container, file)
    groups = Dictionary(uniqueKeysWithValues: Set(chain.layerNames).map { ($0, $0) })
    try requirePlaces(in: root)
  }

  /// Weights of a model of Keras, whose n-th dense layer has the n-th of the groups dense, dense_1, …
  ///
  /// - Throws: `CheckpointError` where the file has more or fewer of them than the model, or says that they are of other layers.
  init(root: Group, container: Group, model: KerasModel, file: String) throws {
    (self.container, self.file) = (container, file)
    var groups: [String: String] = [:]
    for (kind, prefix) in [("Dense", Self.denseGroup), ("BatchNormalization", Self.normalisationGroup)] {
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
    try requirePlaces(in: root)
  }

  /// Groups have the names of their layers' classes.
  private static let denseGroup = "dense"
  private static let normalisationGroup = "batch_normalization"

  /// `dense`, `dense_1`, …, in that order.
  private static func numbered(_ prefix: String, in container: Group) throws -> [String] {
    try container.childNames().compactMap { name in number(of: name, prefix).map { ($0, name) } }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// 0 for `dense`, 1 for `dense_1`; nil for the group of another class.
  private static func number(of name: String, _ prefix: String) -> Int? {
    if name == prefix { return 0 }
    guard name.hasPrefix(prefix + "_"), let number = Int(name.dropFirst(prefix.count + 1)), number > 0, name == "\(prefix)_\(number)" else {
      return nil
    }
    return number
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }

  /// What the training keeps beside the model: the optimiser's state, and the metrics of Keras 2.
  private static let ofTraining: Set = ["optimizer", "metrics"]
  private static let mostDepth = 64
  private static let mostObjects = 100_000

  /// - Throws: `CheckpointError` for a data set, anywhere in the file, that is no variable of one of the layers: of another layer, of a model
  ///   within the model, of the model itself.
  private func requirePlaces(in root: Group) throws {
    let placed = Set(groups.values.map { "\(container.path)/\($0)/vars" })
    var objects = 0
    var open = [(group: root, depth: 0)]
    while let (group, depth) = open.popLast() {
      var inside: [(group: Group, depth: Int)] = []
      for name in try group.childNames() where depth > 0 || !Self.ofTraining.contains(name) {
        objects += 1
        // A group may hold itself.
        guard depth < Self.mostDepth, objects <= Self.mostObjects else {
          throw fault(.invalid(part: group.path, reason: "there are more groups in the file, or deeper ones, than a model has"))
        }
        switch try group.kind(of: name) {
        case .group: inside.append((try group.group(name), depth + 1))
        case .dataset:
          guard placed.contains(group.path) else { throw fault(.noPlace(tensor: group.path == "/" ? "/\(name)" : "\(group.path)/\(name)")) }
        case .namedType: break
        }
      }
      open += inside.reversed()
    }
  }

  /// The variables of a layer: a group of data sets 0, 1, …
  ///
  /// - Throws: `CheckpointError` where the group is of another class: the statistics of another kind of normalisation mean something else.
  private func variables(of layer: String, class kind: String) throws -> (Group, count: Int) {
    let stored = groups[layer] ?? layer
    let names = stored.split(separator: "/", omittingEmptySubsequences: false)
    let path = "\(stored)/vars"
    guard !names.contains(where: { ["", ".", ".."].contains($0) }), try container.contains(path), try container.kind(of: path) == .group
    else { throw fault(.missing(part: "\(container.path)/\(path)")) }
    guard let last = names.last, Self.number(of: String(last), kind) != nil else {
      throw fault(.unsupported(layer: layer, what: "weights in a group of another class than \(kind)"))
    }
    let group = try container.group(path)
    let variables = try group.childNames()
    guard Set(variables) == Set(variables.indices.map(String.init)) else {
      throw fault(.unsupported(layer: layer, what: "the variables \(variables.joined(separator: ", "))"))
    }
    return (group, variables.count)
  }

  func dense(_ layer: LayerChain.Dense, inputCount: Int?) throws -> DenseTensors {
    let (group, count) = try variables(of: layer.name, class: Self.denseGroup)
    guard (1...2).contains(count) else { throw fault(.unsupported(layer: layer.name, what: "\(count) variables")) }
    return try kerasDense(layer, in: group, kernel: "0", bias: count == 2 ? "1" : nil, inputCount: inputCount, file: file)
  }

  func normalisation(_ layer: LayerChain.Normalisation, unitCount: Int?) throws -> NormalisationTensors {
    let (group, count) = try variables(of: layer.name, class: Self.normalisationGroup)
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
