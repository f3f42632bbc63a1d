import ActivationRecording
import DenseNetwork
import Foundation
import Statistics

/// Past which value a measured confound is no longer ok.
enum AuditThreshold {
  /// Total variation between two label distributions.
  static let labels = 0.1
  /// |standardised difference of means|, as customary for matched samples (Austin, 2009).
  static let difference = 0.1
  static let droppedShare = 0.25
  static let sizeRatio = 2.0
  static let outputShare = 0.25
}

/// The rows made so far, and the checks that add to them.
struct Audit {
  private(set) var rows: [AuditRow] = []

  mutating func add(
    _ check: String, _ subject: String, _ value: Double?, threshold: Double? = nil, _ verdict: AuditVerdict, _ detail: String
  ) {
    rows.append(
      AuditRow(
        check: check, subject: subject, value: value, threshold: threshold, verdict: verdict, detail: detail))
  }

  /// The pairs of phases that a contrast is taken between.
  private static let contrasts: [(Phase, Phase)] = [(.neither, .own), (.neither, .other)]

  private static func name(_ pair: (Phase, Phase)) -> String { "\(pair.0.name)/\(pair.1.name)" }

  /// Is the none phase matched on the right action? Value: total variation ½ Σ |p − q|.
  mutating func checkLabels(_ labels: [UInt8]?, rows: PhaseRows) {
    let check = "matched label"
    for pair in Self.contrasts {
      guard let labels else {
        add(
          check, Self.name(pair), nil, threshold: AuditThreshold.labels, .notMeasured,
          "The recording has no /label; record the right actions.")
        continue
      }
      let distance = labelDistance(labels, rows: rows, between: pair)
      let isMatched = distance <= AuditThreshold.labels
      add(
        check, Self.name(pair), distance, threshold: AuditThreshold.labels, isMatched ? .ok : .caution,
        isMatched
          ? "Both phases ask for the same actions about equally often."
          : "The phases ask for different actions (total variation), so a rise can be the action's and not distress's; match rows by label."
      )
    }
  }

  /// Is the none phase matched on energy, ground and position? Value: |standardised difference of means|.
  mutating func checkStates(_ inputs: InputAudit?) {
    for (position, quantity) in StateQuantity.allCases.enumerated() {
      for pair in Self.contrasts {
        let check = "matched \(quantity.rawValue)"
        guard let moments = inputs?.quantities else {
          add(
            check, Self.name(pair), nil, threshold: AuditThreshold.difference, .notMeasured,
            "The recording has no /inputs; record what the network sees.")
          continue
        }
        let (a, b) = (moments[Int(pair.0.rawValue)], moments[Int(pair.1.rawValue)])
        if a.isConstant(position), b.isConstant(position) {
          let isEqual = a.mean[position] == b.mean[position]
          add(
            check, Self.name(pair), isEqual ? 0 : nil, threshold: AuditThreshold.difference, isEqual ? .ok : .fail,
            isEqual
              ? "The inputs hold \(a.mean[position]) throughout, so the network does not see it."
              : "It has one value in each phase and not the same one: it tells the phases apart.")
          continue
        }
        guard let difference = standardisedDifference(a, b, unit: position) else {
          add(check, Self.name(pair), nil, threshold: AuditThreshold.difference, .notMeasured, "A phase has fewer than two rows.")
          continue
        }
        let isMatched = difference <= AuditThreshold.difference
        add(
          check, Self.name(pair), difference, threshold: AuditThreshold.difference, isMatched ? .ok : .caution,
          isMatched
            ? "The phases have about the same mean."
            : "Means differ by \(rounded(difference)) standard deviations, so a rise can come from it and not from distress; match rows on it."
        )
      }
    }
  }

