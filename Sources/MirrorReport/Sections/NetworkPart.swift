import ActivationRecording
import Foundation
import MirrorAnalysis
import Tabular

/// The sections about one network.
struct NetworkPart {
  let network: NetworkFindings
  let plan: ReportPlan
  let origin: ReportOrigin
  /// Whether the page is about this network alone.
  let isAlone: Bool

  init(_ network: NetworkFindings, plan: ReportPlan, origin: ReportOrigin, isAlone: Bool) {
    (self.network, self.plan, self.origin, self.isAlone) = (network, plan, origin, isAlone)
  }

  var findings: RecordingFindings { network.detailed }

  var part: PagePart {
    var sections = [summary, recorded, indexSection]
    if let curves { sections.append(curves) }
    sections += [unitsSection, correlationSection, ablationSection, circuitSection, layersSection, auditSection, methods, absences]
    return PagePart(title: isAlone ? nil : network.name, sections: sections)
  }

  /// Rows as the commands write them, with the recording that they are about.
  func download<Row: TableRow>(_ name: String, _ rows: [Row]) -> Download {
    Download(file(name) + ".csv", rows: rows.map { RecordingRow(findings.identity, $0) })
  }

  /// A file's name: what is in it, and the network (without a name the recording) and epoch that it is about.
  func file(_ name: String...) -> String {
    let recording = URL(filePath: findings.identity.recording).deletingPathExtension().lastPathComponent
    return fileName(
      name.joined(separator: "-"), findings.identity.network ?? recording, findings.identity.epoch.map { "epoch-\($0)" })
  }

  /// Such as `1,000 permutations of labels among all rows`.
  func design(_ exchange: String?, _ blocks: Int?) -> String {
    let permutations = countText(plan.permutations, "permutation", "permutations")
    let count = blocks.map { countText($0) } ?? "an unknown number of"
    return switch exchange {
    case "free": "\(permutations) of labels among all \(count) rows"
    case "within": "\(permutations) of labels inside \(count) strata or pairs"
    case "whole": "\(permutations) of labels between \(count) whole strata"
    case let mixed?: "\(permutations) of labels (\(mixed), \(count) blocks)"
    case nil: permutations
    }
  }

  /// `p = 0.001`, or why there is none.
  func p(_ value: Double?, _ reason: String?) -> String {
    value.map { "p = \(pText($0))" } ?? "no p" + (reason.map { ", because: \($0)" } ?? "")
  }
}

/// What has one reason goes together, in the order of the first of each: `a, b: why.`
func byReason(_ items: [(name: String, reason: String)]) -> [String] {
  var order: [String] = []
  var names: [String: [String]] = [:]
  for item in items {
    if names[item.reason] == nil { order.append(item.reason) }
    names[item.reason, default: []].append(item.name)
  }
  return order.map { reason in "\((names[reason] ?? []).joined(separator: ", ")): \(reason)".withFullStop }
}

extension String {
  /// With a full stop at the end; for what begins with a name, which stays as it is written.
  var withFullStop: String { last.map { ".!?".contains($0) } ?? true ? self : self + "." }

  /// As a sentence: a capital letter at the beginning and a full stop at the end.
  var asSentence: String {
    (prefix(1).uppercased() + dropFirst()).withFullStop
  }
}
