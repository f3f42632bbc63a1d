import ArgumentParser

/// Units of each hidden layer, as `17,17` on the command line and `2x17` in names.
struct NetworkShape: ExpressibleByArgument, Equatable, Sendable {
  let hidden: [Int]

  init(_ hidden: [Int]) {
    self.hidden = hidden
  }

  init?(argument: String) {
    let units = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !units.isEmpty, units.allSatisfy({ ($0 ?? 0) >= 1 && ($0 ?? 0) <= 4096 }) else { return nil }
    hidden = units.compactMap { $0 }
  }

  /// `2x17` for equal layers, `17-9` otherwise.
  var name: String {
    if let first = hidden.first, hidden.allSatisfy({ $0 == first }) { return "\(hidden.count)x\(first)" }
    return hidden.map(String.init).joined(separator: "-")
  }
}
