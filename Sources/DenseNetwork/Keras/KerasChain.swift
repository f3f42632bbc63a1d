extension LayerChain {
  /// Idle when a network is used, whatever they do in training.
  private static let idleKinds: Set = [
    "Dropout", "InputLayer", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization",
  ]

  /// The chain of a Keras model.
  ///
  /// - Throws: `CheckpointError` for a graph that is no chain and for a layer that is not supported.
  init(_ model: KerasModel, file: String) throws {
    var chain = LayerChain(file: file, steps: [])
    var inputShape: [Int]?
    for layer in try model.chain() {
      func unsupported(_ what: String) -> CheckpointError {
        CheckpointError(file: file, fault: .unsupported(layer: layer.name, what: what))
      }
      func take(_ activation: KerasActivation) throws {
        switch activation {
        case .known(.linear): break
        case .known(let function): chain.steps.append(.activation(function, layer: layer.name))
        case .namedLeakyReLU:
          chain.steps.append(.activation(.leakyReLU(negativeSlope: KerasActivation.namedSlope), layer: layer.name))
          chain.unsaidSlopes.append(layer.name)
        case .unknown(let name): throw unsupported("the activation \(name)")
        }
      }
      guard layer.isKerasOwn else { throw unsupported("the kind \(layer.kind) of another package") }
      // Behind a dense layer rows are flat.
      if chain.steps.isEmpty, let shape = layer.inputShape { inputShape = shape }
      let isFlat = !chain.steps.isEmpty || inputShape?.count == 1
      func requireFlat() throws {
        if let inputShape, !isFlat { throw unsupported("inputs of shape \(inputShape) for each row") }
      }
      switch layer.kind {
      case "Dense":
        try requireFlat()
        if let units = layer.impossibleUnits { throw unsupported("\(units) units") }
        chain.steps.append(.dense(Dense(name: layer.name, unitCount: layer.unitCount, usesBias: layer.usesBias)))
        try take(layer.activation)
      case "BatchNormalization":
        try requireFlat()
        guard let axes = layer.axes, axes == [-1] || axes == [1] else {
          throw unsupported(layer.axes.map { "statistics along axis \($0)" } ?? "no axis of its statistics")
        }
        guard let epsilon = layer.epsilon else { throw unsupported("no epsilon that is a number from 0 up") }
        chain.steps.append(
          .normalisation(Normalisation(name: layer.name, epsilon: epsilon, scales: layer.scales, shifts: layer.shifts)))
      case "Flatten":
        guard isFlat else {
          let shape = inputShape.map { "of shape \($0)" } ?? "of a shape that the file does not say"
          throw unsupported("the kind Flatten on inputs \(shape)")
        }
      case _ where Self.idleKinds.contains(layer.kind): continue
      default:
        guard let activation = layer.ownActivation else { throw unsupported("the kind \(layer.kind)") }
        try take(activation)
      }
    }
    chain.inputCount = inputShape?.first
    self = chain
  }
}
