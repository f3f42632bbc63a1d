import Foundation
import Terminal
import Yams

/// What `sweep.yaml` says: options of `generate` and `train` for all networks, parts that set some of them, as lists that are crossed, and
/// how networks are tested and measured.
///
///     generate: {states: 300000, seed: [1, 2]}          options of frogtoad generate, for all parts
///     train: {hidden: "17,17", seed: 1..10}             options of frogtoad train, for all parts
///     kinds: [trained, untrained, shuffled]             shuffled: trained on labels that are dealt anew
///     test: {states: 20000, seed: 0}                    the test set that all networks of the same game and veil share
///     measure: {permutations: 200, epochs: best}        best, or kept: each epoch of which train keeps a checkpoint; all-rows; games, turns
///     parts:
///       dependency:
///         generate: {help-from: [alone, 26, 0]}
///         train: {veil: [0, 0.5, paper]}
struct SweepFile: Sendable {
  /// Values of an option as written, with the line that they stand in.
  struct Values: Sendable {
    let texts: [String]
    let line: Int
  }

  typealias Options = [String: Values]

  struct Part: Sendable {
    var generate: Options
    var train: Options
  }

  enum Kind: String, CaseIterable, Sendable {
    case trained, untrained, shuffled
  }

  enum Epochs: String, CaseIterable, Sendable {
    case best, kept
  }

  let path: String
  let text: String
  private(set) var parts: [Part] = []
  private(set) var kinds = Kind.allCases
  private(set) var testStates = 20_000
  private(set) var testSeed: UInt64 = 0
  private(set) var permutations = 200
  private(set) var epochs = Epochs.best
  /// Whether the index is also taken over all self and other rows, not only those that pass the author's partner filter.
  private(set) var measuresAllRows = false
  /// Games that each network plays, with energy and flies as in training; 0 for none. And turns of a game.
  private(set) var games = 0
  private(set) var turns = 500

  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure(.failed, "\(path): cannot be read. Check the name.")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw Failure(.badFile, "\(path): is no UTF-8 text. Save it as such.")
    }
    try self.init(text: text, path: path)
  }

  init(text: String, path: String) throws {
    (self.path, self.text) = (path, text)
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch let error as YamlError {
      throw Failure(.badFile, "\(path): is no YAML: \(Self.sentence(of: error)).")
    }
    guard let root, root.mapping != nil else { throw Failure(.badFile, "\(path): holds no options. Give it generate and train, at least.") }
    let top = try mapping(root, of: "the file", allowing: ["generate", "train", "kinds", "test", "measure", "parts"])
    let common = Part(
      generate: try options(top["generate"], of: "generate", GameOption.names),
      train: try options(top["train"], of: "train", TrainOption.names))
    if let parts = top["parts"] {
      guard let named = parts.mapping, named.count > 0 else { throw fault(parts, "parts is to hold one part or more, each with a name") }
      for (name, node) in named {
        let title = "part \(name.string ?? "")"
        let part = try mapping(node, of: title, allowing: ["generate", "train"])
        self.parts.append(
          Part(
            generate: common.generate.merging(try options(part["generate"], of: "generate", GameOption.names)) { $1 },
            train: common.train.merging(try options(part["train"], of: "train", TrainOption.names)) { $1 }))
      }
    } else {
      parts = [common]
    }
    if let kinds = top["kinds"] { self.kinds = try choices(kinds, "kinds") }
    if let test = top["test"] {
      let values = try mapping(test, of: "test", allowing: ["states", "seed"])
      if let node = values["states"] { testStates = try number(node, "states", 100...100_000_000) }
      if let node = values["seed"] { testSeed = UInt64(try number(node, "seed", 0...Int.max)) }
    }
    if let measure = top["measure"] {
      let values = try mapping(measure, of: "measure", allowing: ["permutations", "epochs", "all-rows", "games", "turns"])
      if let node = values["games"] { games = try number(node, "games", 0...1_000_000) }
      if let node = values["turns"] { turns = try number(node, "turns", 1...1_000_000) }
      if let node = values["permutations"] { permutations = try number(node, "permutations", 1...1_000_000) }
      if let node = values["epochs"] {
        let chosen = try choices(node, "epochs", of: Epochs.self)
        guard chosen.count == 1 else { throw fault(node, "epochs is one of best and kept") }
        epochs = chosen[0]
      }
      if let node = values["all-rows"] {
        guard let yes = node.bool else { throw fault(node, "all-rows is true or false") }
        measuresAllRows = yes
      }
    }
  }

  /// The failure of a part of the file, with its line.
  func fault(line: Int, _ what: String) -> Failure { Failure(.badFile, "\(path): line \(line): \(what).") }

  private func fault(_ node: Node, _ what: String) -> Failure { fault(line: node.mark?.line ?? 1, what) }

  private func mapping(_ node: Node, of name: String, allowing names: [String]) throws -> [String: Node] {
    guard let mapping = node.mapping else { throw fault(node, "\(name) is to hold names with values: \(names.joined(separator: ", "))") }
    var result: [String: Node] = [:]
    for (key, value) in mapping {
      guard let key = key.string, names.contains(key) else {
        throw fault(key, "\(name) has no \(key.string ?? "such part"); it may hold \(names.joined(separator: ", "))")
      }
      result[key] = value
    }
    return result
  }

  private func options(_ node: Node?, of command: String, _ names: [String]) throws -> Options {
    guard let node else { return [:] }
    return try mapping(node, of: command, allowing: names).mapValues { value in
      let items = value.sequence.map(Array.init) ?? [value]
      let line = value.mark?.line ?? 1
      var texts: [String] = []
      for item in items {
        guard let scalar = item.scalar, !scalar.string.isEmpty else {
          throw fault(item, "an option's value is a text, a number or a list of them")
        }
        texts += try range(scalar.string, line: line) ?? [scalar.string]
        guard texts.count <= 100_000 else { throw fault(value, "an option has more than 100,000 values") }
      }
      guard !texts.isEmpty else { throw fault(value, "an option has no value") }
      guard Set(texts).count == texts.count else { throw fault(value, "an option has the same value twice") }
      return Values(texts: texts, line: line)
    }
  }

  /// `1..10` as ten numbers; nil for what is no range.
  private func range(_ text: String, line: Int) throws -> [String]? {
    guard let match = text.wholeMatch(of: /(\d+)\.\.(\d+)/) else { return nil }
    guard let first = Int(match.1), let last = Int(match.2), first <= last, last - first < 100_000 else {
      throw fault(line: line, "\(text) is no range of up to 100,000 numbers, the lower one first")
    }
    return (first...last).map(String.init)
  }

  private func choices<Choice: RawRepresentable & CaseIterable & Equatable>(
    _ node: Node, _ name: String, of type: Choice.Type = Choice.self
  ) throws -> [Choice] where Choice.RawValue == String {
    let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    var result: [Choice] = []
    for item in node.sequence.map(Array.init) ?? [node] {
      guard let choice = item.string.flatMap(Choice.init(rawValue:)), !result.contains(choice) else {
        throw fault(item, "\(name) may be \(all), each once")
      }
      result.append(choice)
    }
    guard !result.isEmpty else { throw fault(node, "\(name) may be \(all), each once") }
    return result
  }

  private func number(_ node: Node, _ name: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = node.string.flatMap({ Int($0) }), range.contains(number) else {
      throw fault(node, "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func sentence(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      "line \(mark.line), \(problem)"
    case .duplicatedKeysInMapping(let duplicates, _): "a name stands twice: \(duplicates.joined(separator: ", "))"
    default: "it cannot be parsed"
    }
  }
}
