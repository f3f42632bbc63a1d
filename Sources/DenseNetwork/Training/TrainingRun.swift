internal import CKernels
import Statistics

/// The C kernel's buffers for one training run, and the step from one epoch to the next.
final class TrainingRun {
  private let hyperparameters: Hyperparameters
  private let set: TrainingSet
  private let labelWeights: [Float]
  private let template: Network
  private let layout: ParameterLayout
  private let parameters: FloatBuffer
  private let firstMoments: FloatBuffer
  private let secondMoments: FloatBuffer
  private let workspace: FloatBuffer
  private var order: [UInt32]
  private var stepsTaken: UInt64

  /// The sets and the state have been checked against each other.
  init(_ hyperparameters: Hyperparameters, _ set: TrainingSet, labelWeights: [Double], from state: TrainingState) {
    self.hyperparameters = hyperparameters
    self.set = set
    self.labelWeights = labelWeights.map { Float($0) }
    template = state.network
    layout = ParameterLayout(state.network)
    parameters = FloatBuffer(count: layout.count)
    firstMoments = FloatBuffer(count: layout.count)
    secondMoments = FloatBuffer(count: layout.count)
    workspace = FloatBuffer(count: layout.workspaceCount)
    layout.pack(state.network, into: parameters)
    layout.pack(state.firstMoments, into: firstMoments)
    layout.pack(state.secondMoments, into: secondMoments)
    order = Array(repeating: 0, count: set.rowCount)
    stepsTaken = state.stepsTaken
  }

  /// Trains one epoch, rows in the order of `RandomStream(seed, "shuffle", epoch)`.
  ///
  /// - Returns: the mean training loss, or nil if `isCancelled` said so between two runs of steps; the buffers are then of no further use.
  func trainEpoch(_ epoch: Int, isCancelled: () -> Bool) -> Double? {
    shuffle(epoch)
    let stepCount = (set.rowCount + hyperparameters.batchSize - 1) / hyperparameters.batchSize
    // A few milliseconds of work between two looks at `isCancelled`.
    let stride = max(1, 50_000 / hyperparameters.batchSize)
    var loss = 0.0
    var first = 0
    while first < stepCount {
      if isCancelled() { return nil }
      let end = min(first + stride, stepCount)
      loss += train(epoch: epoch, steps: first..<end)
      stepsTaken += UInt64(end - first)
      first = end
    }
    return loss / Double(set.rowCount)
  }

  /// The state as the buffers hold it, without `bestNetwork` and history, which are the caller's.
  func store(into state: inout TrainingState) {
    state.network = layout.unpack(parameters, like: template)
    state.firstMoments = layout.unpack(firstMoments, like: template)
    state.secondMoments = layout.unpack(secondMoments, like: template)
    state.stepsTaken = stepsTaken
  }

  /// Fisher and Yates, from 0…n−1 each epoch, so that an epoch's order does not depend on the ones before.
  private func shuffle(_ epoch: Int) {
    var stream = RandomStream(seed: hyperparameters.seed, purpose: "shuffle", index: UInt64(epoch))
    order.withUnsafeMutableBufferPointer { order in
      for index in order.indices { order[index] = UInt32(truncatingIfNeeded: index) }
      // The places to swap with are drawn some ahead and read at once, so that their cache misses overlap.
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { places in
        var end = order.count
        while end > 1 {
          let count = min(places.count, end - 1)
          for i in 0..<count { places[i] = stream.uniform(below: end - i) }
          var sum: UInt32 = 0
          for i in 0..<count { sum &+= order[places[i]] }
          withExtendedLifetime(sum) {}
          for i in 0..<count { order.swapAt(end - 1 - i, places[i]) }
          end -= count
        }
      }
    }
  }

  private func train(epoch: Int, steps: Range<Int>) -> Double {
    set.states.withUnsafeBufferPointer { states in
      set.labels.withUnsafeBufferPointer { labels in
        order.withUnsafeBufferPointer { order in
          labelWeights.withUnsafeBufferPointer { weights in
            layout.withDense(parameters) { dense in
              guard let states = states.baseAddress, let labels = labels.baseAddress, let order = order.baseAddress,
                let weights = weights.baseAddress
              else { return 0 }
              var training = mirrorscope_dense_training(
                network: dense, first_moments: firstMoments.pointer, second_moments: secondMoments.pointer,
                states: states, labels: labels, order: order, row_count: set.rowCount, label_weights: weights,
                batch_size: hyperparameters.batchSize, first_step: steps.lowerBound, end_step: steps.upperBound,
                steps_taken: stepsTaken, seed: hyperparameters.seed, epoch: UInt64(epoch),
                learning_rate: hyperparameters.learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7,
                dropout: hyperparameters.dropout, l2: hyperparameters.l2, workspace: workspace.pointer)
              return mirrorscope_dense_train(&training)
            }
          }
        }
      }
    }
  }
}
