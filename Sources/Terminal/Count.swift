import ActivationRecording
import ArgumentParser

/// Options that are counts: whole numbers of a range that the declaration states.
///
///     @Option(count: 1...4096, help: "Threads to use.") var threads = 2
///
/// What is no such number, a negative one included, is a usage error: "The value '0' is invalid for '--threads <threads>': it has to be a
/// whole number from 1 to 4,096."
extension Option {
  public init(wrappedValue: Int, name: NameSpecification = .long, count range: ClosedRange<Int>, help: ArgumentHelp) where Value == Int {
    self.init(
      wrappedValue: wrappedValue, name: name, parsing: .unconditional, help: help.stating(wrappedValue), transform: Count(range).read)
  }

  public init(name: NameSpecification = .long, count range: ClosedRange<Int>, help: ArgumentHelp) where Value == Int {
    self.init(name: name, parsing: .unconditional, help: help, transform: Count(range).read)
  }

  public init(name: NameSpecification = .long, count range: ClosedRange<Int>, help: ArgumentHelp) where Value == Int? {
    self.init(name: name, parsing: .unconditional, help: help, transform: Count(range).read)
  }
}

extension ArgumentHelp {
  /// The parser knows no default of values that are read by a function.
  fileprivate func stating(_ standard: Int) -> ArgumentHelp {
    var help = self
    help.abstract += " (default: \(standard))"
    return help
  }
}

/// A range of whole numbers, read from the command line.
struct Count: Sendable {
  let range: ClosedRange<Int>

  init(_ range: ClosedRange<Int>) { self.range = range }

  /// - Throws: `ValidationError` for what is no whole number of the range.
  @Sendable func read(_ argument: String) throws -> Int {
    guard let number = Int(argument), range.contains(number) else {
      throw ValidationError("it has to be a whole number from \(grouped(range.lowerBound)) to \(grouped(range.upperBound)).")
    }
    return number
  }
}
