import ActivationRecording
import ArgumentParser
import Crypto
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Tabular
import Terminal

/// One network of a sweep: all that it depends on, and a name that no other network has.
struct SweepNetwork: Sendable {
  let kind: SweepFile.Kind
  let game: StatesOptions
  let shape: NetworkShape
  let training: TrainingOptions
  /// SHA-256 of everything that decides its numbers, as 64 digits.
  fileprivate(set) var identity = ""

  /// Of shape, kind and the identity's first digits: `2x17-trained-0f1e2d3c4b5a6978`.
  var name: String { "\(shape.name)-\(kind.rawValue)-\(identity.prefix(16))" }

  var hyperparameters: Hyperparameters {
    var hyperparameters = training.hyperparameters
    hyperparameters.shufflesLabels = kind == .shuffled
    return hyperparameters
  }

  /// Option by name, in canonical form.
  var options: [String: String] {
    var result: [String: String] = ["kind": kind.rawValue]
    for option in GameOption.allCases { result["generate.\(option.rawValue)"] = option.cell(game).canonical }
    for option in TrainOption.allCases { result["train.\(option.rawValue)"] = option.cell(shape, training).canonical }
    return result
  }
}

/// The networks of a sweep, in the order of its tables: parts as they stand in the file, options of `generate` before those of `train`, the
/// last option of a grid first. A network that several parts ask for is there once.
struct SweepPlan: Sendable {
  let file: SweepFile
  let networks: [SweepNetwork]
  /// The columns of options that differ between networks, and of those that always stand in the table.
  let columns: [SweptColumn]

  private static let limit = 100_000

  init(_ file: SweepFile) throws {
    self.file = file
    var networks: [SweepNetwork] = []
    var seen = Set<[String: String]>()
    for part in file.parts {
      let count = (Array(part.generate.values) + Array(part.train.values)).reduce(Double(file.kinds.count)) { $0 * Double($1.texts.count) }
      guard count + Double(networks.count) <= Double(Self.limit) else {
        throw Failure(.badFile, "\(file.path): asks for more than \(grouped(Self.limit)) networks. Sweep fewer options.")
      }
      guard let hidden = part.train[TrainOption.hidden.rawValue] else {
        throw Failure(.badFile, "\(file.path): train has no hidden, the units of each hidden layer. Add it, such as hidden: \"17,17\".")
      }
      guard part.generate[GameOption.states.rawValue] != nil else {
        throw Failure(.badFile, "\(file.path): generate has no states. Add it, such as states: 300000.")
      }
      let shapes = try hidden.texts.map { text in
        guard let shape = NetworkShape(argument: text) else {
          throw file.fault(line: hidden.line, "hidden: \(text) does not name the units of each layer, such as \"17,17\"")
        }
        return shape
      }
      let trainings = try Self.crossed(part.train.filter { $0.key != TrainOption.hidden.rawValue }, TrainOption.names, in: file) {
        try TrainingOptions.parse($0)
      }
      for game in try Self.crossed(part.generate, GameOption.names, in: file, { try StatesOptions.parse($0) }) {
        guard game.seed != file.testSeed else {
          throw Failure(
            .badFile, "\(file.path): the test set has the seed \(game.seed), as the states to learn from. Give test another seed.")
        }
        for shape in shapes {
          for training in trainings {
            for kind in file.kinds {
              let network = SweepNetwork(kind: kind, game: game, shape: shape, training: training)
              if seen.insert(network.options).inserted { networks.append(network) }
            }
          }
        }
      }
    }
    if let first = networks.first(where: { $0.kind != .untrained && $0.training.epochs == 0 }) {
      throw Failure(.badFile, "\(file.path): epochs is 0 for \(first.shape.name), so nothing is trained. Ask for the kind untrained alone.")
    }
    try Self.check(networks, in: file)
    try Self.identify(&networks, in: file)
    self.networks = networks
    columns = SweptColumn.columns(of: networks)
  }

  /// All combinations of values, the last option changing first.
  private static func crossed<Parsed>(
    _ options: SweepFile.Options, _ order: [String], in file: SweepFile, _ parse: ([String]) throws -> Parsed
  ) throws -> [Parsed] {
    var combinations: [[String]] = [[]]
    for name in order {
      guard let values = options[name] else { continue }
      combinations = combinations.flatMap { combination in
        values.texts.map { text in combination + (name == GameOption.keepEnergy.rawValue ? flag(name, text) : ["--\(name)=\(text)"]) }
      }
    }
    let lines = options.mapValues(\.line)
    return try combinations.map { arguments in
      do {
        return try parse(arguments)
      } catch {
        let said = message(of: error)
        // Of the options that are named in it the one with the longest name: --test is a part of --test-split.
        let named = lines.filter { said.contains("--\($0.key)") }.max { $0.key.count < $1.key.count }
        let line = named?.value ?? lines.values.min() ?? 1
        throw file.fault(line: line, said.hasSuffix(".") ? String(said.dropLast()) : said)
      }
    }
  }

