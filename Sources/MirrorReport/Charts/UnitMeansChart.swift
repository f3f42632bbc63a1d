import ActivationRecording
import MirrorAnalysis

/// Mean activations of units in each phase, units side by side: the phase is the shape of a mark, the class of the unit its colour and the letter below.
struct UnitMeansChart {
  struct Unit {
    let number: Int
    let means: [(phase: Phase, mean: Double)]
    let unitClass: EvidenceClass?
  }

  let units: [Unit]

  var drawing: SVGDrawing {
    let slot = 21.0
    let phases = Phase.allCases.filter { phase in units.contains { $0.means.contains { $0.phase == phase } } }
    let counts = EvidenceClass.allCases.compactMap { kind in
      let count = units.count { $0.unitClass == kind }
      return count > 0 ? (kind, count) : nil
    }
    let legend =
      phases.map { LegendEntry(sample: .mark($0.shape, .text), text: "mean in \($0.name)") } + LegendEntry.classes(counts)
    let left = 74.0
    let width = max(430, left + slot * Double(units.count) + 20)
    let top = 12 + LegendEntry.height(of: legend, width: width - left - 10)
    let area = PlotArea(left: left, top: top, right: width - 12, bottom: top + 220)
    var drawing = SVGDrawing(width: width, height: area.bottom + 58)
    drawing.legend(legend, x: left, y: 4, width: width - left - 10)
    let scale = Scale(over: units.flatMap { $0.means.map(\.mean) } + [0], from: area.bottom, to: area.top)
    drawing.verticalAxis(scale, of: area, title: "mean activation")
    if scale.contains(0) { drawing.line(area.left, scale.position(0), area.right, scale.position(0), .axis) }
    for (place, unit) in units.enumerated() {
      let x = left + slot * (Double(place) + 0.5) + 2
      let ink = unit.unitClass?.ink ?? .muted
      let heights = unit.means.map { scale.position($0.mean) }
      if let low = heights.max(), let high = heights.min(), low > high { drawing.line(x, low, x, high, ink) }
      for (mean, y) in zip(unit.means, heights) { drawing.marks(mean.phase.shape, at: [(x, y)], ink, radius: 4) }
      drawing.text(
        String(unit.number), x: x, y: area.bottom + 16, .middle, .muted, size: unit.number > 999 ? 8 : unit.number > 99 ? 9 : 11)
      if let kind = unit.unitClass { drawing.text(kind.letter, x: x, y: area.bottom + 31, .middle, kind.ink, isBold: true) }
    }
    drawing.line(area.left, area.bottom, area.right, area.bottom, .axis)
    drawing.text("unit, and its class", x: area.middleX, y: area.bottom + 50, .middle)
    return drawing
  }
}
