import MirrorAnalysis

/// The networks of a page beside each other.
struct ComparisonPart {
  private let networks: [NetworkFindings]

  init(_ networks: [NetworkFindings]) { self.networks = networks }

  var part: PagePart {
    let table = PageTable(
      caption: "Networks of this page",
      columns: [
        "recording", "network", "epoch", "CMNI", "p", "p_overlap", "standardised", "its cross-fitted 95 % interval", "mirror units",
        "units",
      ],
      rows: networks.map { network in
        let findings = network.detailed
        let (author, standardised) = (findings.index(.author), findings.index(.standardised))
        let units = findings.units.rows
        return [
          findings.identity.recording, findings.identity.network ?? "–", findings.identity.epoch.map(String.init) ?? "–",
          numberText(author?.index.value), pText(author?.inference.pValue), pText(author?.inference.pOverlap),
          numberText(standardised?.index.value),
          intervalText(standardised?.inference.interval?.lowerBound, standardised?.inference.interval?.upperBound),
          units.isEmpty ? "–" : countText(units.count { $0.unitClass == .mirror }), units.isEmpty ? "–" : countText(units.count),
        ]
      }, numeric: [2, 3, 4, 5, 6, 7, 8, 9])
    return PagePart(
      title: "All networks",
      sections: [
        PageSection(
          title: "Beside each other",
          blocks: [
            .table(table),
            .paragraph(
              "Networks differ by more than one row shows. To compare conditions take several seeds of each, and 'mirrorscope compare'."),
          ])
      ])
  }
}
