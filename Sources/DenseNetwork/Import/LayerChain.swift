/// Layers in the order in which they are applied, as an architecture tells them: each step takes what the one before it gives.
struct LayerChain {
  struct Dense {
    let name: String
    /// Nil where only the weights say it.
    var unitCount: Int?
    /// Nil where only the weights say it.
    var usesBias: Bool?
  }

  /// (x − mean) / √(variance + ε) · γ + β, with the statistics of the training.
  struct Normalisation {
    let name: String
    let epsilon: Double
    /// Whether it has a γ; nil where only the weights say it.
    var scales: Bool?
    /// Whether it has a β.
    var shifts: Bool?
  }

  enum Step {
    case dense(Dense)
    case normalisation(Normalisation)
    /// Never linear.
    case activation(DenseLayer.Activation, layer: String)
  }

  /// Where it is told, as messages name it.
  let file: String
  var steps: [Step]
  /// Nil where only the weights say it.
  var inputCount: Int?
  /// Of which the slope of a leaky relu is not told, but that of the library.
  var unsaidSlopes: [String] = []
}

/// What a file holds for the steps of a chain.
protocol ChainWeights {
  /// The file as messages name it.
  var file: String { get }

  /// - Parameter inputCount: how many inputs it gets; nil where only the kernel says it.
  /// - Throws: `CheckpointError` for tensors that are missing, of another shape, not finite, or more than a dense layer has.
  func dense(_ layer: LayerChain.Dense, inputCount: Int?) throws -> DenseTensors

  /// - Parameter unitCount: how many values a row has; nil where only the weights say it.
  func normalisation(_ layer: LayerChain.Normalisation, unitCount: Int?) throws -> NormalisationTensors
}

struct DenseTensors {
  /// `[inputs × units]`
  let kernel: [Float]
  /// Nil where the layer has none.
  let bias: [Float]?
  let inputCount: Int
  let unitCount: Int
  /// Whether weights were rounded to float32.
  let isRounded: Bool
}

struct NormalisationTensors {
  /// γ; nil where the layer has none.
  let scale: [Float]?
  /// β; nil where the layer has none.
  let shift: [Float]?
  let mean: [Float]
  let variance: [Float]
  let isRounded: Bool
}

/// A network from a file of another program, and what became of its layers, by the names that the file gives them.
struct ImportedNetwork {
  let network: Network
  /// Of which weights were rounded to float32.
  let roundedLayers: [String]
  /// Normalisations that became part of the dense layers beside them.
  let foldedLayers: [String]
  /// Of which the file names a leaky relu without its slope.
  let unsaidSlopes: [String]
  /// Of the architecture's file; nil for a file with its own.
  var architectureSHA256: String?

  /// The same, with where its architecture comes from.
  func described(by architecture: Architecture?) -> ImportedNetwork {
    var network = self
    network.architectureSHA256 = architecture?.sha256
    return network
  }
}
