import DenseNetwork
import Statistics

/// A labelled set of small integers whose labels follow from the first two inputs (or the only one), so that it can be learned.
func smallSet(rows: Int, inputCount: Int, outputCount: Int = 4, seed: UInt64 = 1) throws -> TrainingSet {
  var stream = RandomStream(seed: seed, purpose: "small set")
  var states: [UInt8] = []
  var labels: [UInt8] = []
  for _ in 0..<rows {
    let row = (0..<inputCount).map { _ in stream.uniform() < 0.5 ? 0 : UInt8(stream.uniform(below: 10)) }
    states += row
    let first = row[0] > 2 ? 1 : 0
    let second = inputCount > 1 && row[1] > 2 ? 2 : 0
    labels.append(UInt8((first + second) % outputCount))
  }
  return try TrainingSet(states: states, labels: labels, inputCount: inputCount)
}

/// The largest difference between a network's parameters and the reference's.
func largestDifference(_ network: Network, _ reference: ReferenceTraining) -> Double {
  var largest = 0.0
  for (index, layer) in network.layers.enumerated() {
    for input in 0..<layer.inputCount {
      for unit in 0..<layer.unitCount {
        let difference = abs(Double(layer.kernel[input * layer.unitCount + unit]) - reference.kernels[index][input][unit])
        if !(difference <= largest) { largest = difference }
      }
    }
    for unit in 0..<layer.unitCount {
      let difference = abs(Double(layer.bias[unit]) - reference.biases[index][unit])
      if !(difference <= largest) { largest = difference }
    }
  }
  return largest
}
