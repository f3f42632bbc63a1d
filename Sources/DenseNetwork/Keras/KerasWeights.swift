import HDF5

/// The weights in a legacy Keras file: a group for each layer, whose attribute weight_names says where its tensors are.
struct KerasWeights: ChainWeights {
  let group: Group
  let file: String

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }

  func dense(_ layer: LayerChain.Dense, inputCount: Int?) throws -> DenseTensors {
    let (stored, paths) = try tensors(of: layer.name, known: ["kernel", "bias"])
    guard let kernelPath = paths["kernel"] else {
      throw fault(.unsupported(layer: layer.name, what: "no weights"))
    }
    return try kerasDense(layer, in: stored, kernel: kernelPath, bias: paths["bias"], inputCount: inputCount, file: file)
  }

  func normalisation(_ layer: LayerChain.Normalisation, unitCount: Int?) throws -> NormalisationTensors {
    let (stored, paths) = try tensors(of: layer.name, known: ["gamma", "beta", "moving_mean", "moving_variance"])
    func path(_ name: String, isDue: Bool?) throws -> String? {
      if paths[name] == nil, isDue == true { throw fault(.missing(part: "the \(name) of layer \(layer.name)")) }
      if paths[name] != nil, isDue == false {
        throw fault(.unsupported(layer: layer.name, what: "a \(name) that its configuration does not have"))
      }
      return paths[name]
    }
    guard let mean = try path("moving_mean", isDue: true), let variance = try path("moving_variance", isDue: true) else {
      throw fault(.unsupported(layer: layer.name, what: "no statistics"))
    }
    return try kerasNormalisation(
      in: stored, scale: path("gamma", isDue: layer.scales), shift: path("beta", isDue: layer.shifts), mean: mean, variance: variance,
      unitCount: unitCount, file: file)
  }

  /// - Throws: `CheckpointError` for tensors beside those that the kind of layer has.
  private func tensors(of layer: String, known: [String]) throws -> (Group, paths: [String: String]) {
    guard try group.contains(layer), try group.kind(of: layer) == .group else { throw fault(.missing(part: "layer \(layer)")) }
    let stored = try group.group(layer)
    let names = try kerasWeightNames(stored)
    var paths: [String: String] = [:]
    for name in names {
      guard let tensor = known.first(where: { isTensor(name, $0) }), paths.updateValue(name, forKey: tensor) == nil else {
        throw fault(.unsupported(layer: layer, what: "the weights \(names.joined(separator: ", "))"))
      }
    }
    return (stored, paths)
  }
}

/// Kernel and bias of a dense layer from a file of Keras.
///
/// - Parameters:
///   - stored: where the paths lead from.
///   - bias: nil where the file has none.
func kerasDense(
  _ layer: LayerChain.Dense, in stored: Group, kernel kernelPath: String, bias biasPath: String?, inputCount: Int?, file: String
) throws -> DenseTensors {
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }
  guard try stored.contains(kernelPath) else { throw fault(.missing(part: "\(stored.path)/\(kernelPath)")) }
  let shape = try stored.dataset(kernelPath).shape
  guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
    throw fault(.unsupported(layer: layer.name, what: "a kernel of shape \(shape)"))
  }
  let units = layer.unitCount ?? shape[1]
  let isTurned = shape != [inputCount ?? shape[0], units] && shape[0] == units && inputCount ?? shape[1] == shape[1]
  let due = [inputCount ?? (isTurned ? shape[1] : shape[0]), units]
  if isTurned { throw fault(.transposed(part: "\(stored.path)/\(kernelPath)", found: shape, expected: due)) }
  let kernel = try finiteFloats(stored, kernelPath, shape: due, file: file)
  if biasPath == nil, layer.usesBias == true { throw fault(.missing(part: "the bias of layer \(layer.name)")) }
  if biasPath != nil, layer.usesBias == false {
    throw fault(.unsupported(layer: layer.name, what: "a bias that its configuration does not have"))
  }
  let bias = try biasPath.map { try finiteFloats(stored, $0, shape: [units], file: file) }
  return DenseTensors(
    kernel: kernel.values, bias: bias?.values, inputCount: due[0], unitCount: units,
    isRounded: kernel.isRounded || bias?.isRounded == true)
}

/// The tensors of a normalisation from a file of Keras; paths that are nil it has not.
func kerasNormalisation(
  in stored: Group, scale: String?, shift: String?, mean: String, variance: String, unitCount: Int?, file: String
) throws -> NormalisationTensors {
  guard try stored.contains(mean) else { throw CheckpointError(file: file, fault: .missing(part: "\(stored.path)/\(mean)")) }
  let shape = [try unitCount ?? stored.dataset(mean).shape.first ?? 0]
  func floats(_ path: String) throws -> StoredFloats { try finiteFloats(stored, path, shape: shape, file: file) }
  let (mean, variance) = (try floats(mean), try floats(variance))
  let (scale, shift) = (try scale.map(floats), try shift.map(floats))
  return NormalisationTensors(
    scale: scale?.values, shift: shift?.values, mean: mean.values, variance: variance.values,
    isRounded: [mean, variance, scale, shift].contains { $0?.isRounded == true })
}

/// "dense/kernel:0" is the tensor "kernel".
private func isTensor(_ name: String, _ tensor: String) -> Bool {
  let last = name.split(separator: "/").last ?? ""
  return last == tensor || last.hasPrefix(tensor + ":")
}

/// The names of a layer's weights. For a layer without any, Keras stores an empty array of float64.
func kerasWeightNames(_ group: Group) throws -> [String] {
  guard case .string = try group.attributes.datatype(of: "weight_names") else { return [] }
  return try group.attributes.strings("weight_names") ?? []
}
