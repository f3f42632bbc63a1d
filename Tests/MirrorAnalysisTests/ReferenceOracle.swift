/// What numpy says of references.h5 (Fixtures/MirrorAnalysis/references.py).
struct ReferenceOracle: Decodable {
  struct Outcome: Decodable {
    let effect: Double
    let p, mean, sd: Double?
  }

  /// What holds under one way of cutting the layer into bins.
  struct Grid: Decodable {
    let bins: [Int]
    /// The share of all sets of that size that could be tested.
    let testable: Double
    let differences: [Double]
    let references: Int
    let isTested: Bool
    let outcomes: [String: Outcome]
  }

  struct Shapley: Decodable {
    let outcome: String
    let values: [Double]
  }

  struct Case: Decodable {
    let units: [Int]
    let grids: [Grid]
    let shapley: Shapley
  }

  let cases: [Case]

  static func cases() throws -> [Case] { try Fixture.json(ReferenceOracle.self, "MirrorAnalysis/references.json").cases }
}
