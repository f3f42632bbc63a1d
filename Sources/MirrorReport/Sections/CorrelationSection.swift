import MirrorAnalysis
import Tabular

extension NetworkPart {
  /// Correlations of units within each phase, as pictures.
  var correlationSection: PageSection {
    let title = "Correlation of units"
    if let reason = findings.correlations.reason {
      return PageSection(title: title, blocks: [.absent(what: "Correlation of units", reason: reason)])
    }
    let layers = findings.correlations.rows.filter { !$0.phases.isEmpty }
    var blocks: [PageBlock] = layers.map { .figure(heatMap($0)) }
    let left = findings.layers.map(\.name).filter { name in !layers.contains { $0.layer == name } }
    if !left.isEmpty {
      blocks.append(
        .paragraph(
          "Not drawn: \(left.prefix(12).joined(separator: ", "))\(left.count > 12 ? " and \(left.count - 12) more" : ""). Drawn are at most "
            + "\(ReportPlan.drawnLayers) layers, at equal distances, of 2 to \(countText(ReportPlan.mostCorrelatedUnits)) units; 'mirrorscope "
            + "correlate' has all."))
    }
    return PageSection(title: title, blocks: blocks)
  }

  private func heatMap(_ layer: LayerCorrelation) -> PageFigure {
    let choice = findings.layers.first { $0.name == layer.layer }.map { ", \(findings.drawnUnitsText(of: $0))" } ?? ""
    let part =
      layer.units.count < layer.unitCount
      ? " \(layer.units.count) of \(countText(layer.unitCount)) units are drawn\(choice); no r is averaged." : ""
    return PageFigure(
      title: "Correlation of the units of \(layer.layer) within phases.",
      caption:
        "Pearson's r of activations over the rows of a phase. Blue below 0, orange above, darker the farther from 0; grey where a unit is "
        + "constant and there is no r." + part,
      drawing: HeatMapChart(
        maps: layer.phases.map { .init(title: "\($0.name), \(countText($0.count)) rows", values: $0.values) }, units: layer.units
      ).drawing, table: strongest(layer), downloads: [matrixDownload(layer)], fileName: file("correlation", layer.layer))
  }

  /// The pairs that a reader of the picture would name: the largest sizes of r in each phase.
  private func strongest(_ layer: LayerCorrelation) -> PageTable? {
    var rows: [[String]] = []
    for phase in layer.phases {
      var pairs: [(a: Int, b: Int, r: Double)] = []
      for a in layer.units.indices {
        for b in layer.units.indices where b > a {
          let r = phase.values[a * layer.units.count + b]
          if !r.isNaN { pairs.append((a, b, r)) }
        }
      }
      pairs.sort { (abs($0.r), $1.a, $1.b) > (abs($1.r), $0.a, $0.b) }
      rows += pairs.prefix(10).map { [phase.name, String(layer.units[$0.a]), String(layer.units[$0.b]), numberText($0.r)] }
    }
    guard !rows.isEmpty else { return nil }
    return PageTable(
      caption: "The ten pairs of drawn units with the largest |r| in each phase; the matrices are in the data",
      columns: ["phase", "unit", "unit", "r"], rows: rows, numeric: [1, 2, 3])
  }

  /// The matrices below each other, as wide tables are written.
  private func matrixDownload(_ layer: LayerCorrelation) -> Download {
    let schema = TableSchema(
      name: "correlation-matrix", title: "Correlations of units within phases",
      columns: [Column("phase", .string, "Phase"), Column("unit", .string, "Layer and unit")]
        + layer.units.map { Column("\(layer.layer):\($0)", .number, "r with that unit") })
    let width = layer.units.count
    var cells: [[Cell]] = []
    for phase in layer.phases {
      for (row, unit) in layer.units.enumerated() {
        let names: [Cell] = [.string(phase.name), .string("\(layer.layer):\(unit)")]
        cells.append(names + phase.values[row * width..<(row + 1) * width].map { Cell.number($0) })
      }
    }
    return Download(file("correlation", layer.layer) + ".csv", schema: schema, cells: cells)
  }
}
