import ArgumentParser

/// Units of one layer, as `dense_1:3,7` on the command line.
public struct UnitSet: ExpressibleByArgument, Sendable {
  public let layer: String
  public let units: [Int]

  public init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":") else { return nil }
    let numbers = argument[argument.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard colon > argument.startIndex, !numbers.isEmpty, numbers.allSatisfy({ ($0 ?? -1) >= 0 }) else { return nil }
    layer = String(argument[..<colon])
    units = Array(Set(numbers.compactMap { $0 })).sorted()
  }
}