  /// What the index is without training.
  mutating func checkBaselines(_ layers: [LayerMoments], inputs: InputAudit?, shapes: UntrainedNetworks, seed: UInt64) {
    guard let index = CMNI(.author, of: layers), let recorded = index.value else { return }
    let check = "baseline CMNI"
    func compare(_ audit: inout Audit, _ subject: String, _ baseline: Baseline?, _ what: String, missing: String) {
      guard let baseline else {
        audit.add(check, subject, nil, threshold: recorded, .notMeasured, missing)
        return
      }
      let score = "\(what) \(rounded(baseline.mean))" + (baseline.deviation > 0 ? " (sd \(rounded(baseline.deviation)))" : "")
      let isBelow = baseline.mean + 2 * baseline.deviation < recorded
      audit.add(
        check, subject, baseline.mean, threshold: recorded, isBelow ? .ok : .caution,
        isBelow
          ? "\(score), clearly below the recording's \(rounded(recorded))."
          : "\(score), not clearly below the recording's \(rounded(recorded)) (mean + 2 sd): a CMNI of this size needs no training.")
    }
    let noInputs = "The recording has no /inputs; record what the network sees."
    compare(&self, "raw inputs", inputs?.inputIndex.flatMap { Baseline([$0]) }, "The inputs themselves score", missing: noInputs)
    compare(
      &self, "random projection", inputs?.projectionIndex(units: index.unitCount, seed: seed),
      "\(BaselineDraws.projections) random projections score", missing: noInputs)
    switch shapes {
    case .none(let reason): add(check, "untrained network", nil, threshold: recorded, .notMeasured, "Not comparable: \(reason).")
    case .shape:
      compare(
        &self, "untrained network", inputs?.untrainedIndex, "\(BaselineDraws.networks) untrained networks of this shape score",
        missing: noInputs)
    }
  }

  /// Units that never vary, over the rows of all phases. Value: their share of the layer.
  mutating func checkUnits(_ layers: [LayerMoments]) {
    for check in ["dead units", "constant units"] {
      for layer in layers where layer.unitCount > 0 {
        let constant = layer.constantUnits.filter { ($0.value == 0) == (check == "dead units") }.map(\.unit)
        let share = Double(constant.count) / Double(layer.unitCount)
        let named = constant.prefix(10).map(String.init).joined(separator: " ") + (constant.count > 10 ? " …" : "")
        add(
          check, layer.name, share, threshold: 0, constant.isEmpty ? .ok : .caution,
          constant.isEmpty
            ? "Every unit of the layer is free of this."
            : "Units \(named) have \(check == "dead units" ? "0" : "one value other than 0") in every row: they count in N and can never score."
        )
      }
    }
  }

  /// Are there as many rows in each phase, and what did the filter take away?
  mutating func checkSizes(_ rows: PhaseRows, unfiltered: PhaseRows) {
    let counts = [Phase.neither, .own, .other].map { rows.count($0) }
    let ratio = Double(counts.max() ?? 0) / Double(max(1, counts.min() ?? 0))
    add(
      "unequal n", "none/self/other", ratio, threshold: AuditThreshold.sizeRatio, ratio <= AuditThreshold.sizeRatio ? .ok : .caution,
      "\(counts.map(String.init).joined(separator: ", ")) rows"
        + (ratio <= AuditThreshold.sizeRatio
          ? ": the phases are about equally large."
          : ": the smallest phase decides how far chance alone lifts the index; compare excess, not cmni."))
    for phase in [Phase.own, .other] {
      guard rows.isFiltered else {
        add(
          "partner filter", phase.name, nil, threshold: AuditThreshold.droppedShare, .notMeasured,
          "No row was filtered: the recording has no /partner_acting, or the partner filter is off.")
        continue
      }
      let total = unfiltered.count(phase)
      let share = Double(total - rows.count(phase)) / Double(max(1, total))
      add(
        "partner filter", phase.name, share, threshold: AuditThreshold.droppedShare,
        share <= AuditThreshold.droppedShare ? .ok : .caution,
        "\(total - rows.count(phase)) of \(total) rows were dropped"
          + (share <= AuditThreshold.droppedShare ? "." : ": the phase is a selection; look at it without the partner filter too."))
    }
  }

