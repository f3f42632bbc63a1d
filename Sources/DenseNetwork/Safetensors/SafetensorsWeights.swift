import Foundation

/// The weights in a `.safetensors` file that holds a PyTorch `state_dict`: of layer fc1 the tensors fc1.weight, [unit, input], and fc1.bias; of a
/// normalisation weight, bias, running_mean, running_var and num_batches_tracked.
struct SafetensorsWeights: ChainWeights {
  let file: String
  private let bytes: ByteFile
  private let header: SafetensorsHeader

  init(_ path: String) throws {
    file = path
    bytes = try ByteFile(path)
    header = try SafetensorsHeader(bytes)
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }

  /// - Throws: `CheckpointError` naming a tensor that belongs to no layer of the chain: the architecture would leave out a part of the network.
  func requirePlaces(in chain: LayerChain) throws {
    var placed: Set<String> = []
    for step in chain.steps {
      switch step {
      case .dense(let layer): placed.formUnion(["weight", "bias"].map { "\(layer.name).\($0)" })
      case .normalisation(let layer): placed.formUnion(Self.normalisationParts.map { "\(layer.name).\($0)" })
      case .activation: break
      }
    }
    if let stranger = header.tensors.keys.sorted().first(where: { !placed.contains($0) }) { throw fault(.noPlace(tensor: stranger)) }
  }

  private static let normalisationParts = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]

  func dense(_ layer: LayerChain.Dense, inputCount: Int?) throws -> DenseTensors {
    let kernelName = "\(layer.name).weight"
    guard let stored = header.tensors[kernelName] else { throw fault(.missing(part: "tensor \(kernelName)")) }
    guard stored.shape.count == 2, stored.shape.allSatisfy({ $0 > 0 }) else {
      throw fault(.unsupported(layer: layer.name, what: "a kernel of shape \(stored.shape)"))
    }
    let due = [layer.unitCount ?? stored.shape[0], inputCount ?? stored.shape[1]]
    let kernel = try floats(kernelName, shape: due)
    let (units, inputs) = (due[0], due[1])
    let turned = [Float](unsafeUninitializedCapacity: inputs * units) { turned, count in
      count = inputs * units
      for unit in 0..<units {
        for input in 0..<inputs { turned[input * units + unit] = kernel.values[unit * inputs + input] }
      }
    }
    let biasName = "\(layer.name).bias"
    let bias = try header.tensors[biasName].map { _ in try floats(biasName, shape: [units]) }
    return DenseTensors(
      kernel: turned, bias: bias?.values, inputCount: inputs, unitCount: units, isRounded: kernel.isRounded || bias?.isRounded == true)
  }

  func normalisation(_ layer: LayerChain.Normalisation, unitCount: Int?) throws -> NormalisationTensors {
    let meanName = "\(layer.name).running_mean"
    guard let stored = header.tensors[meanName] else { throw fault(.missing(part: "tensor \(meanName)")) }
    let shape = [unitCount ?? stored.shape.first ?? 0]
    func optional(_ part: String) throws -> StoredFloats? {
      let name = "\(layer.name).\(part)"
      return try header.tensors[name].map { _ in try floats(name, shape: shape) }
    }
    let mean = try floats(meanName, shape: shape)
    let variance = try floats("\(layer.name).running_var", shape: shape)
    let (scale, shift) = (try optional("weight"), try optional("bias"))
    return NormalisationTensors(
      scale: scale?.values, shift: shift?.values, mean: mean.values, variance: variance.values,
      isRounded: [mean, variance, scale, shift].contains { $0?.isRounded == true })
  }

  private func floats(_ name: String, shape: [Int]) throws -> StoredFloats {
    let part = "tensor \(name)"
    guard let tensor = header.tensors[name] else { throw fault(.missing(part: part)) }
    guard tensor.shape == shape else { throw fault(.shape(part: part, found: tensor.shape, expected: shape)) }
    let size: Int
    switch tensor.type {
    case "F64": size = 8
    case "F32": size = 4
    case "F16", "BF16": size = 2
    default: throw fault(.notFloats(part: part, type: tensor.type))
    }
    guard tensor.bytes.count / size <= StoredFloats.mostValues else {
      throw fault(.invalid(part: part, reason: "it has more than \(StoredFloats.mostValues) values"))
    }
    let stored = try bytes.bytes(at: tensor.bytes.lowerBound, count: tensor.bytes.count)
    return try stored.withUnsafeBytes { stored in
      func numbers<Bits: FixedWidthInteger>(_: Bits.Type) -> [Bits] {
        (0..<stored.count / size).map { Bits(littleEndian: stored.loadUnaligned(fromByteOffset: $0 * size, as: Bits.self)) }
      }
      switch tensor.type {
      case "F64": return try StoredFloats(checking: numbers(UInt64.self).map { Double(bitPattern: $0) }, part: part, file: file)
      case "F32": return try StoredFloats(checking: numbers(UInt32.self).map { Float(bitPattern: $0) }, part: part, file: file)
      case "F16": return try StoredFloats(checking: numbers(UInt16.self).map(float(ofHalf:)), part: part, file: file)
      default: return try StoredFloats(checking: numbers(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }, part: part, file: file)
      }
    }
  }
}

/// The number that 16 bits stand for in IEEE 754's binary16: not every platform's Swift has the type.
func float(ofHalf bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 31
  let fraction = UInt32(bits & 1023)
  switch exponent {
  case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
  case 0:
    let size = Float(fraction) * 0x1p-24
    return sign == 0 ? size : -size
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
