import MirrorAnalysis

extension NetworkPart {
  /// What could not be computed here, and why.
  var absentItems: [(what: String, reason: String)] {
    var items: [(String, String)] = []
    func add(_ what: String, _ reason: String?) { if let reason { items.append((what, reason)) } }
    func addFinding<Row>(
      _ what: String, _ finding: Finding<Row>, _ hasNumber: (Row) -> Bool, test: String? = nil, _ isTested: (Row) -> Bool = { _ in true },
      because reason: (Row) -> String?
    ) {
      if let whole = finding.absence(of: hasNumber, because: reason) {
        add(what, whole)
      } else if let test {
        add(test, finding.absence(of: isTested, because: reason))
      }
    }
    let author = findings.index(.author)
    let index: Finding<CMNIRow> = findings.index.reason == nil ? .rows([author].compactMap { $0 }) : findings.index
    addFinding(
      "index (CMNI)", index, { $0.index.value != nil }, test: "p of the index", { $0.inference.pValue != nil }, because: \.inference.reason)
    if author?.index.value != nil, author?.inference.interval == nil {
      add("interval of the index", author?.inference.reason ?? "the halves of the rows do not give one")
    }
    add("index over epochs", network.curvesReason)
    addFinding(
      "effect sizes and tests of units", findings.units, { $0.effectSelf != nil || $0.effectOther != nil || $0.conjunctionP != nil },
      test: "tests of units", { $0.conjunctionP != nil }, because: \.reason)
    addFinding("correlation of units", findings.correlations, { $0.phases.contains(where: \.hasNumber) }, because: { _ in nil })
    addFinding("ablation", findings.ablation, { $0.effect != nil }, because: \.reason)
    addFinding("circuit", findings.circuit, { $0.edgeEffect != nil }, because: \.reason)
    addFinding(
      "direction", findings.direction, { $0.cosine != nil }, test: "p of directions", { $0.pValue != nil }, because: \.reason)
    addFinding("overlap", findings.overlap, { $0.selfOther != nil }, test: "p of overlap", { $0.pValue != nil }, because: \.reason)
    add("audit", findings.audit.reason)
    return items
  }

  /// What is not on the page: what the recording does not hold, and what the page leaves to other commands.
  var absences: PageSection {
    var items = absentItems.map { "\($0.what): \($0.reason)".asSentence }
    if network.checkpoints.isEmpty, network.curvesReason == nil {
      items.append("Index and loss over epochs: no second checkpoint of this network was given. Give several.")
    }
    let unmeasured = findings.audit.rows.filter { $0.verdict == .notMeasured }
    items += byReason(unmeasured.map { ("\($0.check) (\($0.subject))", $0.detail) }).map { "Audit, \($0)" }
    items.append(
      "Left to their own commands: decoding of distress and action (decode), divergence of distributions (divergence), similarity of "
        + "representations (similarity), ablation of chosen units, by other modes and by Shapley values (ablate), comparison of conditions over "
        + "seeds (compare).")
    return PageSection(title: "Not computed, and why", blocks: [.list(items)])
  }
}