  /// How much of the index is the output layer's?
  mutating func checkOutputs(_ layers: [LayerMoments], saysOutput: Bool) {
    let check = "MNS of outputs"
    let guessed = layers.last { $0.isOutput }.flatMap { saysOutput ? nil : noOutputSaid($0.name) + " " } ?? ""
    guard let all = CMNI(.author, of: layers), let hidden = CMNI(.hidden, of: layers), all.unitCount > hidden.unitCount else {
      add(check, "output layer", nil, threshold: AuditThreshold.outputShare, .notMeasured, "No output layer is open.")
      return
    }
    guard all.totalMNS > 0 else {
      add(check, "output layer", nil, threshold: AuditThreshold.outputShare, .notMeasured, guessed + "No unit has a score above 0.")
      return
    }
    let share = (all.totalMNS - hidden.totalMNS) / all.totalMNS
    let isSmall = share <= AuditThreshold.outputShare
    add(
      check, "output layer", share, threshold: AuditThreshold.outputShare, isSmall && guessed.isEmpty ? .ok : .caution,
      guessed
        + (isSmall
          ? "The hidden units carry most of the index."
          : "A large part of the index is that of the actions themselves; look at the variant hidden."))
  }

  /// Which optional parts are there, and what their absence costs. Value: 1 or 0.
  mutating func checkParts(of recording: RecordingView) throws {
    let parts: [(String, Bool, String)] = [
      ("label", try recording.labels != nil, "accuracy and matching on the right action cannot be computed"),
      ("prediction", try recording.predictions != nil, "the action is taken from the outputs"),
      ("partner_acting", try recording.partnerActing != nil, "the self and other phases hold every row of theirs"),
      ("stratum", try recording.strata != nil, "rows count as independent, so p-values and intervals are too small if episodes repeat"),
      ("split", try recording.split != nil, "selection and evaluation use a seeded half-split"),
      ("inputs", recording.inputCount != nil, "leaks, matching and baselines cannot be measured"),
      ("kernel", recording.layers.allSatisfy(\.hasKernel), "ablation, circuits and the untrained baseline cannot be computed"),
    ]
    for (part, isPresent, cost) in parts {
      add(
        "missing part", part, isPresent ? 1 : 0, threshold: 1, isPresent ? .ok : .caution,
        isPresent ? "It is there." : "It is absent: \(cost).")
    }
  }
}

extension LayerMoments {
  /// The units that have one value in all rows of all phases, and that value.
  var constantUnits: [(unit: Int, value: Double)] {
    (0..<unitCount).compactMap { unit in
      guard let low = Phase.allCases.compactMap({ self[$0].minimum(unit) }).min(),
        let high = Phase.allCases.compactMap({ self[$0].maximum(unit) }).max(), low == high
      else { return nil }
      return (unit, low)
    }
  }
}

/// Total variation ½ Σ |p − q| between the label distributions of two phases, each with rows.
func labelDistance(_ labels: [UInt8], rows: PhaseRows, between pair: (Phase, Phase)) -> Double {
  var shares = [Double](repeating: 0, count: 256)
  for (label, code) in zip(labels, rows.codes) {
    if code == pair.0.rawValue { shares[Int(label)] += 1 / Double(rows.count(pair.0)) }
    if code == pair.1.rawValue { shares[Int(label)] -= 1 / Double(rows.count(pair.1)) }
  }
  return shares.reduce(0) { $0 + abs($1) } / 2
}

/// |μ₁ − μ₂| / √((s₁² + s₂²) / 2), s² with ddof 1. Nil with fewer than two rows in either; the two must not both be constant.
func standardisedDifference(_ a: UnitMoments, _ b: UnitMoments, unit: Int) -> Double? {
  guard let first = a.sampleVariance(unit), let second = b.sampleVariance(unit) else { return nil }
  return cohensD(difference: abs(a.meanDifference(from: b, unit: unit)), squares: first + second, degreesOfFreedom: 2)
}

/// A number for a sentence: four significant digits.
func rounded(_ value: Double) -> String { String(format: "%.4g", value) }

/// What is said where the output layer is guessed.
func noOutputSaid(_ name: String) -> String { "No layer says is_output; the last one, \(name), is taken for the output." }
