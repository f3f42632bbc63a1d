import DenseNetwork
import Statistics

/// The training step in plain Double loops, one row at a time: what the C kernel has to reproduce.
struct ReferenceTraining {
  /// `[layer][input][unit]`
  var kernels: [[[Double]]]
  /// `[layer][unit]`
  var biases: [[Double]]

  init(_ network: Network) {
    kernels = network.layers.map { layer in
      (0..<layer.inputCount).map { input in
        (0..<layer.unitCount).map { Double(layer.kernel[input * layer.unitCount + $0]) }
      }
    }
    biases = network.layers.map { $0.bias.map { Double($0) } }
  }

  /// One row of a batch.
  struct Row {
    let inputs: [Double]
    let label: Int
    let weight: Double
    /// `[hidden layer][unit]`: 0 where the unit is dropped, 1 / (1 − dropout) where it stays.
    let masks: [[Double]]
  }

  /// Each layer's inputs and, last, the outputs.
  func forward(_ row: Row) -> [[Double]] {
    var values = [row.inputs]
    for layer in kernels.indices {
      var sums = biases[layer]
      for (input, weights) in zip(values[layer], kernels[layer]) {
        for unit in sums.indices { sums[unit] += input * weights[unit] }
      }
      if layer < kernels.count - 1 {
        for unit in sums.indices { sums[unit] = max(0, sums[unit]) * row.masks[layer][unit] }
      }
      values.append(sums)
    }
    return values
  }

  func penalty(l2: Double) -> Double {
    l2 * kernels.dropLast().reduce(0) { $0 + $1.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } }
  }

  func loss(_ rows: [Row], l2: Double) -> Double {
    var sum = 0.0
    for row in rows {
      let outputs = forward(row)[kernels.count]
      let squares = outputs.enumerated().reduce(0) { sum, output in
        let error = output.element - (output.offset == row.label ? 1 : 0)
        return sum + error * error
      }
      sum += row.weight * squares / Double(outputs.count)
    }
    return sum / Double(rows.count) + penalty(l2: l2)
  }

  /// ∂loss/∂parameter, shaped as the parameters.
  func gradient(_ rows: [Row], l2: Double) -> ReferenceTraining {
    var gradient = self
    for layer in kernels.indices {
      let factor = layer < kernels.count - 1 ? 2 * l2 : 0
      gradient.kernels[layer] = kernels[layer].map { $0.map { $0 * factor } }
      gradient.biases[layer] = biases[layer].map { _ in 0 }
    }
    for row in rows {
      let values = forward(row)
      let outputs = values[kernels.count]
      var deltas = outputs.indices.map { output in
        2 * row.weight * (outputs[output] - (output == row.label ? 1 : 0)) / Double(outputs.count * rows.count)
      }
      for layer in kernels.indices.reversed() {
        for (input, value) in values[layer].enumerated() {
          for unit in deltas.indices { gradient.kernels[layer][input][unit] += value * deltas[unit] }
        }
        for unit in deltas.indices { gradient.biases[layer][unit] += deltas[unit] }
        if layer == 0 { break }
        deltas = values[layer].indices.map { input in
          guard values[layer][input] > 0 else { return 0 }
          let sum = zip(kernels[layer][input], deltas).reduce(0) { $0 + $1.0 * $1.1 }
          return sum * row.masks[layer - 1][input]
        }
      }
    }
    return gradient
  }

  /// Calls `body` with the same parameter of several values of this type, for each parameter.
  static func forEachParameter(
    _ first: inout ReferenceTraining, _ second: inout ReferenceTraining, _ third: inout ReferenceTraining,
    _ gradient: ReferenceTraining, _ body: (inout Double, inout Double, inout Double, Double) -> Void
  ) {
    for layer in gradient.kernels.indices {
      for input in gradient.kernels[layer].indices {
        for unit in gradient.biases[layer].indices {
          body(
            &first.kernels[layer][input][unit], &second.kernels[layer][input][unit],
            &third.kernels[layer][input][unit], gradient.kernels[layer][input][unit])
        }
      }
      for unit in gradient.biases[layer].indices {
        body(
          &first.biases[layer][unit], &second.biases[layer][unit], &third.biases[layer][unit],
          gradient.biases[layer][unit])
      }
    }
  }
}

