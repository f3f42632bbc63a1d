import Statistics
import Testing

private struct Tail: Decodable {
  let successes: Int
  let trials: Int
  let probability: Double
  let tail: Double
}

@Suite("Binomial tail")
struct BinomialTailTests {
  @Test("Upper tails are scipy's to 1e-9, no trials, sure and impossible success included")
  func scipy() throws {
    for row in try fixture("binomial", as: [Tail].self) where row.tail == 0 || row.tail > 1e-300 {
      let tail = binomialUpperTail(successes: row.successes, trials: row.trials, probability: row.probability)
      #expect(agrees(tail, row.tail, relative: 1e-9), "\(row): \(tail)")
    }
  }
}
