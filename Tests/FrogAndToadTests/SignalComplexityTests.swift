import Foundation
import Testing

@testable import FrogAndToad

@Suite("Signal complexity")
struct SignalComplexityTests {
  private struct Oracle: Decodable {
    let states: [[UInt8]]
    let boards: Int
    let bitsPerBoard: Double
  }

  @Test("The bits of a board are those of the code's definition, and a board that comes again counts once")
  func oracle() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let oracle = try decoder.decode(Oracle.self, from: Data(contentsOf: fixtures.appending(path: "signal_complexity.json")))
    var complexity = SignalComplexity()
    #expect(complexity.bitsPerBoard == nil)
    // In blocks, as files are read.
    for block in [oracle.states.prefix(20), oracle.states.dropFirst(20)] { complexity.add(states: block.flatMap { $0 }) }
    #expect(complexity.count == oracle.boards)
    #expect(abs(try #require(complexity.bitsPerBoard) - oracle.bitsPerBoard) <= 1e-9)
  }

  @Test("More obstacles and more fly patterns are more to see, other labels are not")
  func couplings() throws {
    func bits(_ change: (inout Couplings) -> Void) throws -> Double {
      var options = GenerationOptions()
      change(&options.couplings)
      let set = try generateStates(count: 6_000, testCount: 0, seed: 2, options: options, threads: 2)
      var complexity = SignalComplexity()
      complexity.add(states: set.train.rows().states)
      return try #require(complexity.bitsPerBoard)
    }
    let usual = try bits { _ in }
    #expect(try bits { $0.obstacleRate = 0.0375 } < usual - 2)
    #expect(try bits { $0.obstacleRate = 0.15 } > usual + 2)
    #expect(try bits { $0.flyPatterns = 24 } > usual + 1)
    #expect(try bits { $0.helpFrom = 0 } == usual)
  }
}
