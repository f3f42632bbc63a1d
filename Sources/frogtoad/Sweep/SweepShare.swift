import ArgumentParser
import Foundation

/// One of several parts of a sweep that are made side by side, on one machine or on several: `3/10` is the third of ten.
///
/// A share holds networks that stand together in the plan, kinds and seeds of one configuration among them, so that it needs the states of
/// few games, and shares are about equally long.
struct SweepShare: ExpressibleByArgument, CustomStringConvertible, Sendable {
  let number: Int
  let count: Int

  init?(argument: String) {
    guard let match = argument.wholeMatch(of: /(\d+)\/(\d+)/), let number = Int(match.1), let count = Int(match.2),
      (1...100_000).contains(count), (1...count).contains(number)
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  var description: String { "\(number)/\(count)" }

  /// Where it keeps its results, below the folder of the sweep.
  var journal: String { "\(Self.folder)/\(number)-of-\(count).jsonl" }

  static let folder = "shares"

  /// The journals of all shares that ever wrote to the folder of a sweep, by name.
  static func journals(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(Self.folder)")) ?? [])
      .filter { $0.wholeMatch(of: /\d+-of-\d+\.jsonl/) != nil }.sorted().map { "\(folder)/\(Self.folder)/\($0)" }
  }

  func part<Network>(of networks: [Network]) -> ArraySlice<Network> {
    networks[(number - 1) * networks.count / count..<number * networks.count / count]
  }
}
