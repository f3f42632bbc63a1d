/// Numbers over epochs, one panel below the other with one axis of epochs.
struct LineChart {
  struct Series {
    let name: String
    /// Those that are finite: no axis reaches any other.
    let points: [(x: Double, y: Double)]
    let ink: Ink
    let shape: MarkShape
    let dash: String?

    init(name: String, points: [(x: Double, y: Double)], ink: Ink, shape: MarkShape, dash: String? = nil) {
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
      (self.name, self.ink, self.shape, self.dash) = (name, ink, shape, dash)
    }
  }

  struct Panel {
    let title: String
    let axis: String
    let series: [Series]
    /// Asked for where values span much; not taken where one is not above 0.
    var isLogarithmic = false
  }

  let panels: [Panel]
  let xTitle: String

  private static let (width, left, plotHeight) = (660.0, 76.0, 150.0)

  var drawing: SVGDrawing {
    let legends = panels.map { panel in
      panel.series.map { LegendEntry(sample: .line($0.ink, dash: $0.dash, mark: $0.shape), text: $0.name) }
    }
    let room = Self.width - Self.left - 12
    let heights = legends.map { 28 + LegendEntry.height(of: $0, width: room) + Self.plotHeight + 48 }
    var drawing = SVGDrawing(width: Self.width, height: heights.reduce(4, +))
    let epochs = panels.flatMap { $0.series.flatMap { $0.points.map(\.x) } }
    var y = 4.0
    for (index, panel) in panels.enumerated() {
      drawing.text(fitted(panel.title, width: Self.width - 16), x: 8, y: y + 14, isBold: true)
      let legendHeight = drawing.legend(legends[index], x: Self.left, y: y + 22, width: room)
      let top = y + 28 + legendHeight
      let area = PlotArea(left: Self.left, top: top, right: Self.width - 16, bottom: top + Self.plotHeight)
      draw(panel, epochs: epochs, in: area, of: &drawing)
      y += heights[index]
    }
    return drawing
  }

  private func draw(_ panel: Panel, epochs: [Double], in area: PlotArea, of drawing: inout SVGDrawing) {
    let values = panel.series.flatMap { $0.points.map(\.y) }
    let logarithmic = panel.isLogarithmic ? Scale(logarithmicOver: values, from: area.bottom, to: area.top) : nil
    let vertical = logarithmic ?? Scale(over: values + [0], from: area.bottom, to: area.top)
    let horizontal = Scale(over: epochs, from: area.left + 8, to: area.right - 8, tickCount: 8)
    drawing.verticalAxis(vertical, of: area, title: panel.axis)
    drawing.horizontalAxis(horizontal, of: area, title: xTitle)
    if vertical.contains(0), logarithmic == nil {
      drawing.line(area.left, vertical.position(0), area.right, vertical.position(0), .axis)
    }
    for series in panel.series {
      let points = series.points.map { (x: horizontal.position($0.x), y: vertical.position($0.y)) }
      let path = points.enumerated().map { ($0 == 0 ? "M" : "L") + "\(coordinate($1.x)) \(coordinate($1.y))" }.joined()
      if points.count > 1 { drawing.stroke(path, series.ink, width: 2, dash: series.dash) }
      if points.count <= 60 { drawing.marks(series.shape, at: points, series.ink, radius: 3.5) }
    }
  }
}
