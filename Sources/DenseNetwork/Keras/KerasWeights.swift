import HDF5

/// The weights in a legacy Keras file: a group for each layer, whose attribute weight_names says where its tensors are.
struct KerasWeights {
  let group: Group
  let file: String

  /// What a file holds of a dense layer.
  struct Tensors {
    /// `[inputs × units]`
    let kernel: [Float]
    let bias: [Float]
    let shape: (inputs: Int, units: Int)
    /// Whether weights were rounded to float32.
    let isRounded: Bool
  }

  /// Kernel and bias of a dense layer.
  ///
  /// - Parameter inputCount: how many inputs it gets; nil where only the kernel says it.
  /// - Throws: `CheckpointError` for tensors that are missing, of another shape, not finite, or more than a dense layer has.
  func tensors(of step: DensePlan.Step, inputCount: Int?) throws -> Tensors {
    let layer = step.layer
    func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }
    guard try group.contains(layer.name) else { throw fault(.missing(part: "layer \(layer.name)")) }
    let stored = try group.group(layer.name)
    let tensors = try kerasWeightNames(stored)
    guard let kernelPath = tensors.first(where: { isTensor($0, "kernel") }),
      tensors.allSatisfy({ isTensor($0, "kernel") || isTensor($0, "bias") }), tensors.count <= 2
    else {
      throw fault(.unsupported(layer: layer.name, what: tensors.isEmpty ? "no weights" : "the weights \(tensors.joined(separator: ", "))"))
    }
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
    let biasPath = tensors.first { isTensor($0, "bias") }
    guard let biasPath else {
      if layer.usesBias && layer.unitCount != nil { throw fault(.missing(part: "the bias of layer \(layer.name)")) }
      return Tensors(
        kernel: kernel.values, bias: Array(repeating: 0, count: units), shape: (due[0], units), isRounded: kernel.isRounded)
    }
    let bias = try finiteFloats(stored, biasPath, shape: [units], file: file)
    return Tensors(
      kernel: kernel.values, bias: bias.values, shape: (due[0], units), isRounded: kernel.isRounded || bias.isRounded)
  }
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
