/// What an accumulator holds, by name: the arrays of its file (schemas/accumulator.md). Names may hold slashes.
public struct AccumulatorArrays: Sendable {
  public enum Values: Sendable {
    case numbers([Double])
    case integers([Int])
    case texts([String])
  }

  public private(set) var values: [String: Values]

  public init(_ values: [String: Values] = [:]) { self.values = values }

  public mutating func set(_ name: String, _ numbers: [Double]) { values[name] = .numbers(numbers) }
  public mutating func set(_ name: String, _ integers: [Int]) { values[name] = .integers(integers) }
  public mutating func set(_ name: String, _ texts: [String]) { values[name] = .texts(texts) }

  public func contains(_ name: String) -> Bool { values[name] != nil }

  /// - Parameters:
  ///   - name: of the array.
  ///   - count: how many there have to be; nil takes any number.
  /// - Throws: `AccumulatorFault` where there are none of that name, or others.
  public func numbers(_ name: String, count: Int? = nil) throws(AccumulatorFault) -> [Double] {
    guard case .numbers(let found) = values[name] else { throw AccumulatorFault("has no numbers \(name)") }
    return try counted(found, count, name)
  }

  /// - Throws: `AccumulatorFault`, for an integer below 0 too: all of them are counts, codes or positions.
  public func integers(_ name: String, count: Int? = nil) throws(AccumulatorFault) -> [Int] {
    guard case .integers(let found) = values[name] else { throw AccumulatorFault("has no integers \(name)") }
    if let negative = found.first(where: { $0 < 0 || $0 > 1 << 52 }) { throw AccumulatorFault("\(name) holds \(negative)") }
    return try counted(found, count, name)
  }

  /// - Throws: `AccumulatorFault`.
  public func texts(_ name: String, count: Int? = nil) throws(AccumulatorFault) -> [String] {
    guard case .texts(let found) = values[name] else { throw AccumulatorFault("has no texts \(name)") }
    return try counted(found, count, name)
  }

  private func counted<Value>(_ found: [Value], _ count: Int?, _ name: String) throws(AccumulatorFault) -> [Value] {
    if let count, found.count != count { throw AccumulatorFault("\(name) holds \(found.count) values, and has to hold \(count)") }
    return found
  }
}

/// What is wrong with an accumulator: what follows its file's name in a sentence.
public struct AccumulatorFault: Error, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }
}

/// Whether two arrays hold the same bits: NaN is the same as NaN.
func isSame(_ first: [Double], _ second: [Double]) -> Bool {
  first.count == second.count && zip(first, second).allSatisfy { $0.bitPattern == $1.bitPattern }
}
