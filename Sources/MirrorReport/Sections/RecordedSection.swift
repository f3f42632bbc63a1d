import MirrorAnalysis

extension NetworkPart {
  /// The facts of the recording, as `inspect` says them.
  var recorded: PageSection {
    var blocks: [PageBlock] = []
    if let choice = network.choice {
      blocks.append(
        .paragraph(
          "Of the \(network.givenCount) checkpoints of this network the page goes through \(findings.identity.recording): \(choice). "
            + "Give one recording alone for another checkpoint."))
    }
    let facts = findings.inspection.map { [$0.item, $0.value] }
    let sums = findings.files.map { ["file \($0.path)", "SHA-256 \($0.sha256)"] }
    blocks.append(
      .table(PageTable(caption: "The recording \(findings.identity.recording)", columns: ["what", "value"], rows: facts + sums)))
    if !findings.notes.isEmpty {
      blocks.append(.paragraph("What the analyses say beside their numbers:"))
      blocks.append(.list(findings.notes.map(\.asSentence)))
    }
    return PageSection(title: "What was recorded", blocks: blocks)
  }
}
