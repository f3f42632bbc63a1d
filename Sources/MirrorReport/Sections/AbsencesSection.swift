import MirrorAnalysis

extension NetworkPart {
  /// What could not be computed here, and why.
  var absentItems: [(what: String, reason: String)] {
    var items: [(String, String)] = []
    func add(_ what: String, _ reason: String?) { if let reason { items.append((what, reason)) } }
    add("index (CMNI)", findings.index.reason)
    add("index over epochs", network.curvesReason)
    add("classes of units", findings.units.reason)
    add("correlation of units", findings.correlations.reason)
    add("ablation", findings.ablation.reason)
    add("circuit", findings.circuit.reason)
    add("direction", findings.direction.reason)
    add("overlap", findings.overlap.reason)
    add("audit", findings.audit.reason)
    return items
  }

  /// What is not on the page: what the recording does not hold, and what the page leaves to other commands.
  var absences: PageSection {
    var items = absentItems.map { "\($0.what): \($0.reason)".asSentence }
    if network.checkpoints.isEmpty, network.curvesReason == nil {
      items.append("Index and loss over epochs: one recording of this network was given. Give several checkpoints.")
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
