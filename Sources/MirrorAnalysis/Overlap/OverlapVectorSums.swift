import Statistics

/// Σ of self and of other vectors of some pairs, and Σ of their squared lengths.
struct OverlapVectorSums: Sendable {
  private(set) var own, other: [Double]
  private(set) var ownSquares = 0.0
  private(set) var otherSquares = 0.0
  private(set) var count = 0

  init(units: Int) { (own, other) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units)) }

  /// Adds a pair by its place among vectors.
  mutating func add(_ place: Int, _ vectors: OverlapVectors, _ others: OverlapVectors) {
    vectors.add(place, to: &own)
    others.add(place, to: &other)
    ownSquares += vectors.squares[place]
    otherSquares += others.squares[place]
    count += 1
  }

  /// Σ of squared distances of the self of every pair and the other of every pair.
  var allDistances: Double { max(0, Double(count) * (ownSquares + otherSquares) - 2 * dot(own, other)) }

  /// Mean squared distance of the self vectors of every two different pairs, and of the other vectors; nil for fewer than two pairs.
  var meanDistances: (own: Double, other: Double)? {
    guard count > 1 else { return nil }
    let size = Double(count)
    func mean(_ vector: [Double], _ squares: Double) -> Double { max(0, 2 * (size * squares - dot(vector, vector)) / (size * (size - 1))) }
    return (mean(own, ownSquares), mean(other, otherSquares))
  }
}

/// Sums by group, each held from the first of its members to the last.
struct OverlapGroupSums: Sendable {
  private let units: Int
  /// The group of each pair; nil for none.
  private let group: [Int?]
  private let sizes: [Int]
  private var open: [Int: OverlapVectorSums] = [:]

  init(_ groups: [[Int]], pairCount: Int, units: Int) {
    self.units = units
    sizes = groups.map(\.count)
    var group = [Int?](repeating: nil, count: pairCount)
    for (number, members) in groups.enumerated() {
      for member in members { group[member] = number }
    }
    self.group = group
  }

  func holds(_ pair: Int) -> Bool { group[pair] != nil }

  /// Adds a pair.
  ///
  /// - Returns: its group and the sums of it, where it was the last.
  mutating func add(
    _ pair: Int, place: Int, _ vectors: OverlapVectors, _ others: OverlapVectors
  ) -> (group: Int, sums: OverlapVectorSums)? {
    guard let number = group[pair] else { return nil }
    open[number, default: OverlapVectorSums(units: units)].add(place, vectors, others)
    guard open[number]?.count == sizes[number] else { return nil }
    return open.removeValue(forKey: number).map { (number, $0) }
  }
}
