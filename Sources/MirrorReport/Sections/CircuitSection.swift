import MirrorAnalysis

extension NetworkPart {
  /// The edges out of units that answer to self or other, as a graph.
  var circuitSection: PageSection {
    let title = "Circuit"
    if let reason = findings.circuit.reason {
      return PageSection(title: title, blocks: [.absent(what: "Circuit", reason: reason)])
    }
    let rows = findings.circuit.rows
    let drawn = drawnEdges(rows)
    guard !drawn.isEmpty else {
      return PageSection(
        title: title,
        blocks: [.absent(what: "Circuit", reason: "No edge has a measured effect: \(rows.first?.reason ?? "no action is reached").")])
    }
    // All edges of wide layers would make the page too large to open.
    let isWhole = rows.count <= 4000
    let figure = PageFigure(
      title: "Edges out of units that answer to self or other.",
      caption:
        "Layers from left to right. A line is as thick as the change of its dominant action's mean output when the edge is taken out, compared "
        + "with the largest of its layer; dashed where the weight is below 0. Letters are classes by evidence "
        + "\(findings.selectText). Drawn are the \(countText(drawn.count)) edges of \(countText(rows.count)) with the largest effects, at most "
        + "\(ReportPlan.drawnEdges) between two layers. No edge is tested."
        + (isWhole ? "" : " The table to save holds the edges drawn; mirrorscope circuit writes all."),
      drawing: chart(drawn).drawing, table: edgeTable(drawn), downloads: [download("circuit", isWhole ? rows : drawn)],
      fileName: file("circuit"))
    return PageSection(title: title, blocks: [.figure(figure)])
  }

  /// The edges with the largest effects of each layer.
  private func drawnEdges(_ rows: [CircuitRow]) -> [CircuitRow] {
    findings.fileLayers.flatMap { layer in
      let own = rows.filter { $0.sourceLayer == layer.name && ($0.edgeEffect ?? 0) != 0 }
      let order = own.indices.sorted { (abs(own[$0].edgeEffect ?? 0), $1) > (abs(own[$1].edgeEffect ?? 0), $0) }
      return order.prefix(ReportPlan.drawnEdges).map { own[$0] }
    }
  }

  private func chart(_ edges: [CircuitRow]) -> CircuitChart {
    var units: [String: Set<Int>] = [:]
    var classes: [CircuitChart.Node: EvidenceClass] = [:]
    var outputs: [CircuitChart.Node: String] = [:]
    let outputLayers = Set(findings.fileLayers.filter(\.isOutput).map(\.name))
    for edge in findings.circuit.rows { classes[.init(layer: edge.sourceLayer, unit: edge.sourceUnit)] = edge.sourceClass }
    for edge in edges {
      units[edge.sourceLayer, default: []].insert(edge.sourceUnit)
      units[edge.targetLayer, default: []].insert(edge.targetUnit)
      if outputLayers.contains(edge.targetLayer), let action = edge.dominantAction {
        outputs[.init(layer: edge.targetLayer, unit: edge.targetUnit)] = action
      }
    }
    return CircuitChart(
      columns: findings.fileLayers.compactMap { layer in units[layer.name].map { .init(layer: layer.name, units: $0.sorted()) } },
      edges: edges,
      classes: classes, outputNames: outputs)
  }

  private func edgeTable(_ edges: [CircuitRow]) -> PageTable {
    PageTable(
      caption: "Edges drawn", columns: ["from", "class", "to", "weight", "z", "effect", "on", "target is"],
      rows: edges.map { edge in
        [
          "\(edge.sourceLayer):\(edge.sourceUnit)", edge.sourceClass?.rawValue ?? "–", "\(edge.targetLayer):\(edge.targetUnit)",
          numberText(edge.weight), numberText(edge.z, digits: 3), numberText(edge.edgeEffect), edge.dominantAction ?? "–",
          edge.targetDriver?.rawValue ?? "–",
        ]
      }, numeric: [3, 4, 5])
  }
}
