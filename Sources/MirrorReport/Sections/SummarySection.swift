import ActivationRecording
import MirrorAnalysis

extension NetworkPart {
  /// What was recorded, the index with its interval and p, and how many units are of which class, on the first screen.
  var summary: PageSection {
    let others: [PageBlock.Fact?] = [classFact, ablationFact, auditFact]
    return PageSection(title: "In short", blocks: [.facts([recordedFact] + indexFacts + others.compactMap { $0 })])
  }

  private var recordedFact: PageBlock.Fact {
    let layers = findings.layers
    let phases = Phase.allCases.map { "\($0.name) \(countText(findings.phaseRows.count($0)))" }.joined(separator: ", ")
    let name = findings.identity.network.map { "network \($0)" } ?? "a network without a name"
    let epoch = findings.identity.epoch.map { $0 == 0 ? ", untrained (epoch 0)" : ", epoch \($0)" } ?? ""
    return (
      "Recorded",
      "\(name)\(epoch); \(countText(layers.count, "layer", "layers")) of together "
        + "\(countText(layers.reduce(0) { $0 + $1.unitCount }, "unit", "units")); \(countText(findings.rowCount)) rows, of these \(phases)"
        + "\(findings.phaseRows.isFiltered ? " (self and other after the partner filter)" : "")."
    )
  }

  private var indexFacts: [PageBlock.Fact] {
    guard let author = findings.index(.author), let value = author.index.value else {
      return [("Index (CMNI)", "Not computed. \(findings.index.reason ?? "No unit is left to sum over.")")]
    }
    let inference = author.inference
    var text = "\(numberText(value)) over \(countText(author.index.unitCount)) units (the paper's variant)"
    if let null = inference.nullMean { text += "; \(numberText(null)) on average with the labels none, self and other dealt anew" }
    text += "; \(p(inference.pValue, inference.reason))"
    text += inference.pValue == nil ? "." : " (\(design(inference.exchange?.rawValue, inference.blockCount)))."
    if let crossFit = inference.crossFit {
      text +=
        " With units chosen on one half of the \(findings.halvedText(inference.exchange)) and measured on the other \(numberText(crossFit))"
      text +=
        inference.interval.map { ", 95 % interval \(intervalText($0.lowerBound, $0.upperBound))." }
        ?? ", without an interval\(inference.reason.map { ": \($0)" } ?? "")."
    }
    var facts: [PageBlock.Fact] = [("Index (CMNI)", text)]
    if let overlap = inference.pOverlap {
      facts.append(
        (
          "Same units?",
          "That the same units answer to self and to other, more than chance gives: p_overlap = \(pText(overlap))."
            + (inference.pBoth.map { " That both phases have an effect at all: p_both = \(pText($0))." } ?? "")
        ))
    }
    if let standardised = findings.index(.standardised), let value = standardised.index.value {
      facts.append(
        (
          "Standardised",
          "\(numberText(value)) of each unit's standard deviations (the variant to compare networks by)"
            + (standardised.inference.interval.map {
              "; cross-fitted \(numberText(standardised.inference.crossFit)), 95 % interval \(intervalText($0.lowerBound, $0.upperBound))."
            } ?? ".")
        ))
    }
    if let baselines { facts.append(("Without training", baselines)) }
    return facts
  }

  /// What the index is without training, as the audit measured it.
  private var baselines: String? {
    let rows = baselineRows.filter { $0.value != nil }
    guard !rows.isEmpty else { return nil }
    return "The same index of what was not trained: " + rows.map { "\($0.subject) \(numberText($0.value))" }.joined(separator: ", ") + "."
  }

  var baselineRows: [AuditRow] { findings.audit.rows.filter { $0.check == "baseline CMNI" } }

  private var classFact: PageBlock.Fact {
    let rows = findings.units.rows
    guard !rows.isEmpty else { return ("Units by class", "Not computed. \(findings.units.reason ?? "")") }
    var parts = EvidenceClass.allCases.map { kind in "\(countText(rows.count { $0.unitClass == kind })) \(kind.rawValue)" }
    let unclassed = rows.count { $0.unitClass == nil }
    if unclassed > 0 { parts.append("\(countText(unclassed)) without a class") }
    return ("Units by class", "Of \(countText(rows.count)), by evidence: \(parts.joined(separator: ", ")).")
  }

  private var ablationFact: PageBlock.Fact? {
    let primary = findings.ablation.rows.filter(\.isPrimary)
    guard !primary.isEmpty else { return findings.ablation.reason.map { ("Ablation", "Not computed. \($0)") } }
    return ("Ablation", primary.map(primarySentence).joined(separator: " "))
  }

  private var auditFact: PageBlock.Fact? {
    let rows = findings.audit.rows
    guard !rows.isEmpty else { return nil }
    let failed = rows.filter { $0.verdict == .fail }
    let names = Set(failed.map(\.check)).sorted().joined(separator: ", ")
    func count(_ verdict: AuditVerdict) -> String { countText(rows.count { $0.verdict == verdict }) }
    return (
      "Audit",
      "Of \(countText(rows.count)) checks of confounds \(count(.ok)) are ok, \(count(.caution)) call for caution, \(count(.fail)) failed"
        + "\(failed.isEmpty ? "" : " (\(names))"), \(count(.notMeasured)) could not be measured."
    )
  }
}
