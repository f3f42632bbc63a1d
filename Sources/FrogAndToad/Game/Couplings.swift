import Foundation

/// How much Frog's best action depends on Toad, and how much there is to see.
///
/// Everywhere the default is the paper's game.
public struct Couplings: Sendable, Equatable, Codable {
  /// The cell from which on Frog helps a partner in distress. Nil: the partner never matters, and the end of the strip is no reason to help
  /// either.
  public var helpFrom: Int?
  /// How much Toad's place moves the strip, in thousandths: at 1000 it is held on the middle between the players, at 0 on Frog.
  public var dependency: Int
  /// The highest probability that new ground begins an obstacle.
  public var obstacleRate: Double
  /// How many rows of flies the states of a data set choose from.
  public var flyPatterns: Int

  /// The paper's.
  public static let helpFrom = 26
  public static let dependencies = 0...1000
  public static let flyPatternCounts = 1...256

  public init(helpFrom: Int? = Self.helpFrom, dependency: Int = 1000, obstacleRate: Double = 0.075, flyPatterns: Int = 6) {
    (self.helpFrom, self.dependency, self.obstacleRate, self.flyPatterns) = (helpFrom, dependency, obstacleRate, flyPatterns)
  }

  // MARK: As text

  private enum CodingKeys: String, CodingKey {
    case helpFrom = "help_from"
    case dependency
    case obstacleRate = "obstacle_rate"
    case flyPatterns = "fly_patterns"
  }

  /// The couplings as a JSON object: help_from (a cell, or null for alone), dependency (thousandths), obstacle_rate, fly_patterns.
  public var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// - Returns: nil for text that is no such object, or one of a game that can't be played.
  public init?(json: String) {
    guard let couplings = try? JSONDecoder().decode(Couplings.self, from: Data(json.utf8)), couplings.fault == nil else { return nil }
    self = couplings
  }

  /// What is wrong with a value; nil where all can be played.
  var fault: String? {
    if let helpFrom, !(0..<World.width).contains(helpFrom) { return "there is no cell \(helpFrom) to help from (0 to \(World.width - 1))" }
    if !Self.dependencies.contains(dependency) { return "a dependency of \(dependency) thousandths is not between 0 and 1000" }
    if !(0...1).contains(obstacleRate) { return "an obstacle rate of \(obstacleRate) is no probability" }
    if !Self.flyPatternCounts.contains(flyPatterns) { return "there are 1 to 256 fly patterns, not \(flyPatterns)" }
    return nil
  }
}
