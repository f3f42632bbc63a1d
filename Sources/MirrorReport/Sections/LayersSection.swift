import MirrorAnalysis

extension NetworkPart {
  /// Whether layers move one way for self and other, and how alike pairs of both are.
  var layersSection: PageSection {
    PageSection(title: "Self and other, layer by layer", blocks: directionBlocks + overlapBlocks)
  }

  private var directionBlocks: [PageBlock] {
    if let reason = findings.direction.reason { return [.absent(what: "Direction", reason: reason)] }
    let rows = findings.direction.rows
    let lines = rows.compactMap { row in
      row.cosine.map { IntervalChart.Row(label: row.layer, value: $0, interval: row.interval, reference: row.nullMean) }
    }
    let missing = byReason(rows.compactMap { row in row.reason.map { (row.layer, $0) } })
    guard !lines.isEmpty else { return [.absent(what: "Direction", reason: missing.joined(separator: " "))] }
    let figure = PageFigure(
      title: "Cosine of Δself and Δother by layer.",
      caption:
        "Δ is the change of a layer's mean activations from none. 1: one direction, 0: square to each other. Every product is taken across two "
        + "halves of the \(findings.halvedText(rows.first?.exchange)). Lines are 95 % intervals; the upright stroke is the mean with labels dealt anew. Layers from input to output.",
      drawing: IntervalChart(
        panels: [.init(title: "Direction", axis: "cosine", rows: lines)], legend: legend(lines, "cosine, with 95 % interval")
      ).drawing,
      table: PageTable(
        caption: "Direction by layer",
        columns: ["layer", "cosine", "95 % interval", "p", "norm ratio", "shared variance", "of random axes", "exchange", "n_blocks"],
        rows: rows.map { row in
          [
            row.layer, numberText(row.cosine), intervalText(row.interval?.lowerBound, row.interval?.upperBound), pText(row.pValue),
            numberText(row.normRatio), numberText(row.sharedVariance), numberText(row.sharedNull), row.exchange?.rawValue ?? "–",
            row.blockCount.map { countText($0) } ?? "–",
          ]
        }, numeric: [1, 2, 3, 4, 5, 6, 8]), downloads: [download("direction", rows)], fileName: file("direction"))
    return [.figure(figure)] + missingBlocks(missing)
  }

  private var overlapBlocks: [PageBlock] {
    if let reason = findings.overlap.reason { return [.absent(what: "Overlap", reason: reason)] }
    let rows = findings.overlap.rows
    let panels = OverlapMeasure.allCases.compactMap { measure -> IntervalChart.Panel? in
      let lines = rows.filter { $0.measure == measure }.compactMap { row in
        row.selfOther.map { IntervalChart.Row(label: row.layer, value: $0, interval: row.interval, reference: row.nullMean) }
      }
      return lines.isEmpty ? nil : .init(title: title(of: measure), axis: "distance of self and other", rows: lines)
    }
    let missing = byReason(rows.compactMap { row in row.reason.map { ("\(row.layer) (\(row.measure.rawValue))", $0) } })
    guard !panels.isEmpty else { return [.absent(what: "Overlap", reason: missing.joined(separator: " "))] }
    let figure = PageFigure(
      title: "Self-other overlap by layer.",
      caption:
        "Mean distance of the self and the other version of the same \(findings.pairText.one), with its 95 % interval over "
        + "\(findings.pairText.several); the upright stroke is the mean over "
        + "other pairings. Left of it: own versions are closer than those of other \(findings.pairText.several). Layers from input to output.",
      drawing: IntervalChart(panels: panels, legend: legend(panels.flatMap(\.rows), "distance, with 95 % interval")).drawing,
      table: PageTable(
        caption: "Overlap by layer and measure",
        columns: [
          "layer", "measure", findings.pairText.several, "self-other", "95 % interval", "other pairings", "p", "wording only", "exchange",
          "n_blocks",
        ],
        rows: rows.map { row in
          [
            row.layer, row.measure.rawValue, countText(row.pairCount), numberText(row.selfOther),
            intervalText(row.interval?.lowerBound, row.interval?.upperBound), numberText(row.nullMean), pText(row.pValue),
            numberText(row.wordingOnly), row.exchange?.rawValue ?? "–", row.blockCount.map { countText($0) } ?? "–",
          ]
        }, numeric: [2, 3, 4, 5, 6, 7, 9]), downloads: [download("overlap", rows)], fileName: file("overlap"))
    return [.figure(figure)] + missingBlocks(missing)
  }

  private func legend(_ rows: [IntervalChart.Row], _ text: String) -> [LegendEntry] {
    [LegendEntry(sample: .mark(.disc, .first), text: text)]
      + (rows.contains { $0.reference != nil } ? [LegendEntry(sample: .tick(.second), text: "mean under the null")] : [])
  }

  private func title(of measure: OverlapMeasure) -> String {
    switch measure {
    case .mse: "Mean square over units"
    case .cosine: "1 − cosine"
    case .correlation: "1 − r over units"
    }
  }

  private func missingBlocks(_ reasons: [String]) -> [PageBlock] {
    guard !reasons.isEmpty else { return [] }
    let shown = reasons.prefix(24).map { $0 }
    return [
      .paragraph("Where numbers are missing:"),
      .list(shown + (reasons.count > shown.count ? ["\(reasons.count - shown.count) more, in the data."] : [])),
    ]
  }
}
