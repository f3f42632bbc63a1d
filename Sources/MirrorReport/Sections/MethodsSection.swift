import ActivationRecording
import MirrorAnalysis

extension NetworkPart {
  /// A paragraph for a methods section, with what was done here and nothing else.
  var methods: PageSection {
    PageSection(
      title: "Methods",
      blocks: [
        .paragraph("To be copied. Sources and formulas are in docs/method.md of Mirrorscope."), .quote(methodsText),
        .paragraph("This page was made by: \(origin.command)"),
      ])
  }

  private var methodsText: String {
    var sentences = [originSentence, rowSentence]
    sentences += origin.selection
    if let index = findings.index(.author) {
      let inference = index.inference
      sentences.append(
        "Permutation p-values are (b + 1)/(N + 1) with N = \(countText(plan.permutations)) (Phipson and Smyth, 2010)\(exchangeText(inference.exchange?.rawValue, inference.blockCount))."
      )
      sentences.append(
        "The Checkpoint Mirror Neuron Index (variant author, \(countText(index.index.unitCount)) units) is given with p of the global null that "
          + "no unit's activations differ between the phases, p of the null that one of the two distress phases does not differ from none "
          + "(p_both), and p of the null that which units respond to other has nothing to do with which respond to self (p_overlap).")
      if inference.crossFit != nil {
        sentences.append(
          "Its interval (95 %) is that of the cross-fitted index: units are chosen on one half of the "
            + "\(findings.halvedText(inference.exchange)) and measured on the other, both ways.")
      }
    }
    if findings.units.reason == nil {
      sentences.append(
        "Single units were tested by permuted studentised differences (Chung and Romano, 2013) against none, one-sided, for self and for "
          + "other\(unitDesign); a unit counts as a mirror unit where both are above none (the larger p; Berger, 1982) at q ≤ 0.0125 over all "
          + "\(countText(findings.units.rows.count { $0.conjunctionP != nil })) tested units (Benjamini and Hochberg, 1995). Effect sizes are Hedges' g with 95 % intervals."
      )
    }
    if let first = findings.correlations.rows.first, findings.correlations.reason == nil {
      sentences.append(
        "Correlations of units are Pearson's r over the rows of a phase (\(first.phases.map(\.name).joined(separator: ", "))).")
    }
    if let ablation = ablationMethods { sentences.append(ablation) }
    if findings.circuit.reason == nil {
      sentences.append(
        "Edges out of units of class mirror, suppressed, opposite or differentiating by evidence \(findings.selectText) were "
          + "taken out one by one \(findings.evaluateText); their effect is the change of the mean output of the action that the target raises most."
      )
    }
    if findings.direction.reason == nil, let row = findings.direction.rows.first {
      sentences.append(
        "Directions of layers are the cosine of the changes of mean activations from none to self and to other, all products across two halves "
          + "of the \(findings.halvedText(row.exchange)), with Fieller's interval and a studentised permutation p\(exchangeText(row.exchange?.rawValue, row.blockCount))."
      )
    }
    if findings.overlap.reason == nil, let row = findings.overlap.rows.first(where: { $0.selfOther != nil }) {
      sentences.append(
        "Self-other overlap is the mean distance of the self and the other version of \(countText(row.pairCount)) pairs, against pairings dealt "
          + "anew \(row.exchange == .within ? "inside \(countText(row.blockCount ?? 0)) strata" : "among all pairs").")
    }
    if !network.checkpoints.isEmpty {
      sentences.append("The index was taken in the same way from \(network.checkpoints.count) checkpoints.")
    }
    let left = absentItems.map(\.what)
    if !left.isEmpty { sentences.append("Not computed, for reasons given with the results: \(left.joined(separator: ", ")).") }
    return sentences.joined(separator: " ")
  }

  private var originSentence: String {
    let model = findings.description.model
    var details = [findings.identity.network.map { "network \($0)" }, findings.identity.epoch.map { "epoch \($0)" }].compactMap { $0 }
    if let sum = model.weightsSHA256 { details.append("weights SHA-256 \(sum.prefix(12))…") }
    if let sum = findings.files.first?.sha256, findings.files.count == 1 { details.append("recording SHA-256 \(sum.prefix(12))…") }
    if !findings.description.writer.isEmpty { details.append("recorded by \(findings.description.writer)") }
    if let seed = findings.description.seed { details.append("recorder's seed \(seed)") }
    return "Activations\(details.isEmpty ? "" : " (\(details.joined(separator: ", ")))") were analysed with Mirrorscope (version "
      + "\(origin.version), seed \(origin.seed))."
  }

  private var rowSentence: String {
    let counts = Phase.allCases.map { "\($0.name) \(countText(findings.phaseRows.count($0)))" }.joined(separator: ", ")
    let dropped = [Phase.own, .other].reduce(0) { $0 + findings.unfilteredRows.count($1) - findings.phaseRows.count($1) }
    let unused = findings.rowCount - findings.unfilteredRows.counts.reduce(0, +)
    return "The phases were \(counts) rows of \(countText(findings.rowCount))"
      + (findings.phaseRows.isFiltered
        ? ", after \(countText(dropped)) rows were left out in which the undistressed partner was not seen acting"
        : ", without a filter for the partner's acting")
      + (unused > 0 ? "; \(countText(unused)) rows belong to no phase" : "") + "."
  }

  private func exchangeText(_ exchange: String?, _ blocks: Int?) -> String {
    let count = blocks.map { countText($0) } ?? "?"
    return switch exchange {
    case "free": "; labels were exchanged among all \(count) rows"
    case "within": "; labels were exchanged inside \(count) blocks (exchange within; Winkler et al., 2014, 2015)"
    case "whole": "; labels were exchanged between \(count) whole blocks (exchange whole; Winkler et al., 2014, 2015)"
    case let mixed?: "; labels were exchanged as \(mixed), \(count) blocks"
    case nil: ""
    }
  }

  private var unitDesign: String {
    guard let row = findings.units.rows.first(where: { $0.exchange != nil }) else { return "" }
    return exchangeText(row.exchange, row.blockCount)
  }

  private var ablationMethods: String? {
    guard findings.ablation.reason == nil, let row = findings.ablation.rows.first else { return nil }
    let primary = findings.ablation.rows.first(where: \.isPrimary)
    return
      "In each hidden layer the (at most) four units with the highest mirror-neuron scores \(findings.selectText) were ablated "
      + "(\(row.mode)) \(findings.evaluateText)"
      + (primary.map {
        "; the effect on \($0.outcome), named before any effect was seen, was compared with that of at most "
          + "\(countText(AblationPlan().controls)) other sets of as many units of the layer, matched on mean activation and outgoing weight norm"
      } ?? "") + "; all other outcomes have Benjamini–Hochberg q-values, and intervals are bootstrapped over "
      + "\(countText(AblationPlan().replicates)) replicates."
  }
}
