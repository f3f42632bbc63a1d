import DenseNetwork
import Parallelism

/// Takes single edges out of a network and measures what that does to an output, recomputing only what changes: the one target unit, and
/// what lies above it.
struct EdgeAblation: Sendable {
  struct Edge: Sendable {
    let source: Int
    let target: Int
    /// The output to measure; nil for none.
    let action: Int?
  }

  private let network: ReplayedNetwork
  /// Index of the source layer.
  private let index: Int
  /// The layer that the edges lead to.
  private let target: DoubleDenseLayer
  /// Source activations of the evaluated rows, `[rows × source units]`.
  private let activations: [Double]
  private let rowCount: Int
  /// `[target units][actions]`: exact where every layer above the target is linear, as the output is.
  private let pathWeights: [[Double]]

  init(network: ReplayedNetwork, index: Int, evaluated: [Int], pathWeights: [[Double]]) {
    self.network = network
    self.index = index
    target = network.above[index]
    activations = network.layers[index].activations.rows(evaluated)
    rowCount = evaluated.count
    self.pathWeights = pathWeights
  }

  /// The mean change of each edge's action over the evaluated rows; nil where it has none.
  func effects(of edges: [Edge], in context: AnalysisContext) throws -> [Double?] {
    let threads = context.threads
    let isLinearAbove = network.above[(index + 1)...].allSatisfy { $0.activation == .linear }
    let blockRows = ReplayedNetwork.blockRows
    let blockCount = (rowCount + blockRows - 1) / blockRows
    var totals = Array(repeating: 0.0, count: edges.count)
    let steps = context.progress.steps(blockCount * edges.count)
    // Some blocks at a time, added in order: the sums of every block at once would be more than all else.
    for first in stride(from: 0, to: blockCount, by: max(1, threads)) {
      let parts = try mapBlocks(count: min(max(1, threads), blockCount - first), threads: threads) { number in
        let start = (first + number) * blockRows
        return blockSums(of: edges, rows: start..<min(start + blockRows, rowCount), isLinearAbove, steps)
      }
      for part in parts {
        for edge in edges.indices { totals[edge] += part[edge] }
      }
    }
    return zip(edges, totals).map { edge, total in edge.action == nil ? nil : total / Double(rowCount) }
  }

  private func blockSums(of edges: [Edge], rows: Range<Int>, _ isLinearAbove: Bool, _ steps: WorkSteps) -> [Double] {
    let block = Array(activations[rows.lowerBound * target.inputCount..<rows.upperBound * target.inputCount])
    let sums = target.weightedSums(of: block)
    let sourceColumns = columns(of: block, width: target.inputCount)
    let targetColumns = columns(of: sums, width: target.unitCount)
    let function = target.activation
    var activated = sums
    target.activate(&activated)
    // Summed as changes at each row, so that an edge of weight 0 gives exactly 0.
    let baseline = isLinearAbove ? [] : network.outputs(from: index + 1, activations: activated)

    return edges.map { edge in
      defer { steps.done() }
      guard let action = edge.action else { return 0 }
      let weight = target.kernel[edge.source * target.unitCount + edge.target]
      let (source, sum) = (sourceColumns[edge.source], targetColumns[edge.target])
      if isLinearAbove {
        return pathWeights[edge.target][action] * change(source, weight: weight, sum, function)
      }
      for row in source.indices {
        let value = sum[row] - source[row] * weight
        activated[row * target.unitCount + edge.target] = function(value)
      }
      let outputs = network.outputs(from: index + 1, activations: activated)
      var total = 0.0
      for position in stride(from: action, to: outputs.count, by: network.outputCount) { total += outputs[position] - baseline[position] }
      for row in source.indices { activated[row * target.unitCount + edge.target] = function(sum[row]) }
      return total
    }
  }
}

/// Σ over rows of f(sum − source · weight) − f(sum), f the target's activation function.
private func change(_ source: [Double], weight: Double, _ sum: [Double], _ function: DenseLayer.Activation) -> Double {
  var total = 0.0
  switch function {
  case .linear: for row in source.indices { total -= source[row] * weight }
  case .relu, .leakyReLU: for row in source.indices { total += function(sum[row] - source[row] * weight) - function(sum[row]) }
  }
  return total
}

/// `[rows × width]` taken apart into columns.
private func columns(of values: [Double], width: Int) -> [[Double]] {
  (0..<width).map { column in stride(from: column, to: values.count, by: width).map { values[$0] } }
}
