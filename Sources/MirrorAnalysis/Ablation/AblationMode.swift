import ActivationRecording
import Statistics

/// What takes the place of an ablated unit's activation.
public enum AblationMode: Sendable, Equatable {
  case zero
  /// The unit's mean over the select rows of a phase; of all of them for nil.
  case mean(Phase?)
  /// The activations of a random select row of the none phase, the same row for all ablated units.
  case resample
  /// Its activation with normal noise of the unit's standard deviation over the select rows.
  case noise
  /// Not units are ablated but a direction, which is projected out.
  case direction

  /// Whether what takes the units' place is drawn at random.
  var isRandom: Bool { self == .resample || self == .noise }

  public var name: String {
    switch self {
    case .zero: "zero"
    case .mean(let phase): "mean:\(phase?.name ?? "all")"
    case .resample: "resample"
    case .noise: "noise"
    case .direction: "direction"
    }
  }
}

/// Replaces the activations of units of one layer in the evaluate rows, or projects a direction out of them.
struct Ablation: Sendable {
  private let mode: AblationMode
  private let layer: Int
  private let unitCount: Int
  /// `[rows × units]` of the evaluate rows.
  let intact: [Double]
  /// `[donors × units]`: the select rows of the none phase.
  private let donors: [Double]
  private let means: [Double]
  private let deviations: [Double]
  private let seed: UInt64

  init(_ mode: AblationMode, of layer: Int, in network: ReplayedNetwork, rows: EvaluationRows, seed: UInt64) throws {
    self.mode = mode
    self.layer = layer
    self.seed = seed
    let recorded = network.layers[layer]
    unitCount = recorded.unitCount
    intact = recorded.activations.rows(rows.evaluate)
    donors = mode == .resample ? recorded.activations.rows(rows.select.filter { rows.phases[$0] == .neither }) : []
    let source: [Int]? =
      switch mode {
      case .zero, .resample, .direction: nil
      case .mean(let phase?): rows.select.filter { rows.phases[$0] == phase }
      case .mean(nil), .noise: rows.select
      }
    var moments = UnitMoments(unitCount: unitCount)
    if let source {
      try recorded.activations.rows(source).withUnsafeBufferPointer { block throws(NonFiniteValue) in
        try moments.add(block, indices: source.indices.map { Int32($0) })
      }
    }
    means = moments.mean
    deviations = (0..<unitCount).map { (moments.variance($0) ?? 0).squareRoot() }
  }

  /// Whether the select rows hold what the mode takes from them.
  func hasSource(rows: EvaluationRows) -> Bool {
    switch mode {
    case .zero, .direction: true
    case .mean(let phase): rows.select.contains { phase == nil || rows.phases[$0] == phase }
    case .resample: !donors.isEmpty
    case .noise: true
    }
  }

  /// The outputs on the evaluate rows with some units replaced or a direction projected out, `[rows × outputs]`.
  ///
  /// - Parameter draw: number of the draw. In one draw all sets of units get the donors and the noise that any of them gets, so that sets
  ///   differ by their units alone.
  func outputs(of network: ReplayedNetwork, ablating part: AblatedPart, draw: Int) -> [Double] {
    switch part {
    case .units(let units): outputs(of: network, ablating: units, draw: draw)
    case .direction(let direction):
      network.outputs(from: layer, activations: intact) { values in
        for start in stride(from: 0, to: values.count, by: unitCount) {
          var length = 0.0
          for unit in 0..<unitCount { length += values[start + unit] * direction[unit] }
          for unit in 0..<unitCount { values[start + unit] -= length * direction[unit] }
        }
      }
    }
  }

  private func outputs(of network: ReplayedNetwork, ablating units: [Int], draw: Int) -> [Double] {
    func stream(_ purpose: String) -> RandomStream { RandomStream(seed: seed, purpose: "ablation \(purpose)", index: UInt64(draw)) }
    var donor = stream("donors")
    var noise = mode == .noise ? units.map { stream("noise of unit \($0)") } : []
    return network.outputs(from: layer, activations: intact) { values in
      values.withUnsafeMutableBufferPointer { replace(units, in: $0, &donor, &noise) }
    }
  }

  private func replace(
    _ units: [Int], in values: UnsafeMutableBufferPointer<Double>, _ donors: inout RandomStream, _ noise: inout [RandomStream]
  ) {
    let donorCount = self.donors.count / unitCount
    for start in stride(from: 0, to: values.count, by: unitCount) {
      let donor = mode == .resample ? donors.uniform(below: donorCount) * unitCount : 0
      for (index, unit) in units.enumerated() {
        switch mode {
        case .zero: values[start + unit] = 0
        case .mean: values[start + unit] = means[unit]
        case .resample: values[start + unit] = self.donors[donor + unit]
        case .noise: values[start + unit] += deviations[unit] * noise[index].normal()
        case .direction: break
        }
      }
    }
  }
}