/// Whole epochs of the reference, rows shuffled and units dropped as the trainer does.
struct ReferenceRun {
  var weights: ReferenceTraining
  var firstMoments: ReferenceTraining
  var secondMoments: ReferenceTraining
  var stepsTaken = 0

  init(_ network: Network) {
    weights = ReferenceTraining(network)
    firstMoments = weights
    firstMoments.kernels = weights.kernels.map { $0.map { $0.map { _ in 0 } } }
    firstMoments.biases = weights.biases.map { $0.map { _ in 0 } }
    secondMoments = firstMoments
  }

  /// - Returns: the mean loss over the epoch's steps, weighted by their rows.
  mutating func trainEpoch(
    _ epoch: Int, on set: TrainingSet, _ hyperparameters: Hyperparameters, labelWeights: [Double]
  ) -> Double {
    var order = Array(0..<set.rowCount)
    var stream = RandomStream(seed: hyperparameters.seed, purpose: "shuffle", index: UInt64(epoch))
    for index in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(index, stream.uniform(below: index + 1))
    }
    var loss = 0.0
    for (step, begin) in stride(from: 0, to: order.count, by: hyperparameters.batchSize).enumerated() {
      let key = ReferenceDropout.key(seed: hyperparameters.seed, epoch: UInt64(epoch), step: UInt64(step))
      let batch = order[begin..<min(begin + hyperparameters.batchSize, order.count)]
      let rows = batch.enumerated().map { place, row in
        var unit: UInt32 = 0
        let masks = weights.biases.dropLast().map { layer in
          layer.map { _ in
            defer { unit += 1 }
            let stays = ReferenceDropout.stays(key, row: UInt32(place), unit: unit, dropout: hyperparameters.dropout)
            return stays ? 1 / (1 - hyperparameters.dropout) : 0
          }
        }
        let label = Int(set.labels[row])
        return ReferenceTraining.Row(
          inputs: set.states[row * set.inputCount..<(row + 1) * set.inputCount].map { Double($0) },
          label: label, weight: labelWeights[label], masks: masks)
      }
      loss += weights.loss(rows, l2: hyperparameters.l2) * Double(rows.count)
      update(weights.gradient(rows, l2: hyperparameters.l2), learningRate: hyperparameters.learningRate)
    }
    return loss / Double(order.count)
  }

  /// Adam as Keras 2.15 writes it.
  private mutating func update(_ gradient: ReferenceTraining, learningRate: Double) {
    stepsTaken += 1
    var power1 = 1.0
    var power2 = 1.0
    for _ in 0..<stepsTaken {
      power1 *= 0.9
      power2 *= 0.999
    }
    let alpha = learningRate * (1 - power2).squareRoot() / (1 - power1)
    ReferenceTraining.forEachParameter(&weights, &firstMoments, &secondMoments, gradient) { weight, first, second, slope in
      first += (slope - first) * 0.1
      second += (slope * slope - second) * 0.001
      weight -= first * alpha / (second.squareRoot() + 1e-7)
    }
  }
}

/// The dropout masks, written from the description in DenseKernels.h.
enum ReferenceDropout {
  static func key(seed: UInt64, epoch: UInt64, step: UInt64) -> UInt64 {
    mix(mix(mix(seed) ^ epoch) ^ step)
  }

  static func stays(_ key: UInt64, row: UInt32, unit: UInt32, dropout: Double) -> Bool {
    var h = (row &* 65536 &+ unit) &* 0x9E37_79B1 &+ UInt32(truncatingIfNeeded: key)
    h = (h ^ h >> 16) &* 0x7FEB_352D
    h ^= UInt32(truncatingIfNeeded: key >> 32)
    h = (h ^ h >> 15) &* 0x846C_A68B
    h ^= h >> 16
    return h >> 8 >= UInt32((dropout * 16_777_216).rounded())
  }

  private static func mix(_ state: UInt64) -> UInt64 {
    var z = state &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
