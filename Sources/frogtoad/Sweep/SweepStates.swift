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
    let file: StatesFile
    let set: TrainingSet
  }

  private let folder: String
  private let plan: SweepPlan
  private let makesFiles: Bool
  private let common: CommonOptions
  /// States files that are there, test sets included.
  private let files = SharedValues<String, String>()
  private let training: SharedValues<String, TrainingData>
  private let tests: SharedValues<String, Test>
  /// The games of which the states of the same boards are, by these.
  private let played: [String: [StatesOptions]]

  /// - Parameter makesFiles: whether files that are not there are made. Shares of a sweep make none, for each would make them.
  init(_ plan: SweepPlan, folder: String, makesFiles: Bool, common: CommonOptions) {
    (self.plan, self.folder, self.makesFiles, self.common) = (plan, folder, makesFiles, common)
    training = SharedValues(keeping: common.threads + 1)
    tests = SharedValues(keeping: common.threads + 1)
    played = Dictionary(grouping: plan.networks.map(\.game), by: \.boards).mapValues { games in
      Dictionary(games.map { ($0.played, $0) }, uniquingKeysWith: { first, _ in first }).sorted { $0.key < $1.key }.map(\.value)
    }
  }

  /// Makes all files that are not there yet. States that cannot be made are left to their networks, whose rows will say why.
  func makeAll() throws {
    var made = Set<String>()
    for network in plan.networks where made.insert("\(network.game.identity)\n\(network.hyperparameters.veil.name)").inserted {
      do {
        _ = try file(of: network.game)
        _ = try test(for: network)
      } catch is GenerationError {
      } catch let error as Failure where error.status == .notEnoughData {
      }
    }
  }

  /// What a network learns from and chooses its epochs on.
  func data(for network: SweepNetwork) throws -> TrainingData {
    let hyperparameters = network.hyperparameters
    let key = [network.game.identity, hyperparameters.veil.name, "\(hyperparameters.validation == .test)"].joined(separator: "\n")
    return try training.value(key) {
      try TrainingData(
        file(of: network.game), networks: common.threads, veil: hyperparameters.veil, validatesOnTest: hyperparameters.validation == .test,
        looksAtTest: false, common: common)
    }
  }

  /// What it is tested on.
  func test(for network: SweepNetwork) throws -> Test {
    let (game, veil) = (network.game, network.hyperparameters.veil)
    let others = played[game.boards] ?? []
    let labels = "help-from=\(GameOption.helpFrom.cell(game).canonical)"
    let parts = [game.boards, labels, veil.name, "\(plan.file.testStates)", "\(plan.file.testSeed)"] + others.map(\.played)
    let identity = parts.joined(separator: "\n")
    let path = folder + "/states/test-" + Self.digits(identity) + ".h5"
    return try tests.value(path) {
      _ = try files.value(path) {
        let source = "frogtoad sweep, test set \(Self.digits(identity))"
        if try !isThere(path, source: source) {
          try makeTest(path, source: source, game: game, veil: veil, leavingOut: others.map { try self.file(of: $0) })
        }
        return path
      }
      let file = try StatesFile(path, threads: 1)
      var (states, labels) = try file.labelledStates(.test)
      veil.apply(to: &states)
      return Test(file: file, set: try TrainingSet(states: states, labels: labels))
    }
  }

  /// The states file of a game, made where it is not there yet.
  private func file(of game: StatesOptions) throws -> String {
    let path = folder + "/states/states-" + Self.digits(game.identity) + ".h5"
    return try files.value(path) {
      let source = "frogtoad sweep, \(game.identity)"
      if try isThere(path, source: source) { return path }
      let step = game.step
      let generated = try generateStates(
        count: step.count, testCount: step.testCount, validationCount: step.validationCount, seed: step.seed, options: step.options,
        threads: common.threads)
      try requireMaking(path)
      try generated.write(to: path, commandLine: commandLine, source: source, overwrite: true, threads: common.threads)
      return path
    }
  }

  private func requireMaking(_ path: String) throws {
    guard makesFiles else {
      throw Failure(.failed, "\(path): is not there. Make the states of the sweep with --prepare, before its shares.")
    }
  }

  /// Whether an earlier sitting made the file, whole and of the same states.
  ///
  /// - Throws: `Failure` for a file of other states, or one that cannot be read.
  private func isThere(_ path: String, source: String) throws -> Bool {
    guard FileUnderWay.replacesFile(at: path) else { return false }
    let file = try? StatesFile(path, threads: common.threads)
    guard let file, file.provenance.source == source, (try? file.computedHash()) == file.hash else {
      throw Failure(.badFile, "\(path): is not the file that this sweep made. Remove it, and it is made again.")
    }
    return true
  }

  private func makeTest(_ path: String, source: String, game: StatesOptions, veil: Veil, leavingOut others: [String]) throws {
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
    let (left, asked) = (rows.count, plan.file.testStates)
    guard left >= 100 else {
      throw Failure(
        .notEnoughData,
        "under the veil \(veil.name) \(grouped(asked - left)) of \(grouped(asked)) test states look like one to learn from, and a test set needs 100"
      )
    }
    try requireMaking(path)
    let line =
      "\(path): under the veil \(veil.name) \(grouped(asked - left)) of \(grouped(asked)) test states look like one to learn from: they are left out."
    if 5 * left < 4 * asked { common.logger.warning("\(line)") } else { common.logger.info("\(line)") }
    let provenance = StatesProvenance(
      seed: plan.file.testSeed, commandLine: commandLine, source: source, keepEnergy: step.options.keepEnergy,
      couplings: step.options.couplings, testDraw: .natural)
    let writer = try StatesFileWriter(path, provenance: provenance, overwrite: true, threads: common.threads)
    try writer.append(rows, to: .test)
    try writer.finish()
  }

  private static func digits(_ text: String) -> String { String(hexadecimal(SHA256.hash(data: Data(text.utf8))).prefix(16)) }
}

/// Values that several threads need: each is made once, by the first that asks, while the others wait for it.
final class SharedValues<Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
  // Sendable because entries and their order are touched under `lock` only.
  private final class Entry: @unchecked Sendable {
    // Sendable because `value` is touched under `making` only, and `isMade` under the other lock.
    let making = NSLock()
    var value: Value?
    var isMade = false
  }

  private let lock = NSLock()
  private let capacity: Int
  private var entries: [Key: Entry] = [:]
  /// Keys, the last one asked for at the end.
  private var order: [Key] = []

  /// - Parameter capacity: values that are kept, those asked for last; what is being made is kept beside them.
  init(keeping capacity: Int = .max) { self.capacity = max(capacity, 1) }

  func value(_ key: Key, _ make: () throws -> Value) throws -> Value {
    let entry = lock.withLock {
      let entry = entries[key] ?? Entry()
      entries[key] = entry
      if capacity < .max {
        order.removeAll { $0 == key }
        order.append(key)
      }
      return entry
    }
    let value = try entry.making.withLock {
      if let value = entry.value { return value }
      let made = try make()
      entry.value = made
      return made
    }
    lock.withLock {
      entry.isMade = true
      while order.count > capacity, let old = order.firstIndex(where: { entries[$0]?.isMade == true && $0 != key }) {
        entries[order.remove(at: old)] = nil
      }
    }
    return value
  }
}
