import Foundation
import Terminal

/// `manifest.json`: what is swept, how it is measured, what is done and what is not. The one file that differs between two runs of a sweep: it
/// holds times.
struct SweepManifest: Encodable {
  private struct Entry: Encodable {
    let network: String
    let state: String
    let seconds: Double?
    /// Those that differ between networks.
    let options: [String: String]
  }

  private struct Test: Encodable {
    let states: Int
    let seed: UInt64
  }

  private struct Measure: Encodable {
    let permutations: Int
    let epochs: String
    let allRows: Bool
    let games: Int
    let turns: Int
  }

  private let schema = "frogtoad-sweep"
  private let schemaVersion = "1.0"
  private let mirrorscopeVersion = toolkitVersion
  private let sweepFile: String
  /// The file's text.
  private let sweep: String
  private let keep: SweepKeep
  private let test: Test
  private let measure: Measure
  private let total: Int
  private let done: Int
  /// Options that all networks share.
  private let options: [String: String]
  private let networks: [Entry]

  init(_ plan: SweepPlan, keep: SweepKeep, results: [String: SweepResult]) {
    let file = plan.file
    (sweepFile, sweep, self.keep) = (URL(filePath: file.path).lastPathComponent, file.text, keep)
    test = Test(states: file.testStates, seed: file.testSeed)
    measure = Measure(
      permutations: file.permutations, epochs: file.epochs.rawValue, allRows: file.measuresAllRows, games: file.games, turns: file.turns)
    let options = plan.networks.map(\.options)
    var shared = options.first ?? [:]
    for own in options { shared = shared.filter { own[$0.key] == $0.value } }
    self.options = shared
    networks = zip(plan.networks, options).map { network, options in
      let result = results[network.name]
      return Entry(
        network: network.name, state: result == nil ? "waiting" : "done", seconds: result?.seconds,
        options: options.filter { shared[$0.key] == nil })
    }
    (total, done) = (networks.count, networks.count { $0.state == "done" })
  }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }
}
