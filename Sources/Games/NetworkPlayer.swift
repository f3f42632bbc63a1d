import DenseNetwork
import FrogAndToad

/// A network that plays several games in lockstep: their views are one batch.
final class NetworkPlayer {
  let batch: BatchForward
  /// Per layer the sum over rows of each unit's activation; empty unless asked for.
  private(set) var sums: [[Double]]
  private let veil: Veil

  /// - Parameter games: most at a time.
  init(_ network: Network, veil: Veil, games: Int, sumsActivations: Bool = false) {
    batch = BatchForward(network, capacity: games)
    self.veil = veil
    sums = sumsActivations ? network.layers.map { Array(repeating: 0, count: $0.unitCount) } : []
  }

  /// Who looks, and does what the network chooses.
  var player: LookingPlayer {
    LookingPlayer(veil: veil) { [self] views, actions in
      batch.run(views)
      batch.choose(into: actions)
      for layer in sums.indices { addActivations(of: layer) }
    }
  }

  private func addActivations(of layer: Int) {
    let values = batch.activations(ofLayer: layer)
    sums[layer].withUnsafeMutableBufferPointer { sums in
      for row in stride(from: 0, to: values.count, by: sums.count) {
        for unit in sums.indices { sums[unit] += Double(values[row + unit]) }
      }
    }
  }
}
