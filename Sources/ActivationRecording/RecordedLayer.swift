import HDF5

/// A layer as a recording holds it.
public struct RecordedLayer: Sendable {
  public let name: String
  /// 0-based, input side first.
  public let index: Int
  public let unitCount: Int
  public let kind: String
  public let activationFunction: String?
  /// Whether its units are the network's output. Where no layer of a file says so, the last one counts as the output.
  public let isOutput: Bool
  public let hasKernel: Bool
  let activations: Dataset
}
