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

  /// Sentences about numbers that this recording has; what it has not is among the absences.
  private var methodsText: String {
    var sentences = [originSentence, rowSentence] + origin.selection
    if hasPermutationP {
      sentences.append(
        "Permutation p-values are (b + 1)/(N + 1) with N = \(countText(plan.permutations)) (Phipson and Smyth, 2010).")
    }
    sentences += indexMethods + unitMethods
    let correlated = Phase.allCases.map(\.name).filter { name in
      findings.correlations.rows.contains { $0.phases.contains { $0.name == name && $0.hasNumber } }
    }
    if !correlated.isEmpty {
      sentences.append("Correlations of units are Pearson's r over the rows of a phase (\(correlated.joined(separator: ", "))).")
    }
    if let ablation = ablationMethods { sentences.append(ablation) }
    if findings.circuit.rows.contains(where: { $0.edgeEffect != nil }) {
      sentences.append(
        "Edges out of units of class mirror, suppressed, opposite or differentiating by evidence \(findings.selectText) were taken out one by "
          + "one \(findings.evaluateText); their effect is the change of the mean output of the action that the target raises most.")
    }
    if let direction = directionMethods { sentences.append(direction) }
    if let overlap = overlapMethods { sentences.append(overlap) }
    if network.checkpoints.contains(where: { $0.index(.author)?.index.value != nil }) {
      sentences.append("The index was taken in the same way from \(network.checkpoints.count) checkpoints.")
    }
    let left = absentItems.map(\.what)
    if !left.isEmpty { sentences.append("Not computed, for reasons given with the results: \(left.joined(separator: ", ")).") }
    return sentences.joined(separator: " ")
  }

  private var hasPermutationP: Bool {
    let index = findings.index(.author)?.inference
    return [index?.pValue, index?.pBoth, index?.pOverlap].contains { $0 != nil } || findings.units.rows.contains { $0.conjunctionP != nil }
      || findings.direction.rows.contains { $0.pValue != nil } || findings.overlap.rows.contains { $0.pValue != nil }
  }

  private var indexMethods: [String] {
    guard let index = findings.index(.author), index.index.value != nil else { return [] }
    let inference = index.inference
    var tests: [String] = []
    if inference.pValue != nil {
      tests.append("p of the global null that no unit's activations differ between the phases")
    }
    if inference.pBoth != nil { tests.append("p of the null that one of the two distress phases does not differ from none (p_both)") }
    if inference.pOverlap != nil {
      tests.append("p of the null that which units respond to other has nothing to do with which respond to self (p_overlap)")
    }
    var sentences = [
      "The Checkpoint Mirror Neuron Index (variant author, \(countText(index.index.unitCount)) units) is given "
        + (tests.isEmpty ? "without p" : "with \(listText(tests))")
        + (inference.pValue == nil ? "" : exchangeText(inference.exchange?.rawValue, inference.blockCount)) + "."
    ]
    if inference.crossFit != nil {
      let halves = "units are chosen on one half of the \(findings.halvedText(inference.exchange)) and measured on the other, both ways."
      sentences.append(
        inference.interval == nil
          ? "For the cross-fitted index \(halves)" : "Its interval (95 %) is that of the cross-fitted index: \(halves)")
    }
    return sentences
  }

  private var unitMethods: [String] {
    let rows = findings.units.rows
    var sentences: [String] = []
    let tested = rows.filter { $0.conjunctionP != nil }
    if let first = tested.first {
      sentences.append(
        "Single units were tested by permuted studentised differences (Chung and Romano, 2013) against none, one-sided, for self and for "
          + "other\(exchangeText(first.exchange, first.blockCount)); a unit counts as a mirror unit where both are above none (the larger p; "
          + "Berger, 1982) at q ≤ 0.0125 over all \(countText(tested.count)) tested units (Benjamini and Hochberg, 1995).")
    }
    if rows.contains(where: { $0.effectSelf != nil || $0.effectOther != nil }) {
      sentences.append("Effect sizes of units are Hedges' g with 95 % intervals.")
    }
    return sentences
  }

  private var directionMethods: String? {
    let rows = findings.direction.rows.filter { $0.cosine != nil }
    guard let first = rows.first else { return nil }
    var given: [String] = []
    if rows.contains(where: { $0.interval != nil }) { given.append("Fieller's interval") }
    if let row = rows.first(where: { $0.pValue != nil }) {
      given.append("a studentised permutation p\(exchangeText(row.exchange?.rawValue, row.blockCount))")
    }
    return
      "Directions of layers are the cosine of the changes of mean activations from none to self and to other, all products across two halves "
      + "of the \(findings.halvedText(first.exchange))\(given.isEmpty ? "" : ", with \(given.joined(separator: " and "))")."
  }

  private var overlapMethods: String? {
    let rows = findings.overlap.rows.filter { $0.selfOther != nil }
    guard let first = rows.first else { return nil }
    let pairs = findings.pairText.several
    var text = "Self-other overlap is the mean distance of the self and the other version of \(countText(first.pairCount)) \(pairs)"
    if let row = rows.first(where: { $0.pValue != nil }) {
      text += ", against pairings dealt anew "
      text += row.exchange == .within ? "inside \(countText(row.blockCount ?? 0)) strata" : "among all \(pairs)"
    }
    return text + "."
  }

  /// `a`, `a and b`, `a, b and c`.
  private func listText(_ items: [String]) -> String {
    items.count < 2 ? items.joined() : items.dropLast().joined(separator: ", ") + " and " + (items.last ?? "")
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

  private var ablationMethods: String? {
    let rows = findings.ablation.rows.filter { $0.effect != nil }
    guard let first = rows.first else { return nil }
    let names = Set(rows.map(\.layer))
    let layers = findings.fileLayers.map(\.name).filter { names.contains($0) }
    var text =
      "In \(layers.count == 1 ? "layer" : "layers") \(listText(layers)) the (at most) four units with the highest mirror-neuron scores "
      + "\(findings.selectText) were ablated (\(first.mode)) \(findings.evaluateText)"
    if let primary = rows.first(where: { $0.isPrimary && !$0.controlEffects.isEmpty }) {
      text +=
        "; the effect on \(primary.outcome), named before any effect was seen, was compared with that of at most "
        + "\(countText(AblationPlan().controls)) other sets of as many units of the layer, matched on mean activation and outgoing weight norm"
    }
    if rows.contains(where: { $0.qValue != nil }) { text += "; all other outcomes have Benjamini–Hochberg q-values" }
    if rows.contains(where: { $0.interval != nil }) {
      text += "; intervals are bootstrapped over \(countText(AblationPlan().replicates)) replicates"
    }
    return text + "."
  }
}
