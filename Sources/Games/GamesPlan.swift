import DenseNetwork
import FrogAndToad

/// Who plays Toad.
public enum Partner: Sendable {
  /// Hop 1/2, jump 1/4, leap 1/8, help 1/8, whatever it sees.
  case random
  /// A network that sees Toad's view in Frog's part, as it learnt to.
  case network(Network, Veil)

  var decides: Bool { if case .network = self { true } else { false } }
}

/// What takes the place of an ablated unit's activation.
public enum HeldAt: String, Sendable, CaseIterable {
  case zero
  /// The unit's mean over Frog's turns in the intact games of the same run.
  case mean
}

/// Units of one hidden layer of Frog's network that are ablated together.
public struct GamesTarget: Sendable, Equatable {
  /// Index of the layer in the network.
  public let layer: Int
  /// Ascending.
  public let units: [Int]

  /// - Returns: nil where the network has no such hidden layer, or the layer no such units.
  public init?(layer: Int, units: [Int], of network: Network) {
    guard network.hiddenUnitCounts.indices.contains(layer), !units.isEmpty,
      units.allSatisfy({ (0..<network.hiddenUnitCounts[layer]).contains($0) })
    else { return nil }
    self.layer = layer
    self.units = Array(Set(units)).sorted()
  }
}

/// Which games are played, how Frog's network is ablated, and with how much resampling.
public struct GamesPlan: Sendable {
  public var games = 1000
  public var options = PlayOptions()
  /// Each is ablated for itself.
  public var targets: [GamesTarget] = []
  public var heldAt = HeldAt.zero
  /// Different reference sets per target, at most; 0 for none.
  public var controls = 99
  /// Bootstrap replicates over games; 0 for no interval.
  public var replicates = 1000

  public init() {}

  /// Bytes for the counts of every game, intact and ablated, and for resampling them. Measured, rounded up.
  public func memory(threads: Int) -> Int {
    let columns = GameTally.Count.allCases.count
    let resampling = replicates > 0 ? 2 * 8 * columns + 32 * max(1, threads) : 0
    return games * (2 * 8 * columns + resampling) + 16 * replicates * columns
  }
}
