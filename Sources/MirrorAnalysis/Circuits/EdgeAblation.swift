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

  /// Source activations of the evaluated rows, `[rows × source units]`.
  private let activations: [Float]
  private let rowCount: Int
  private let sourceCount: Int
  /// `[source units × target units]`
  private let kernel: [Float]
  private let targetCount: Int
  private let isRectified: Bool
  /// The target layer without its activation function.
  private let weightedSums: Network
  /// What lies above the target layer; nil where the target is the output.
  private let above: Network?
  /// `[target units][actions]`: exact where every layer above the target is linear, as the output is.
  private let pathWeights: [[Double]]

  private static let blockRows = 2048

  init(network: ReplayedNetwork, index: Int, evaluated: [Int], pathWeights: [[Double]]) throws {
    let source = network.layers[index]
    let target = network.above[0].layers[index]
    activations = evaluated.flatMap { source.activations[$0 * source.unitCount..<($0 + 1) * source.unitCount] }
    rowCount = evaluated.count
    sourceCount = source.unitCount
    kernel = target.kernel
    targetCount = target.unitCount
    isRectified = target.activation == .relu
    weightedSums = try Network(layers: [
      DenseLayer(
        name: target.name, inputCount: target.inputCount, unitCount: target.unitCount, kernel: target.kernel, bias: target.bias,
        activation: .linear)
    ])
    above = index + 1 < network.above.count ? network.above[index + 1] : nil
    self.pathWeights = pathWeights
  }

  /// The mean change of each edge's action over the evaluated rows; nil where it has none.
  func effects(of edges: [Edge], threads: Int) throws -> [Double?] {
    let isLinearAbove = above?.layers.allSatisfy { $0.activation == .linear } ?? true
    let parts = try mapBlocks(count: (rowCount + Self.blockRows - 1) / Self.blockRows, threads: threads) { block in
      try blockSums(of: edges, rows: block * Self.blockRows..<min((block + 1) * Self.blockRows, rowCount), isLinearAbove)
    }
    var totals = Array(repeating: 0.0, count: edges.count)
    for part in parts {
      for edge in edges.indices { totals[edge] += part[edge] }
    }
    return zip(edges, totals).map { edge, total in edge.action == nil ? nil : total / Double(rowCount) }
  }

  private func blockSums(of edges: [Edge], rows: Range<Int>, _ isLinearAbove: Bool) throws -> [Double] {
    let block = Array(activations[rows.lowerBound * sourceCount..<rows.upperBound * sourceCount])
    var sums: [Float] = []
    try weightedSums.forward(rows: block) { sums.append(contentsOf: $0.outputs) }
    let sourceColumns = columns(of: block, width: sourceCount)
    let targetColumns = columns(of: sums, width: targetCount)
    var activated = isRectified ? sums.map { max(0, $0) } : sums
    // Summed as changes at each row, so that an edge of weight 0 gives exactly 0.
    var baseline: [Float] = []
    if !isLinearAbove { try above?.forward(rows: activated) { baseline.append(contentsOf: $0.outputs) } }

    return try edges.map { edge in
      guard let action = edge.action else { return 0 }
      let weight = Double(kernel[edge.source * targetCount + edge.target])
      if isLinearAbove {
        return pathWeights[edge.target][action]
          * change(sourceColumns[edge.source], weight: weight, targetColumns[edge.target], isRectified: isRectified)
      }
      let (source, target) = (sourceColumns[edge.source], targetColumns[edge.target])
      for row in source.indices {
        let value = Float(target[row] - source[row] * weight)
        activated[row * targetCount + edge.target] = isRectified ? max(0, value) : value
      }
      var total = 0.0
      try above?.forward(rows: activated) { outputs in
        let width = pathWeights[edge.target].count
        for row in outputs.rows {
          total += Double(outputs.outputs[(row - outputs.rows.lowerBound) * width + action] - baseline[row * width + action])
        }
      }
      for row in source.indices {
        let value = Float(target[row])
        activated[row * targetCount + edge.target] = isRectified ? max(0, value) : value
      }
      return total
    }
  }
}

/// Σ over rows of f(sum − source · weight) − f(sum), f the target's activation function.
private func change(_ source: [Double], weight: Double, _ sum: [Double], isRectified: Bool) -> Double {
  var total = 0.0
  if isRectified {
    for row in source.indices { total += max(0, sum[row] - source[row] * weight) - max(0, sum[row]) }
  } else {
    for row in source.indices { total -= source[row] * weight }
  }
  return total
}

/// `[rows × width]` taken apart into columns.
private func columns(of values: [Float], width: Int) -> [[Double]] {
  (0..<width).map { column in stride(from: column, to: values.count, by: width).map { Double(values[$0]) } }
}
