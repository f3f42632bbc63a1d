import ActivationRecording
import Crypto
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Terminal

/// The states of a sweep: a file for each game that networks learn from, one for each test set, shared by all networks that use them.
///
/// A test set is played from a seed of its own and keeps the labels' natural shares. What looks, under the veil, like a state of any data set
/// of the same boards is left out, so networks of one game and veil are tested on the same rows whatever they learnt from.
final class SweepStates: Sendable {
  struct Test: Sendable {
    let path: String
    let set: TrainingSet
  }

  private let folder: String
  private let plan: SweepPlan
  private let common: CommonOptions
  private let files = SharedValues<String, String>()
  private let training: SharedValues<String, TrainingData>
  private let tests: SharedValues<String, Test>

  init(_ plan: SweepPlan, folder: String, common: CommonOptions) {
    (self.plan, self.folder, self.common) = (plan, folder, common)
    training = SharedValues(keeping: common.threads + 1)
    tests = SharedValues(keeping: common.threads + 1)
  }

  /// What a network learns from and chooses its epochs on.
  func data(for network: SweepNetwork) throws -> TrainingData {
    let hyperparameters = network.hyperparameters
    let key = [network.game.identity, hyperparameters.veil.name, "\(hyperparameters.validatesOnTest)"].joined(separator: "\n")
    return try training.value(key) {
      try TrainingData(
        file(of: network.game), networks: common.threads, veil: hyperparameters.veil, validatesOnTest: hyperparameters.validatesOnTest,
        looksAtTest: false, common: common)
    }
  }

  /// What it is tested on.
  func test(for network: SweepNetwork) throws -> Test {
    let (game, veil) = (network.game, network.hyperparameters.veil)
    let others = plan.networks.map(\.game).filter { $0.boards == game.boards }
    let played = Dictionary(others.map { ($0.played, $0) }, uniquingKeysWith: { first, _ in first }).sorted { $0.key < $1.key }
    let labels = "help-from=\(GameOption.helpFrom.cell(game).canonical)"
    let parts = [game.boards, labels, veil.name, "\(plan.file.testStates)", "\(plan.file.testSeed)"] + played.map(\.key)
    let path = folder + "/states/test-" + Self.digits(parts.joined(separator: "\n")) + ".h5"
    return try tests.value(path) {
      if !FileUnderWay.replacesFile(at: path) {
        try makeTest(path, game: game, veil: veil, leavingOut: played.map { try file(of: $0.value) })
      }
      var (states, labels) = try StatesFile(path, threads: 1).labelledStates(.test)
      veil.apply(to: &states)
      return Test(path: path, set: try TrainingSet(states: states, labels: labels))
    }
  }

  /// The states file of a game, made where it is not there yet.
  private func file(of game: StatesOptions) throws -> String {
    let path = folder + "/states/states-" + Self.digits(game.identity) + ".h5"
    return try files.value(path) {
      if FileUnderWay.replacesFile(at: path) { return path }
      let step = game.step
      let generated = try generateStates(
        count: step.count, testCount: step.testCount, validationCount: step.validationCount, seed: step.seed, options: step.options,
        threads: common.threads)
      try generated.write(to: path, commandLine: commandLine, overwrite: true, threads: common.threads)
      return path
    }
  }

  private func makeTest(_ path: String, game: StatesOptions, veil: Veil, leavingOut others: [String]) throws {
    var step = game.step
    step.options.testDraw = .natural
    // As the validation set: one turn in twenty, for turns of a game are alike.
    let generated = try generateStates(
      count: 1, testCount: 0, validationCount: plan.file.testStates, seed: plan.file.testSeed, options: step.options,
      threads: common.threads)
    var rows = generated.validation.rows()
    for other in others {
      let isSeen = try StatesFile(other, threads: common.threads).contains(rows, under: veil)
      rows = rows.filtered(isSeen.map { !$0 })
    }
    guard rows.count > 0 else {
      throw Failure(
        .notEnoughData, "\(path): under the veil \(veil.name) every test state looks like one to learn from. Ask for more test states.")
    }
    let provenance = StatesProvenance(
      seed: plan.file.testSeed, commandLine: commandLine, source: "frogtoad sweep", keepEnergy: step.options.keepEnergy,
      couplings: step.options.couplings, testDraw: .natural)
    let writer = try StatesFileWriter(path, provenance: provenance, overwrite: true, threads: common.threads)
    try writer.append(rows, to: .test)
    try writer.finish()
  }

  private static func digits(_ text: String) -> String { String(hexadecimal(SHA256.hash(data: Data(text.utf8))).prefix(16)) }
}

/// Values that several threads need: each is made once, by the first that asks, while the others wait for it.
final class SharedValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private final class Entry: @unchecked Sendable {
    // Sendable because `value` is touched under the lock only.
    private let lock = NSLock()
    private var value: Value?

    func value(_ make: () throws -> Value) throws -> Value {
      try lock.withLock {
        if let value { return value }
        let made = try make()
        value = made
        return made
      }
    }
  }

  private final class Entries: @unchecked Sendable {
    // Sendable because everything in it is touched under the lock only.
    let lock = NSLock()
    var byKey: [Key: Entry] = [:]
    /// Keys, the last one asked for at the end.
    var order: [Key] = []
  }

  private let entries = Entries()
  private let capacity: Int

  /// - Parameter capacity: values that are kept, those asked for last.
  init(keeping capacity: Int = .max) { self.capacity = max(capacity, 1) }

  func value(_ key: Key, _ make: () throws -> Value) throws -> Value {
    let entry = entries.lock.withLock {
      let entry = entries.byKey[key] ?? Entry()
      entries.byKey[key] = entry
      entries.order.removeAll { $0 == key }
      entries.order.append(key)
      while entries.order.count > capacity { entries.byKey[entries.order.removeFirst()] = nil }
      return entry
    }
    return try entry.value(make)
  }
}
