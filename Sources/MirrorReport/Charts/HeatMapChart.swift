/// Correlation matrices of one layer side by side, each a picture of one pixel per pair of units, with a scale of colours.
struct HeatMapChart {
  struct Map {
    let title: String
    /// `[units × units]`; NaN where there is no r.
    let values: [Double]
  }

  let maps: [Map]
  /// Numbers of the units along both axes.
  let units: [Int]

  private static let (side, left, gap) = (208.0, 46.0, 22.0)

  var drawing: SVGDrawing {
    let columns = min(2, maps.count)
    let rows = (maps.count + columns - 1) / max(1, columns)
    let cell = (width: Self.left + Self.side + Self.gap, height: Self.side + 62)
    let width = Double(columns) * cell.width + 10
    var drawing = SVGDrawing(width: max(300, width), height: Double(rows) * cell.height + 54)
    for (number, map) in maps.enumerated() {
      let x = Double(number % columns) * cell.width + Self.left
      let y = Double(number / columns) * cell.height + 24
      draw(map, x: x, y: y, in: &drawing)
    }
    drawLegend(y: Double(rows) * cell.height + 10, in: &drawing)
    return drawing
  }

  private func draw(_ map: Map, x: Double, y: Double, in drawing: inout SVGDrawing) {
    drawing.text(fitted(map.title, width: Self.side), x: x, y: y - 8, isBold: true)
    let image = PNGImage(
      width: units.count, height: units.count, palette: CorrelationColours.palette, pixels: map.values.map(CorrelationColours.number))
    drawing.image(image.dataURI, x: x, y: y, width: Self.side, height: Self.side)
    drawing.stroke("M\(coordinate(x)) \(coordinate(y))h\(coordinate(Self.side))v\(coordinate(Self.side))h\(coordinate(-Self.side))z", .axis)
    let pixel = Self.side / Double(max(1, units.count))
    // As many numbers as there is room for.
    let every = max(1, Int((20 / pixel).rounded(.up)))
    for place in stride(from: 0, to: units.count, by: every) {
      let middle = (Double(place) + 0.5) * pixel
      drawing.line(x + middle, y + Self.side, x + middle, y + Self.side + 3, .axis)
      drawing.line(x - 3, y + middle, x, y + middle, .axis)
      let size = (units.last ?? 0) > 999 ? 8.0 : 10.0
      drawing.text(String(units[place]), x: x + middle, y: y + Self.side + 14, .middle, .muted, size: size)
      drawing.text(String(units[place]), x: x - 6, y: y + middle + 3.5, .end, .muted, size: size)
    }
    drawing.text("unit", x: x + Self.side / 2, y: y + Self.side + 28, .middle, size: 11)
    drawing.text("unit", x: x - 34, y: y + Self.side / 2, .middle, size: 11, isVertical: true)
  }

  private func drawLegend(y: Double, in drawing: inout SVGDrawing) {
    let bar = PNGImage(width: 255, height: 1, palette: CorrelationColours.palette, pixels: (1...255).map { UInt8($0) })
    let (x, width) = (Self.left, 160.0)
    drawing.text("r", x: x - 14, y: y + 11, .end)
    drawing.image(bar.dataURI, x: x, y: y, width: width, height: 14)
    drawing.stroke("M\(coordinate(x)) \(coordinate(y))h\(coordinate(width))v14h\(coordinate(-width))z", .axis)
    for (r, text) in [(-1.0, "−1"), (0, "0"), (1, "1")] {
      let place = x + (r + 1) / 2 * width
      drawing.line(place, y + 14, place, y + 18, .axis)
      drawing.text(text, x: place, y: y + 31, .middle, .muted)
    }
    guard maps.contains(where: { $0.values.contains(where: \.isNaN) }) else { return }
    let grey = PNGImage(width: 1, height: 1, palette: CorrelationColours.palette, pixels: [0])
    drawing.image(grey.dataURI, x: x + width + 16, y: y, width: 14, height: 14)
    drawing.text("no r", x: x + width + 36, y: y + 11)
  }
}
