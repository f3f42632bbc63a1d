import ActivationRecording
import DenseNetwork
import Statistics

/// How many random projections and how many untrained networks the audit draws.
enum BaselineDraws {
  static let projections = 100
  static let networks = 10
}

/// What an index is without any training: mean and standard deviation (ddof 1) over random draws.
struct Baseline: Equatable {
  let mean: Double
  let deviation: Double

  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let summary = SampleSummary(values)
    mean = summary.mean
    deviation = values.count > 1 ? summary.sampleVariance.squareRoot() : 0
  }
}

extension InputAudit {
  /// The author's CMNI with the input columns as units.
  var inputIndex: Double? { CMNI(.author, of: [inputLayer])?.value }

  private var inputLayer: LayerMoments {
    LayerMoments(name: "inputs", isOutput: false, unitCount: columns, phases: inputs)
  }

  /// The author's CMNI of random projections x W of the inputs to as many units as the recording has, W normal with variance
  /// 1 / inputs, drawn unit by unit from `RandomStream(seed, "audit projection", draw)`.
  ///
  /// A projection is linear, so its unit means are those of the inputs projected; the rows are not needed again.
  func projectionIndex(units: Int, seed: UInt64) -> Baseline? {
    guard units > 0, let contrasts = inputLayer.contrasts else { return nil }
    let scale = 1 / Double(columns).squareRoot()
    return Baseline(
      (0..<BaselineDraws.projections).map { draw in
        var stream = RandomStream(seed: seed, purpose: "audit projection", index: UInt64(draw))
        var total = 0.0
        for _ in 0..<units {
          var own = 0.0
          var other = 0.0
          for contrast in contrasts {
            let weight = stream.normal() * scale
            own += weight * contrast.deltaSelf
            other += weight * contrast.deltaOther
          }
          total += PhaseContrast(deltaSelf: own, deltaOther: other).mirrorNeuronScore
        }
        return total / Double(units)
      })
  }

  /// The author's CMNI of the untrained networks.
  var untrainedIndex: Baseline? { Baseline(untrainedIndices) }

  /// - Parameter moments: of one network, by layer and phase.
  static func index(ofNetwork moments: [[UnitMoments]]) -> Double? {
    CMNI(
      .author,
      of: moments.enumerated().map { position, phases in
        LayerMoments(
          name: Network.layerName(position), isOutput: position == moments.count - 1, unitCount: phases[0].unitCount, phases: phases)
      })?.value
  }
}

/// The shape of untrained networks like a recording's, or why there is none.
enum UntrainedNetworks {
  case shape(inputCount: Int, hidden: [Int], outputCount: Int)
  case none(reason: String)

  init(like recording: RecordingView) throws {
    let layers = recording.layers.filter(\.isOwnLayer)
    guard let inputs = recording.inputCount else {
      self = .none(reason: "the recording has no /inputs; record them to compare with an untrained network")
      return
    }
    var below = inputs
    for layer in layers {
      guard let kernel = try recording.kernelShape(of: layer) else {
        self = .none(reason: "layer \(layer.name) has no kernel, which says the network's shape; record it")
        return
      }
      guard kernel == [below, layer.unitCount] || kernel == [layer.unitCount, below] else {
        self = .none(reason: "the kernel of \(layer.name) does not take the \(below) values below it; open all layers of a dense stack")
        return
      }
      if let function = layer.activationFunction, !layer.isOutput, function != "relu" {
        self = .none(reason: "layer \(layer.name) has activation function \(function); untrained networks have relu")
        return
      }
      below = layer.unitCount
    }
    guard layers.count <= Network.maximumLayerCount, layers.allSatisfy({ $0.unitCount > 0 }) else {
      self = .none(reason: "an untrained network has 1 to \(Network.maximumLayerCount) layers, none of them empty")
      return
    }
    guard let output = layers.last, output.isOutput else {
      self = .none(reason: "no output layer is open; open all layers")
      return
    }
    self = .shape(inputCount: inputs, hidden: layers.dropLast().map(\.unitCount), outputCount: output.unitCount)
  }

  /// Draws some of the `BaselineDraws.networks` networks: Glorot-uniform kernels and zero biases, `RandomStream(seed, "audit untrained",
  /// draw)` giving each network's seed.
  func drawn(_ draws: Range<Int>, seed: UInt64) throws -> [Network] {
    guard case .shape(let inputCount, let hidden, let outputCount) = self else { return [] }
    return try draws.map { draw in
      var stream = RandomStream(seed: seed, purpose: "audit untrained", index: UInt64(draw))
      return try Network(inputCount: inputCount, hidden: hidden, outputCount: outputCount, seed: stream.next())
    }
  }

  /// The draws in groups that are run on the inputs in one pass: many small networks, or one that is large.
  var passes: [Range<Int>] {
    guard case .shape(let inputCount, let hidden, let outputCount) = self else { return [] }
    let most = InputMemory.networksAtATime(inputCount: inputCount, units: hidden + [outputCount])
    return stride(from: 0, to: BaselineDraws.networks, by: most).map { $0..<min($0 + most, BaselineDraws.networks) }
  }
}
