import MirrorAnalysis
import Tabular

extension NetworkPart {
  /// What ablating units does to the actions, beside what reference sets do.
  var ablationSection: PageSection {
    let title = "Ablation"
    if let reason = findings.ablation.reason {
      return PageSection(
        title: title,
        blocks: [
          .absent(
            what: "Ablation",
            reason: reason + " 'mirrorscope plan' and 'judge' ablate in a model that only its owner can run, which needs no kernels.")
        ])
    }
    let rows = findings.ablation.rows
    var blocks: [PageBlock] = [
      .paragraph(
        "In each hidden layer that was looked at the (at most) four units with the highest mirror-neuron scores, chosen "
          + "\(findings.selectText), are set to 0 \(findings.evaluateText). References are other sets of the layer with as many units in each bin of mean activation and outgoing weights."
      )
    ]
    for target in targets(rows) {
      let primary = target.filter(\.isPrimary)
      if !primary.isEmpty { blocks.append(.paragraph(primary.map(primarySentence).joined(separator: " "))) }
      if let figure = ablationFigure(target) { blocks.append(.figure(figure)) }
    }
    return PageSection(title: title, blocks: blocks)
  }

  /// What the ablation of a target did to the primary outcome, in one sentence.
  func primarySentence(_ row: AblationRow) -> String {
    let units = "\(row.units.count == 1 ? "unit" : "units") \(row.units.map(String.init).joined(separator: ", ")) of \(row.layer)"
    guard let effect = row.effect else { return "\(units): no effect on \(row.outcome): \(row.reason ?? "it is not defined")".asSentence }
    var text =
      "without \(units) \(row.outcome) goes from \(numberText(row.baseline)) to \(numberText(row.ablated)) (effect \(numberText(effect))"
    if let interval = row.interval { text += ", 95 % interval \(intervalText(interval.lower, interval.upper))" }
    text += ")"
    if let mean = row.controlMean {
      text += "; \(countText(row.controlEffects.count, "reference set", "reference sets")): mean effect \(numberText(mean))"
      if let deviation = row.controlDeviation { text += ", sd \(numberText(deviation))" }
    }
    text += row.pValue.map { "; p = \(pText($0))" } ?? "; no p\(row.reason.map { ", because: \($0)" } ?? "")"
    return text.asSentence
  }

  /// Rows over all phases, by target, in the order of the table.
  private func targets(_ rows: [AblationRow]) -> [[AblationRow]] {
    var targets: [[AblationRow]] = []
    for row in rows where row.phase == nil {
      if let last = targets.last?.first, last.layer == row.layer, last.units == row.units {
        targets[targets.count - 1].append(row)
      } else {
        targets.append([row])
      }
    }
    return targets
  }

  private func ablationFigure(_ rows: [AblationRow]) -> PageFigure? {
    guard let first = rows.first else { return nil }
    func line(_ row: AblationRow) -> IntervalChart.Row? {
      row.effect.map { effect in
        IntervalChart.Row(
          label: row.outcome + (row.isPrimary ? " (primary)" : ""), value: effect,
          interval: row.interval.map { min($0.lower, $0.upper)...max($0.lower, $0.upper) }, reference: row.controlMean,
          cloud: row.controlEffects, isBold: row.isPrimary)
      }
    }
    let shares = rows.filter { !$0.outcome.hasPrefix("mean:") }.compactMap(line)
    let outputs = rows.filter { $0.outcome.hasPrefix("mean:") }.compactMap(line)
    let panels = [
      IntervalChart.Panel(title: "Accuracy, and shares of rows in which an action is chosen", axis: "change of share", rows: shares),
      IntervalChart.Panel(title: "Mean outputs", axis: "change of output", rows: outputs),
    ].filter { !$0.rows.isEmpty }
    guard !panels.isEmpty else { return nil }
    let hasReferences = rows.contains { !$0.controlEffects.isEmpty }
    var legend = [LegendEntry(sample: .mark(.disc, .first), text: "effect, with 95 % interval")]
    if hasReferences {
      legend.append(.init(sample: .rug, text: "each reference set"))
      legend.append(.init(sample: .tick(.second), text: "mean of reference sets"))
    }
    let own = findings.ablation.rows.filter { $0.layer == first.layer && $0.units == first.units }
    let units = first.units.map(String.init).joined(separator: ", ")
    return PageFigure(
      title: "Effects of ablating \(first.units.count == 1 ? "unit" : "units") \(units) of \(first.layer).",
      caption:
        "Ablated less intact, over all rows that effects are measured on"
        + (hasReferences
          ? ", beside \(countText(first.controlEffects.count, "reference set", "reference sets")) of the same layer."
          : "; there are no references."),
      drawing: IntervalChart(panels: panels, legend: legend).drawing, table: ablationTable(rows),
      downloads: [download("ablate-\(first.layer)", own)] + (hasReferences ? [referenceDownload(rows)] : []),
      fileName: file("ablate", first.layer))
  }

  private func ablationTable(_ rows: [AblationRow]) -> PageTable {
    PageTable(
      caption: "Effects over all rows; those by phase are in the data",
      columns: ["outcome", "intact", "ablated", "effect", "95 % interval", "references", "their mean", "their sd", "p", "q", "reason"],
      rows: rows.map { row in
        [
          row.outcome + (row.isPrimary ? " (primary)" : ""), numberText(row.baseline), numberText(row.ablated), numberText(row.effect),
          intervalText(row.interval?.lower, row.interval?.upper), countText(row.controlEffects.count), numberText(row.controlMean),
          numberText(row.controlDeviation), pText(row.pValue), pText(row.qValue), row.reason ?? "",
        ]
      }, numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9])
  }

  /// The effect of each reference set, as it is drawn.
  private func referenceDownload(_ rows: [AblationRow]) -> Download {
    let schema = TableSchema(
      name: "ablate-references", title: "Effects of ablating reference sets",
      columns: [
        Column("target", .string, "Layer"), Column("target_units", .string, "Ablated units"), Column("outcome", .string, "Outcome"),
        Column("set", .integer, "Number of the reference set"), Column("effect", .number, "Ablated less intact"),
      ])
    let cells = rows.flatMap { row in
      row.controlEffects.enumerated().map { number, effect -> [Cell] in
        [
          .string(row.layer), .string(row.units.map(String.init).joined(separator: ";")), .string(row.outcome), .integer(number),
          .number(effect),
        ]
      }
    }
    return Download(file("ablate-references", rows.first?.layer ?? "") + ".csv", schema: schema, cells: cells)
  }
}
