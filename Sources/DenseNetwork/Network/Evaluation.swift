/// A network's loss and choices on a labelled set, without dropout.
public struct Evaluation: Sendable, Equatable {
  /// Mean squared error against the one-hot label, over rows and outputs; every row weighs the same.
  public let meanSquaredError: Double
  /// `l2` Σ w² over the hidden layers' kernels.
  public let penalty: Double
  public let measures: ClassificationMeasures

  /// What Keras calls the validation loss: the squared error and the penalty together.
  public var loss: Double { meanSquaredError + penalty }
  public var accuracy: Double { measures.accuracy ?? .nan }
}

extension Network {
  /// Σ w² over the hidden layers' kernels, in Double.
  public var hiddenKernelSquares: Double {
    layers.dropLast().reduce(0) { sum, layer in
      layer.kernel.reduce(sum) { $0 + Double($1) * Double($1) }
    }
  }

  /// Loss, accuracy and confusion matrix on `set`.
  ///
  /// - Parameter l2: factor of the penalty.
  /// - Throws: `NetworkError` if the set is empty, has labels beyond the outputs, or other inputs than the network.
  public func evaluate(on set: TrainingSet, l2: Double) throws -> Evaluation {
    try set.check(against: self, name: "evaluation")
    var squares = 0.0
    var chosen: [UInt8] = []
    chosen.reserveCapacity(set.rowCount)
    let outputCount = outputCount
    try forward(rows: set.states) { block in
      let outputs = block.outputs
      for row in block.rows {
        let begin = (row - block.rows.lowerBound) * outputCount
        for action in 0..<outputCount {
          let error = Double(outputs[begin + action]) - (Int(set.labels[row]) == action ? 1 : 0)
          squares += error * error
        }
      }
      chosen.append(contentsOf: chosenActions(outputs: outputs, outputCount: outputCount))
    }
    return Evaluation(
      meanSquaredError: squares / Double(set.rowCount * outputCount),
      penalty: l2 * hiddenKernelSquares,
      measures: ClassificationMeasures(chosen: chosen, labels: set.labels, actionCount: outputCount))
  }
}
