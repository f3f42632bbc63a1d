import MirrorAnalysis

extension NetworkPart {
  /// The confounds, each measured.
  var auditSection: PageSection {
    if let reason = findings.audit.reason {
      return PageSection(title: "Audit", blocks: [.absent(what: "Audit of confounds", reason: reason)])
    }
    let rows = findings.audit.rows
    return PageSection(
      title: "Audit",
      blocks: [
        .paragraph("What other than distress could make units rise here. Past its threshold a check is not ok."),
        .table(
          PageTable(
            caption: "Confounds", columns: ["check", "subject", "verdict", "value", "threshold", "meaning"],
            rows: rows.map { row in
              [
                row.check, row.subject, row.verdict.rawValue.replacing(" ", with: "\u{A0}"), numberText(row.value),
                numberText(row.threshold), row.detail,
              ]
            }, numeric: [3, 4])),
        .downloads([download("audit", rows)]),
      ])
  }
}
