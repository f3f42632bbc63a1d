/// The dense layers of a chain, each with what is applied to its sums.
struct DensePlan {
  struct Step {
    let layer: KerasLayer
    var activation: DenseLayer.Activation
  }

  private(set) var steps: [Step] = []
  /// Nil where the model does not say it.
  private(set) var inputCount: Int?

  /// Idle when a network is used, whatever they do in training.
  private static let idleKinds: Set = [
    "Dropout", "InputLayer", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization",
  ]

  /// - Throws: `CheckpointError` for a layer that is not supported.
  init(chain: [KerasLayer], file: String) throws {
    var inputShape: [Int]?
    for layer in chain {
      func unsupported(_ what: String) -> CheckpointError {
        CheckpointError(file: file, fault: .unsupported(layer: layer.name, what: what))
      }
      guard layer.isKerasOwn else { throw unsupported("the kind \(layer.kind) of another package") }
      if steps.isEmpty, let shape = layer.inputShape { inputShape = shape }
      switch layer.kind {
      case "Dense":
        if let inputShape, inputShape.count != 1 { throw unsupported("inputs of shape \(inputShape) for each row") }
        if let units = layer.impossibleUnits { throw unsupported("\(units) units") }
        let activation = layer.activation
        guard let known = DenseLayer.Activation(rawValue: activation) else { throw unsupported("the activation \(activation)") }
        steps.append(Step(layer: layer, activation: known))
      case "Activation", "ReLU":
        let activation = layer.kind == "ReLU" ? layer.rectifier : layer.activation
        guard let known = DenseLayer.Activation(rawValue: activation) else { throw unsupported("the activation \(activation)") }
        if known == .linear { continue }
        // What is linear below takes it on; relu of relu is relu.
        guard let last = steps.indices.last else { throw unsupported("the activation relu before the first dense layer") }
        steps[last].activation = .relu
      case "Flatten":
        // After a dense layer rows are flat.
        guard !steps.isEmpty || inputShape?.count == 1 else {
          let shape = inputShape.map { "of shape \($0)" } ?? "of a shape that the file does not say"
          throw unsupported("the kind Flatten on inputs \(shape)")
        }
      case _ where Self.idleKinds.contains(layer.kind): continue
      default: throw unsupported("the kind \(layer.kind)")
      }
    }
    guard !steps.isEmpty else {
      throw CheckpointError(file: file, fault: .invalid(part: "the model", reason: "it has no dense layers"))
    }
    inputCount = inputShape?.first
  }
}
