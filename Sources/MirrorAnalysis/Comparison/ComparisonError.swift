/// Why networks cannot be compared: one sentence, and what would help.
public struct ComparisonError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// A table holds what it must not.
    case badTable
    /// There are no rows.
    case notEnoughData
    /// What is asked for is not in the tables.
    case notThere
  }

  /// What whoever asks can do: programs say how.
  public enum Remedy: Sendable, Equatable, CaseIterable {
    case giveNetworks, nameOutcomes, nameSeeds, tellRowsApart, chooseBaseline, chooseRows

    /// As a sentence of its own.
    public var phrase: String {
      switch self {
      case .giveNetworks: "Name another, or give a table of networks that has it"
      case .nameOutcomes: "Say which are outcomes"
      case .nameSeeds: "Name the column that tells the seeds"
      case .tellRowsApart:
        "Choose one of them by a condition or by epoch, make a column part of the condition or of the seed, or ask for a trend over it"
      case .chooseBaseline: "Name another baseline"
      case .chooseRows: "Choose other rows"
      }
    }
  }

  public let kind: Kind
  public let fault: String
  public let remedy: Remedy?

  init(_ kind: Kind, _ fault: String, _ remedy: Remedy? = nil) {
    (self.kind, self.fault, self.remedy) = (kind, fault, remedy)
  }

  public var description: String { sentence { _ in nil } }

  /// The sentence.
  ///
  /// - Parameter option: how a remedy is asked for, such as `--outcome`; nil leaves the remedy without it.
  public func sentence(option: (Remedy) -> String?) -> String {
    guard let remedy else { return fault }
    return "\(fault) \(remedy.phrase)\(option(remedy).map { " (\($0))" } ?? "")."
  }
}

/// Names as a sentence can list them: the nearest to one that is not among them, or as many as fit.
func nearestNames(to name: String, among names: [String]) -> String {
  let known = names.filter { !$0.isEmpty }
  let near = known.map { (name: $0, distance: editDistance($0.lowercased(), name.lowercased())) }
    .filter { $0.distance <= max(2, name.count / 3) || $0.name.lowercased().contains(name.lowercased()) && !name.isEmpty }
    .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  if !near.isEmpty { return "nearest \(near.count > 1 ? "are" : "is") \(near.joined(separator: ", "))" }
  return known.isEmpty ? "there are none" : "there \(known.count > 1 ? "are" : "is") \(listed(known))"
}

/// Names with commas, the first of many.
func listed(_ names: [String], most: Int = 12) -> String {
  names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
}

/// How many letters have to be put in, taken out or replaced to make one of the other (Levenshtein).
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
