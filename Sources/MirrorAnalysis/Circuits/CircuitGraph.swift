/// Edges as a picture.
public struct CircuitGraph: Sendable {
  private let edges: [CircuitRow]

  public init(_ edges: [CircuitRow]) {
    self.edges = edges
  }

  /// What every graph begins with.
  public static let beginning = "digraph circuit {\n  rankdir=LR;\n"

  /// A Graphviz digraph: a column of units per layer, mirror units orange, differentiating ones blue, suppressed ones grey, opposite ones
  /// green, the others white; an edge is as thick as its effect compared with the largest of its layer, red where its weight is negative.
  public var graphviz: String {
    var lines = [
      "digraph circuit {", "  rankdir=LR;", "  node [shape=circle, style=filled, fillcolor=white, fontname=\"Helvetica\"];",
    ]
    var classes: [String: EvidenceClass] = [:]
    for edge in edges { classes[node(edge.sourceLayer, edge.sourceUnit)] = edge.sourceClass }
    for (layer, units) in unitsByLayer {
      lines.append("  subgraph \(quoted("cluster_" + layer)) {")
      lines.append("    label=\(quoted(layer));")
      for unit in units {
        let color: String? =
          switch classes[node(layer, unit)] {
          case .mirror: "orange"
          case .differentiating: "lightblue"
          case .suppressed: "gray80"
          case .opposite: "palegreen"
          case .unresponsive, .unresolved, nil: nil
          }
        lines.append("    \(node(layer, unit)) [label=\"\(unit)\"\(color.map { ", fillcolor=\($0)" } ?? "")];")
      }
      lines.append("  }")
    }
    var largest: [String: Double] = [:]
    for edge in edges { largest[edge.sourceLayer] = max(largest[edge.sourceLayer] ?? 0, abs(edge.edgeEffect ?? 0)) }
    for edge in edges {
      let scale = largest[edge.sourceLayer] ?? 0
      let width = 0.2 + (scale > 0 ? 4.8 * abs(edge.edgeEffect ?? 0) / scale : 0)
      let tooltip = ["weight \(edge.weight)", edge.edgeEffect.map { "effect \($0)" }, edge.dominantAction].compactMap { $0 }
      lines.append(
        "  \(node(edge.sourceLayer, edge.sourceUnit)) -> \(node(edge.targetLayer, edge.targetUnit)) "
          + "[penwidth=\((width * 100).rounded() / 100), color=\(edge.weight < 0 ? "red" : "black"), "
          + "tooltip=\(quoted(tooltip.joined(separator: ", ")))];")
    }
    return (lines + ["}", ""]).joined(separator: "\n")
  }

  /// The layers in the order in which they appear, each with its units in ascending order.
  private var unitsByLayer: [(layer: String, units: [Int])] {
    var order: [String] = []
    var units: [String: Set<Int>] = [:]
    for (layer, unit) in edges.flatMap({ [($0.sourceLayer, $0.sourceUnit), ($0.targetLayer, $0.targetUnit)] }) {
      if units[layer] == nil { order.append(layer) }
      units[layer, default: []].insert(unit)
    }
    return order.map { ($0, (units[$0] ?? []).sorted()) }
  }
}

private func node(_ layer: String, _ unit: Int) -> String { quoted("\(layer):\(unit)") }

/// A string as Graphviz writes it.
private func quoted(_ text: String) -> String {
  var result = "\""
  for character in text {
    if character == "\"" || character == "\\" { result.append("\\") }
    result.append(character)
  }
  return result + "\""
}
