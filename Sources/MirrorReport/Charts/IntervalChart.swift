/// Values with their intervals on horizontal lines, one below the other, each beside what it is held against.
struct IntervalChart {
  struct Row {
    let label: String
    let value: Double
    var interval: ClosedRange<Double>?
    /// Upright strokes: a null's mean, the mean of references.
    var reference: Double?
    /// Short strokes, one for each of many references.
    var cloud: [Double] = []
    var ink = Ink.first
    var shape = MarkShape.disc
    var isBold = false
  }

  struct Panel {
    let title: String
    let axis: String
    let rows: [Row]
    /// Whether 0 is on the axis in any case.
    var holdsZero = true
  }

  let panels: [Panel]
  let legend: [LegendEntry]

  private static let rowHeight = 26.0

  var drawing: SVGDrawing {
    let rows = panels.flatMap(\.rows)
    let labels = min(250, 14 + (rows.map { textWidth($0.label) * ($0.isBold ? 1.08 : 1) }.max() ?? 0))
    let values = (rows.map { textWidth(Self.text($0)) }.max() ?? 0) + 22
    let left = max(110, labels)
    let width = left + 380 + values
    let top = 8 + LegendEntry.height(of: legend, width: width - 20)
    let height = top + panels.reduce(0) { $0 + 76 + Self.rowHeight * Double($1.rows.count) }
    var drawing = SVGDrawing(width: width, height: height)
    drawing.legend(legend, x: 8, y: 4, width: width - 20)
    var y = top
    for panel in panels {
      let area = PlotArea(left: left, top: y + 24, right: left + 380, bottom: y + 30 + Self.rowHeight * Double(panel.rows.count))
      draw(panel, in: area, of: &drawing)
      y = area.bottom + 46
    }
    return drawing
  }

  private func draw(_ panel: Panel, in area: PlotArea, of drawing: inout SVGDrawing) {
    drawing.text(fitted(panel.title, width: drawing.width - 16), x: 8, y: area.top - 8, isBold: true)
    let numbers = panel.rows.flatMap { row in
      [row.value] + [row.interval?.lowerBound, row.interval?.upperBound, row.reference].compactMap { $0 } + row.cloud
    }
    let scale = Scale(over: panel.holdsZero ? numbers + [0] : numbers, from: area.left + 6, to: area.right - 6)
    drawing.horizontalAxis(scale, of: area, title: panel.axis)
    if scale.contains(0) { drawing.line(scale.position(0), area.top, scale.position(0), area.bottom, .axis) }
    for (place, row) in panel.rows.enumerated() {
      let y = area.top + 16 + Self.rowHeight * Double(place)
      let room = area.left - 14
      drawing.text(fitted(row.label, width: row.isBold ? room / 1.08 : room), x: area.left - 8, y: y + 4, .end, isBold: row.isBold)
      if !row.cloud.isEmpty {
        let path = row.cloud.map { "M\(coordinate(scale.position($0))) \(coordinate(y - 5))v10" }.joined()
        drawing.stroke(path, .muted, opacity: 0.55)
      }
      if let interval = row.interval {
        let (low, high) = (scale.position(interval.lowerBound), scale.position(interval.upperBound))
        drawing.line(low, y, high, y, row.ink, width: 2.5)
        for end in [low, high] { drawing.line(end, y - 4, end, y + 4, row.ink, width: 1.5) }
      }
      if let reference = row.reference {
        drawing.line(scale.position(reference), y - 9, scale.position(reference), y + 9, .second, width: 2.5)
      }
      drawing.marks(row.shape, at: [(scale.position(row.value), y)], row.ink, radius: 5)
      drawing.text(Self.text(row), x: area.right + 12, y: y + 4, .start, .text)
    }
  }

  private static func text(_ row: Row) -> String {
    numberText(row.value) + (row.interval.map { " " + intervalText($0.lowerBound, $0.upperBound) } ?? "")
  }
}
