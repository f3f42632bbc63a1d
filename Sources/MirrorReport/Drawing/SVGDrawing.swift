/// A chart under way, in pixels from its upper left corner. Its markup stands by itself: fonts and colours are attributes.
struct SVGDrawing {
  enum Anchor: String {
    case start, middle, end
  }

  static let fontSize = 12.0

  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) {
    (self.width, self.height) = (width, height)
  }

  var markup: String {
    let (width, height) = (coordinate(width), coordinate(height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" \
      font-size="\(coordinate(Self.fontSize))" aria-hidden="true" focusable="false">\(body)</svg>
      """
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ ink: Ink, width: Double = 1, dash: String? = nil
  ) {
    stroke("M\(coordinate(x1)) \(coordinate(y1))L\(coordinate(x2)) \(coordinate(y2))", ink, width: width, dash: dash)
  }

  mutating func stroke(_ path: String, _ ink: Ink, width: Double = 1, dash: String? = nil, opacity: Double? = nil) {
    body += "<path d=\"\(path)\" fill=\"none\" stroke=\"\(ink.light)\" class=\"s-\(ink.rawValue)\" stroke-width=\"\(coordinate(width))\""
    if let dash { body += " stroke-dasharray=\"\(dash)\"" }
    if let opacity { body += " stroke-opacity=\"\(coordinate(opacity))\"" }
    body += "/>"
  }

  mutating func fill(_ path: String, _ ink: Ink, outline: Ink? = nil) {
    body += "<path d=\"\(path)\" fill=\"\(ink.light)\" "
    if let outline { body += "stroke=\"\(outline.light)\" stroke-width=\"1.5\" " }
    body += "class=\"f-\(ink.rawValue)\(outline.map { " s-\($0.rawValue)" } ?? "")\"/>"
  }

  /// A mark, or several of one kind as one path.
  mutating func marks(_ shape: MarkShape, at points: [(x: Double, y: Double)], _ ink: Ink, radius: Double = 4) {
    guard !points.isEmpty else { return }
    let path = points.map { shape.path(x: $0.x, y: $0.y, radius: radius) }.joined()
    if shape.isOutline { stroke(path, ink, width: 1.6) } else { fill(path, ink) }
  }

  mutating func text(
    _ text: String, x: Double, y: Double, _ anchor: Anchor = .start, _ ink: Ink = .text, size: Double = SVGDrawing.fontSize,
    isBold: Bool = false, isVertical: Bool = false
  ) {
    body += "<text x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" fill=\"\(ink.light)\" class=\"f-\(ink.rawValue)\""
    if anchor != .start { body += " text-anchor=\"\(anchor.rawValue)\"" }
    if size != Self.fontSize { body += " font-size=\"\(coordinate(size))\"" }
    if isBold { body += " font-weight=\"600\"" }
    if isVertical { body += " transform=\"rotate(-90 \(coordinate(x)) \(coordinate(y)))\"" }
    body += ">\(text.markup)</text>"
  }

  /// A picture, its pixels left as they are.
  mutating func image(_ dataURI: String, x: Double, y: Double, width: Double, height: Double) {
    body += """
      <image href="\(dataURI)" x="\(coordinate(x))" y="\(coordinate(y))" width="\(coordinate(width))" height="\(coordinate(height))" \
      preserveAspectRatio="none" style="image-rendering:pixelated"/>
      """
  }
}

/// A coordinate with at most two decimals.
func coordinate(_ value: Double) -> String {
  let rounded = (value * 100).rounded() / 100
  guard rounded.isFinite else { return "0" }
  return rounded == rounded.rounded() && abs(rounded) < 1e9 ? String(Int(rounded)) : String(rounded)
}
