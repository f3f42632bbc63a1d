import MirrorAnalysis

extension NetworkPart {
  /// The index in its variants, with cross-fitted intervals, nulls and baselines.
  var indexSection: PageSection {
    guard findings.index.reason == nil, !findings.index.rows.isEmpty else {
      return PageSection(
        title: "The index", blocks: [.absent(what: "Index (CMNI)", reason: findings.index.reason ?? "No unit is left to sum over.")])
    }
    let rows = findings.index.rows
    let figure = PageFigure(
      title: "Checkpoint Mirror Neuron Index by variant.",
      caption:
        "Disc: the index. Upright stroke: its mean with the labels none, self and other dealt anew together. Diamond: the index of units chosen "
        + "on one half of the \(findings.halvedText(rows.first?.inference.exchange)) and measured on the other, with its 95 % interval."
        + (baselineRows.contains { $0.value != nil } ? " Squares: what the index is without training." : ""),
      drawing: indexChart(rows).drawing, table: indexTable(rows), downloads: [download("cmni", rows)], fileName: file("cmni"))
    var blocks: [PageBlock] = [.figure(figure)]
    let reasons = byReason(rows.compactMap { row in row.inference.reason.map { (row.index.variant.rawValue, $0) } })
    if !reasons.isEmpty {
      blocks.append(.paragraph("Where numbers are missing:"))
      blocks.append(.list(reasons))
    }
    blocks.append(
      .paragraph(
        "The paper calls an index above 0.005 a robust mirror pattern. The index has the scale of the activations: compare networks by the "
          + "variant standardised, and a trained network with the untrained one."))
    if !baselineRows.isEmpty {
      blocks.append(
        .table(
          PageTable(
            caption: "The index without training", columns: ["baseline", "CMNI", "verdict", "meaning"],
            rows: baselineRows.map { [$0.subject, numberText($0.value), $0.verdict.rawValue, $0.detail] }, numeric: [1])))
    }
    return PageSection(title: "The index", blocks: blocks)
  }

  private func indexChart(_ rows: [CMNIRow]) -> IntervalChart {
    func lines(_ variants: [CMNIVariant]) -> [IntervalChart.Row] {
      variants.flatMap { variant -> [IntervalChart.Row] in
        guard let row = rows.first(where: { $0.index.variant == variant }), let value = row.index.value else { return [] }
        let isMain = variant == .author
        var lines = [IntervalChart.Row(label: variant.rawValue, value: value, reference: row.inference.nullMean, isBold: isMain)]
        if let crossFit = row.inference.crossFit {
          lines.append(
            .init(
              label: "\(variant.rawValue), cross-fitted", value: crossFit, interval: row.inference.interval, ink: .third, shape: .diamond,
              isBold: isMain))
        }
        return lines
      }
    }
    let baselines = baselineRows.compactMap { row in
      row.value.map { IntervalChart.Row(label: "without training: \(row.subject)", value: $0, ink: .muted, shape: .square) }
    }
    var panels = [
      IntervalChart.Panel(
        title: "In the scale of the activations", axis: "index", rows: lines([.author, .formula, .hidden, .symmetric]) + baselines)
    ]
    let standardised = lines([.standardised])
    if !standardised.isEmpty { panels.append(.init(title: "In each unit's standard deviations", axis: "index", rows: standardised)) }
    var legend = [LegendEntry(sample: .mark(.disc, .first), text: "index")]
    if rows.contains(where: { $0.inference.nullMean != nil }) { legend.append(.init(sample: .tick(.second), text: "mean under the null")) }
    if rows.contains(where: { $0.inference.crossFit != nil }) {
      legend.append(.init(sample: .mark(.diamond, .third), text: "cross-fitted, with 95 % interval"))
    }
    if !baselines.isEmpty { legend.append(.init(sample: .mark(.square, .muted), text: "without training")) }
    return IntervalChart(panels: panels, legend: legend)
  }

  private func indexTable(_ rows: [CMNIRow]) -> PageTable {
    PageTable(
      caption: "Index by variant",
      columns: [
        "variant", "CMNI", "units", "null mean", "excess", "z", "p", "p_both", "p_overlap", "cross-fitted", "95 % interval", "exchange",
        "n_blocks",
      ],
      rows: rows.map { row in
        let inference = row.inference
        return [
          row.index.variant.rawValue, numberText(row.index.value), countText(row.index.unitCount), numberText(inference.nullMean),
          numberText(inference.excess), numberText(inference.z), pText(inference.pValue), pText(inference.pBoth), pText(inference.pOverlap),
          numberText(inference.crossFit), intervalText(inference.interval?.lowerBound, inference.interval?.upperBound),
          inference.exchange?.rawValue ?? "–", inference.blockCount.map { countText($0) } ?? "–",
        ]
      }, numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
  }
}
