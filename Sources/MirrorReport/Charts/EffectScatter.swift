import MirrorAnalysis

/// Each unit by its effect sizes in self and in other: the class is shape and colour.
struct EffectScatter {
  let units: [(own: Double, other: Double, unitClass: EvidenceClass?)]

  var drawing: SVGDrawing {
    let kinds: [EvidenceClass?] = EvidenceClass.allCases + [nil]
    let present = kinds.filter { kind in units.contains { $0.unitClass == kind } }
    let legend = present.map { kind in
      LegendEntry(
        sample: .mark(kind?.shape ?? .cross, kind?.ink ?? .muted),
        text: "\(kind?.rawValue ?? "no class") (\(units.count { $0.unitClass == kind }))")
    }
    let width = 520.0
    let top = 10 + LegendEntry.height(of: legend, width: width - 90)
    let area = PlotArea(left: 76, top: top, right: 76 + 400, bottom: top + 320)
    var drawing = SVGDrawing(width: width, height: area.bottom + 46)
    drawing.legend(legend, x: 76, y: 4, width: width - 90)
    let horizontal = Scale(over: units.map(\.own) + [0], from: area.left + 8, to: area.right - 8)
    let vertical = Scale(over: units.map(\.other) + [0], from: area.bottom - 8, to: area.top + 8)
    drawing.verticalAxis(vertical, of: area, title: "g of other against none")
    drawing.horizontalAxis(horizontal, of: area, title: "g of self against none")
    drawing.line(horizontal.position(0), area.top, horizontal.position(0), area.bottom, .axis)
    drawing.line(area.left, vertical.position(0), area.right, vertical.position(0), .axis)
    for kind in present.reversed() {
      let points = units.filter { $0.unitClass == kind }.map { (x: horizontal.position($0.own), y: vertical.position($0.other)) }
      drawing.marks(kind?.shape ?? .cross, at: points, kind?.ink ?? .muted, radius: units.count > 400 ? 2.5 : 4.5)
    }
    return drawing
  }
}
