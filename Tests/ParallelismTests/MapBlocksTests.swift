import Parallelism
import Testing

@Suite("Mapping blocks over threads")
struct MapBlocksTests {
  private struct Stop: Error, Equatable { let block: Int }

  @Test("Results come in block order", arguments: [0, 1, 2, 100], [1, 2, 7])
  func order(count: Int, threads: Int) throws {
    #expect(try mapBlocks(count: count, threads: threads) { $0 * $0 } == (0..<count).map { $0 * $0 })
  }

  @Test("The error of the lowest block that failed is thrown", arguments: [1, 2, 4])
  func firstError(threads: Int) {
    #expect(throws: Stop(block: 3)) {
      try mapBlocks(count: 50, threads: threads) { block in
        if block >= 3 { throw Stop(block: block) }
      }
    }
  }
}
