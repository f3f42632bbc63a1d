import ActivationRecording
import MirrorAnalysis

extension NetworkPart {
  /// Units by class and effect size, and their means in the four phases.
  var unitsSection: PageSection {
    var blocks: [PageBlock] = []
    let rows = findings.units.rows
    if let reason = findings.units.reason {
      blocks.append(.absent(what: "Classes and effect sizes of units", reason: reason))
    } else {
      blocks.append(.paragraph(classExplanation))
      blocks.append(.table(classTable(rows)))
      blocks += scatter(rows)
    }
    let drawn = findings.drawnLayers
    blocks += drawn.compactMap(meansFigure).map { .figure($0) }
    if drawn.count < findings.layers.count {
      blocks.append(
        .paragraph(
          "Means are drawn of \(drawn.count) of the \(findings.layers.count) layers, at equal distances; 'mirrorscope stats' has those of all."
        ))
    }
    return PageSection(title: "Units", blocks: blocks)
  }

  private var classExplanation: String {
    "Classes go by evidence at q ≤ 0.0125 each: mirror (M, above none in self and in other), suppressed (S, below none in both), opposite (O), "
      + "differentiating (D, self and other differ); unresponsive (–) where both effects lie within ±0.1 standard deviations; otherwise "
      + "unresolved (?). Not found to be a mirror unit is not found to be none."
  }

  private func classTable(_ rows: [UnitsRow]) -> PageTable {
    let kinds: [EvidenceClass?] = EvidenceClass.allCases + [nil]
    let shown = kinds.filter { kind in kind != nil || rows.contains { $0.unitClass == nil } }
    return PageTable(
      caption: "Units of each layer by class of evidence",
      columns: ["layer", "units"] + shown.map { $0.map { "\($0.rawValue) (\($0.letter))" } ?? "no class" },
      rows: findings.layers.map { layer in
        let own = rows.filter { $0.layer == layer.name }
        return [layer.name + (layer.isOutput ? " (output)" : ""), countText(own.count)]
          + shown.map { kind in countText(own.count { $0.unitClass == kind }) }
      }, numeric: Set(1..<shown.count + 2))
  }

  private func scatter(_ rows: [UnitsRow]) -> [PageBlock] {
    var used = rows
    var note = ""
    if rows.count > 3000 {
      let drawn = Dictionary(uniqueKeysWithValues: findings.drawnLayers.map { ($0.name, Set(findings.drawnUnits(of: $0))) })
      used = rows.filter { drawn[$0.layer]?.contains($0.unit) ?? false }
      note = " Of \(countText(rows.count)) units those are drawn whose means are drawn below; 'mirrorscope units' has all."
    }
    let points = used.compactMap { row in
      row.effectSelf.flatMap { own in row.effectOther.map { (own: own, other: $0, unitClass: row.unitClass) } }
    }
    guard !points.isEmpty else {
      let reason = used.lazy.compactMap(\.reason).first ?? "no unit varies in the phases compared"
      return [.absent(what: "Effect sizes of units", reason: reason.asSentence)]
    }
    return [
      .figure(
        PageFigure(
          title: "Effect of self and of other on each unit.",
          caption: "Hedges' g against none. Mirror units lie in the upper right quarter. Intervals and p's of each unit are in the data."
            + note,
          drawing: EffectScatter(units: points).drawing, table: used.count <= 200 ? unitTable(used) : nil,
          downloads: [download("units", used)],
          fileName: file("units")))
    ]
  }

  private func unitTable(_ rows: [UnitsRow]) -> PageTable {
    PageTable(
      caption: "Units", columns: ["unit", "class", "g self", "g other", "p self", "p other", "q mirror", "author's class", "reason"],
      rows: rows.map { row in
        [
          "\(row.layer):\(row.unit)", row.unitClass?.rawValue ?? "–", numberText(row.effectSelf, digits: 3),
          numberText(row.effectOther, digits: 3), pText(row.pSelf), pText(row.pOther), pText(row.qValue), row.authorClass?.rawValue ?? "–",
          row.reason ?? "",
        ]
      }, numeric: [2, 3, 4, 5, 6])
  }

  private func meansFigure(_ layer: RecordingFindings.Layer) -> PageFigure? {
    let numbers = findings.drawnUnits(of: layer)
    let shown = Set(numbers)
    let rows = findings.stats.filter { $0.layer == layer.name && shown.contains($0.unit) }
    let classes = findings.classes[layer.name] ?? [:]
    let byUnit = Dictionary(grouping: rows, by: \.unit)
    let units = numbers.compactMap { number -> UnitMeansChart.Unit? in
      let means = (byUnit[number] ?? []).compactMap { row in row.mean.map { (phase: row.phase, mean: $0) } }
      return means.isEmpty ? nil : .init(number: number, means: means, unitClass: classes[number])
    }
    guard !units.isEmpty else { return nil }
    let empty = Phase.allCases.filter { findings.phaseRows.count($0) == 0 }.map(\.name)
    let part =
      numbers.count < layer.unitCount
      ? " \(numbers.count) of \(countText(layer.unitCount)) units are drawn, \(findings.drawnUnitsText(of: layer))."
      : ""
    return PageFigure(
      title: "Mean activation of the units of \(layer.name) by phase.",
      caption:
        "The shape of a mark is the phase; colour and letter are the class of the unit."
        + (empty.isEmpty ? "" : " There are no rows of \(empty.joined(separator: ", ")).") + part,
      drawing: UnitMeansChart(units: units).drawing, table: meansTable(units), downloads: [download("stats-\(layer.name)", rows)],
      fileName: file("means", layer.name))
  }

  private func meansTable(_ units: [UnitMeansChart.Unit]) -> PageTable {
    PageTable(
      caption: "Mean activations", columns: ["unit", "class"] + Phase.allCases.map(\.name),
      rows: units.map { unit in
        [String(unit.number), unit.unitClass?.rawValue ?? "–"]
          + Phase.allCases.map { phase in numberText(unit.means.first { $0.phase == phase }?.mean) }
      }, numeric: [0, 2, 3, 4, 5])
  }
}
