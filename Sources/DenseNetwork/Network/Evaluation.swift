/// A network's loss and choices on a labelled set, without dropout.
public struct Evaluation: Sendable, Equatable {
  /// Mean squared error against the one-hot label, over rows and outputs.
  public let meanSquaredError: Double
  /// `l2` Σ w² over the hidden layers' kernels.
  public let penalty: Double
  /// Share of the rows whose label is chosen.
  public let accuracy: Double
  /// Counts of rows, whatever they weigh.
  public let measures: ClassificationMeasures

  /// What Keras calls the validation loss: the squared error and the penalty together.
  public var loss: Double { meanSquaredError + penalty }
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
  /// - Parameters:
  ///   - l2: factor of the penalty.
  ///   - labelWeights: what a row of each label weighs in the squared error and in the accuracy; nil where all rows weigh the same.
  /// - Throws: `NetworkError` if the set is empty, has labels beyond the outputs, or other inputs than the network, and if all its rows
  ///   weigh 0.
  public func evaluate(on set: TrainingSet, l2: Double, labelWeights: [Double]? = nil) throws -> Evaluation {
    try set.check(against: self, name: "evaluation")
    let weights = labelWeights ?? Array(repeating: 1, count: outputCount)
    guard weights.count == outputCount else { throw NetworkError.labelWeights(found: weights.count, expected: outputCount) }
    let total = set.labels.reduce(0) { $0 + weights[Int($1)] }
    guard total > 0 else { throw NetworkError.noRows(set: "evaluation") }
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
          squares += weights[Int(set.labels[row])] * error * error
        }
      }
      chosen.append(contentsOf: chosenActions(outputs: outputs, outputCount: outputCount))
    }
    let measures = ClassificationMeasures(chosen: chosen, labels: set.labels, actionCount: outputCount)
    let right = weights.indices.reduce(0) { $0 + weights[$1] * Double(measures.confusion[$1][$1]) }
    return Evaluation(
      meanSquaredError: squares / (total * Double(outputCount)), penalty: l2 * hiddenKernelSquares, accuracy: right / total,
      measures: measures)
  }
}
