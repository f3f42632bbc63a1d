import MirrorAnalysis

/// Where a chart's values are drawn, inside its margins.
struct PlotArea {
  let left: Double
  let top: Double
  let right: Double
  let bottom: Double

  var middleX: Double { (left + right) / 2 }
  var middleY: Double { (top + bottom) / 2 }
}

extension SVGDrawing {
  /// A vertical axis at the left of an area: grid lines, ticks, their numbers and what they mean, the unit included.
  mutating func verticalAxis(_ scale: Scale, of area: PlotArea, title: String) {
    var widest = 0.0
    for tick in scale.ticks {
      let y = scale.position(tick.value)
      line(area.left, y, area.right, y, .grid)
      line(area.left - 4, y, area.left, y, .axis)
      text(tick.text, x: area.left - 7, y: y + 4, .end, .muted)
      widest = max(widest, textWidth(tick.text))
    }
    line(area.left, area.top, area.left, area.bottom, .axis)
    text(
      fitted(title, width: area.bottom - area.top + 40), x: max(12, area.left - widest - 16), y: area.middleY, .middle, isVertical: true)
  }

  /// A horizontal axis below an area, with grid lines up through it. Ticks whose numbers would touch are left without them.
  mutating func horizontalAxis(_ scale: Scale, of area: PlotArea, title: String) {
    var free = -Double.infinity
    for tick in scale.ticks {
      let x = scale.position(tick.value)
      line(x, area.top, x, area.bottom, .grid)
      line(x, area.bottom, x, area.bottom + 4, .axis)
      let half = textWidth(tick.text) / 2
      guard x - half >= free else { continue }
      text(tick.text, x: x, y: area.bottom + 17, .middle, .muted)
      free = x + half + 4
    }
    line(area.left, area.bottom, area.right, area.bottom, .axis)
    text(title, x: area.middleX, y: area.bottom + 35, .middle)
  }

  /// A legend from an upper left corner, wrapped at a width. Gives the height that it took.
  @discardableResult
  mutating func legend(_ entries: [LegendEntry], x: Double, y: Double, width: Double) -> Double {
    var (left, top) = (x, y)
    for entry in entries {
      let size = entry.width
      if left > x, left + size > x + width { (left, top) = (x, top + LegendEntry.lineHeight) }
      entry.draw(in: &self, x: left, y: top)
      left += size
    }
    return entries.isEmpty ? 0 : top - y + LegendEntry.lineHeight
  }
}

/// What a mark or a line stands for, in words.
struct LegendEntry {
  enum Sample {
    case mark(MarkShape, Ink)
    case line(Ink, dash: String?, mark: MarkShape?)
    /// The upright stroke of a reference.
    case tick(Ink)
    /// A short upright stroke for each of many references.
    case rug
    case letter(String, Ink)
  }

  static let lineHeight = 20.0

  let sample: Sample
  let text: String

  var width: Double { 30 + textWidth(text) + 14 }

  /// Height of a legend of these entries that is wrapped at a width.
  static func height(of entries: [LegendEntry], width: Double) -> Double {
    var drawing = SVGDrawing(width: width, height: 0)
    return drawing.legend(entries, x: 0, y: 0, width: width)
  }

  func draw(in drawing: inout SVGDrawing, x: Double, y: Double) {
    let middle = y + 8
    switch sample {
    case .mark(let shape, let ink): drawing.marks(shape, at: [(x + 14, middle)], ink, radius: 5)
    case .line(let ink, let dash, let mark):
      drawing.line(x + 1, middle, x + 27, middle, ink, width: 2, dash: dash)
      if let mark { drawing.marks(mark, at: [(x + 14, middle)], ink) }
    case .tick(let ink): drawing.line(x + 14, middle - 7, x + 14, middle + 7, ink, width: 2.5)
    case .rug: for offset in [6.0, 10, 13, 19] { drawing.line(x + offset, middle - 5, x + offset, middle + 5, .muted) }
    case .letter(let letter, let ink): drawing.text(letter, x: x + 14, y: middle + 4, .middle, ink, isBold: true)
    }
    drawing.text(text, x: x + 30, y: middle + 4)
  }

  /// One entry for each class.
  static func classes(_ counts: [(EvidenceClass, Int)]) -> [LegendEntry] {
    counts.map { LegendEntry(sample: .letter($0.0.letter, $0.0.ink), text: "\($0.0.rawValue) (\($0.1))") }
  }
}
