import MirrorAnalysis

/// Units in columns, a column per layer from input to output, and the edges between them that do most.
struct CircuitChart {
  struct Node: Hashable {
    let layer: String
    let unit: Int
  }

  struct Column {
    let layer: String
    let units: [Int]
  }

  let columns: [Column]
  let edges: [CircuitRow]
  let classes: [Node: EvidenceClass]
  /// Names of the outputs' units, which are actions.
  let outputNames: [Node: String]

  private static let (row, halfWidth, halfHeight, span) = (32.0, 20.0, 11.0, 210.0)

  var drawing: SVGDrawing {
    let tallest = columns.map(\.units.count).max() ?? 0
    let drawn = Set(columns.flatMap { column in column.units.compactMap { classes[Node(layer: column.layer, unit: $0)] } })
    let present = EvidenceClass.allCases.filter(drawn.contains)
    var legend = present.map { LegendEntry(sample: .letter($0.letter, $0.ink), text: $0.rawValue) }
    legend.append(LegendEntry(sample: .line(.first, dash: nil, mark: nil), text: "weight above 0"))
    legend.append(LegendEntry(sample: .line(.second, dash: "6 4", mark: nil), text: "weight below 0"))
    let names = outputNames.values.map { textWidth($0) }.max() ?? 0
    let width = max(430, 70 + Self.span * Double(max(0, columns.count - 1)) + max(104, 64 + names))
    let legendHeight = LegendEntry.height(of: legend, width: width - 20)
    let top = legendHeight + 34
    var drawing = SVGDrawing(width: width, height: top + Self.row * Double(max(1, tallest)) + 14)
    drawing.legend(legend, x: 10, y: 4, width: width - 20)
    var places: [Node: (x: Double, y: Double)] = [:]
    for (number, column) in columns.enumerated() {
      let x = 70 + Self.span * Double(number)
      let first = top + Self.row * (Double(tallest - column.units.count) / 2 + 0.5)
      for (place, unit) in column.units.enumerated() {
        places[Node(layer: column.layer, unit: unit)] = (x, first + Self.row * Double(place))
      }
      let isFirst = number == 0
      drawing.text(
        fitted(column.layer, width: isFirst ? 130 : Self.span - 20), x: isFirst ? 10 : x, y: legendHeight + 22, isFirst ? .start : .middle,
        isBold: true)
    }
    drawEdges(places, in: &drawing)
    for column in columns {
      for unit in column.units {
        let node = Node(layer: column.layer, unit: unit)
        if let place = places[node] { draw(node, at: place, in: &drawing) }
      }
    }
    return drawing
  }

  /// As thick as their effects compared with the largest of their layer; the thickest last.
  private func drawEdges(_ places: [Node: (x: Double, y: Double)], in drawing: inout SVGDrawing) {
    var largest: [String: Double] = [:]
    for edge in edges { largest[edge.sourceLayer] = max(largest[edge.sourceLayer] ?? 0, abs(edge.edgeEffect ?? 0)) }
    for edge in edges.sorted(by: { abs($0.edgeEffect ?? 0) < abs($1.edgeEffect ?? 0) }) {
      guard let from = places[Node(layer: edge.sourceLayer, unit: edge.sourceUnit)],
        let to = places[Node(layer: edge.targetLayer, unit: edge.targetUnit)]
      else { continue }
      let scale = largest[edge.sourceLayer] ?? 0
      let width = 0.7 + (scale > 0 ? 5 * abs(edge.edgeEffect ?? 0) / scale : 0)
      let (start, end) = (from.x + Self.halfWidth, to.x - Self.halfWidth)
      let bend = (end - start) * 0.4
      let path =
        "M\(coordinate(start)) \(coordinate(from.y))C\(coordinate(start + bend)) \(coordinate(from.y)) \(coordinate(end - bend)) "
        + "\(coordinate(to.y)) \(coordinate(end)) \(coordinate(to.y))"
      drawing.stroke(path, edge.weight < 0 ? .second : .first, width: width, dash: edge.weight < 0 ? "6 4" : nil, opacity: 0.75)
    }
  }

  private func draw(_ node: Node, at place: (x: Double, y: Double), in drawing: inout SVGDrawing) {
    let kind = classes[node]
    let (width, height) = (Self.halfWidth, Self.halfHeight)
    let straight = coordinate(2 * (width - height))
    let arc = "a\(coordinate(height)) \(coordinate(height)) 0 0 1 0"
    let pill =
      "M\(coordinate(place.x - width + height)) \(coordinate(place.y - height))h\(straight)\(arc) \(coordinate(2 * height))h-\(straight)"
      + "\(arc) \(coordinate(-2 * height))z"
    drawing.fill(pill, .ground, outline: kind?.ink ?? .axis)
    let isLong = node.unit > 99
    drawing.text(
      String(node.unit), x: kind == nil ? place.x : place.x - 5, y: place.y + 4, .middle, size: node.unit > 999 ? 8 : isLong ? 9 : 11)
    if let kind { drawing.text(kind.letter, x: place.x + (isLong ? 12 : 10), y: place.y + 4, .middle, kind.ink, size: 11, isBold: true) }
    if let name = outputNames[node] { drawing.text(name, x: place.x + width + 6, y: place.y + 4) }
  }
}
