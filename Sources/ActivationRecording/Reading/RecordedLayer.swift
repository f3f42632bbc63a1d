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
  public internal(set) var isOutput: Bool
  public let hasKernel: Bool
  let activations: Dataset
  let stored: StoredActivations

  /// Whether its activations need double precision; all others fit a Float without loss.
  public var storesDoubles: Bool { stored.encoding.storesDoubles }
  /// What storing an activation may have changed of it.
  public var precision: StoredPrecision { StoredPrecision(of: activations.datatype, encoding: stored.encoding) }
  /// Its group's path in the file.
  var path: String { "/layers/\(name)" }

  /// Whether it is a layer of the network's own; see `isOwnLayer(kind:)`.
  public var isOwnLayer: Bool { Self.isOwnLayer(kind: kind) }

  /// Dropout and inputs may be recorded, but are no layers of their own.
  public static func isOwnLayer(kind: String) -> Bool { kind != "dropout" && kind != "input" }
}