  private static func flag(_ name: String, _ text: String) -> [String] {
    text == "true" ? ["--\(name)"] : text == "false" ? [] : ["--\(name)=\(text)"]
  }

  private static func message(of error: any Error) -> String {
    StatesOptions.message(for: error)
  }

  /// Faults that are known before anything is made.
  private static func check(_ networks: [SweepNetwork], in file: SweepFile) throws {
    if let network = networks.first(where: { $0.training.validation == .test && GameOption.test.cell($0.game) == .integer(0) }) {
      throw Failure(
        .badFile, "\(file.path): \(network.shape.name) is to choose epochs on the test set of its states, and test is 0. Give it a number.")
    }
    if let network = networks.first(where: { $0.training.validation == .validation && GameOption.validation.cell($0.game) == .integer(0) })
    {
      throw Failure(
        .badFile,
        "\(file.path): \(network.shape.name) has no validation states to choose epochs on. Give generate more states, or validation a number."
      )
    }
    if file.games > 0, networks.contains(where: \.game.keepEnergy) {
      throw Failure(
        .badFile,
        "\(file.path): games show energy drawn anew, which networks of keep-energy did not learn from. Leave games or keep-energy out.")
    }
  }

  /// An identity depends on nothing but what decides a network's numbers: the test set is drawn without the states that networks of the same
  /// game learn from, so these are a part of it.
  private static func identify(_ networks: inout [SweepNetwork], in file: SweepFile) throws {
    let groups = Dictionary(grouping: networks, by: { $0.game.boards }).mapValues { networks in
      digest(Set(networks.map(\.game.played)).sorted())
    }
    var taken = Set<String>()
    for number in networks.indices {
      var parts = networks[number].options.map { "\($0.key)=\($0.value)" }.sorted()
      parts.append("test=\(file.testStates),\(file.testSeed)")
      parts.append("measure=\(file.permutations),\(file.epochs.rawValue),\(file.measuresAllRows),\(file.games),\(file.turns)")
      parts.append("played=\(groups[networks[number].game.boards] ?? "")")
      networks[number].identity = digest(parts)
      guard taken.insert(networks[number].name).inserted else {
        throw Failure(.failed, "\(file.path): two networks have the name \(networks[number].name). Change a seed.")
      }
    }
  }

  private static func digest(_ parts: [String]) -> String {
    hexadecimal(SHA256.hash(data: Data(parts.joined(separator: "\n").utf8)))
  }
}

extension StatesOptions {
  /// What the boards that are played depend on, apart from the seed: not what the labels go by.
  var boards: String {
    let options: [GameOption] = [.turnsPerGame, .keepEnergy, .dependency, .obstacleRate, .flyPatterns]
    return options.map { "\($0.rawValue)=\($0.cell(self).canonical)" }.joined(separator: " ")
  }

  /// What decides which states are played: not what the labels go by, nor which of the states are the test set.
  var played: String {
    boards + " " + [GameOption.states, .validation, .seed].map { "\($0.rawValue)=\($0.cell(self).canonical)" }.joined(separator: " ")
  }

  /// All options in one text.
  var identity: String { GameOption.allCases.map { "\($0.rawValue)=\($0.cell(self).canonical)" }.joined(separator: " ") }
}

/// A column of an option.
struct SweptColumn: Sendable {
  let column: Column
  let cell: @Sendable (SweepNetwork) -> Cell

  static func columns(of networks: [SweepNetwork]) -> [SweptColumn] {
    func name(_ option: String, _ command: String) -> String {
      let isTwice = GameOption.names.contains(option) && TrainOption.names.contains(option)
      return ((isTwice ? "\(command)_" : "") + option).replacing("-", with: "_")
    }
    func isSwept(_ cell: (SweepNetwork) -> Cell) -> Bool {
      guard let first = networks.first.map(cell) else { return false }
      return networks.contains { cell($0) != first }
    }
    let hidden = SweptColumn(column: Column("hidden", .string, "Units of the hidden layers")) {
      TrainOption.hidden.cell($0.shape, $0.training)
    }
    let game = GameOption.allCases.filter { $0 != .seed }.map { option in
      SweptColumn(column: Column(name(option.rawValue, "generate"), .string, "Option of generate")) { option.cell($0.game) }
    }
    let training = TrainOption.allCases.filter { $0 != .seed && $0 != .hidden }.map { option in
      SweptColumn(column: Column(name(option.rawValue, "train"), .string, "Option of train")) { option.cell($0.shape, $0.training) }
    }
    return [hidden]
      + (game + training).filter { isSwept($0.cell) }.map { column in
        guard let cell = networks.first.map(column.cell) else { return column }
        let kind: Column.Kind =
          switch cell {
          case .integer: .integer
          case .number: .number
          case .boolean: .boolean
          default: .string
          }
        return SweptColumn(column: Column(column.column.name, kind, column.column.description), cell: column.cell)
      }
  }
}
