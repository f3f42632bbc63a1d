import ActivationRecording
import Statistics

/// What `direction` adds: what every machine finds of each layer, and a share of the permutations.
public struct DirectionSums: Accumulator {
  /// Rows without p.
  var rows: [DirectionRow]
  /// Nil where a layer has no p.
  var nulls: [DirectionNulls?]

  public mutating func merge(_ next: DirectionSums) throws {
    guard zip(rows, next.rows).allSatisfy({ isSame($0.numbers, $1.numbers) && $0.texts == $1.texts }),
      zip(nulls, next.nulls).allSatisfy({ ($0 == nil) == ($1 == nil) })
    else { throw AccumulatorFault.otherObserved }
    for layer in nulls.indices {
      if let more = next.nulls[layer] { try nulls[layer]?.merge(more) }
    }
  }
}

extension DirectionRow {
  fileprivate static let numberCount = 12

  /// NaN where there is none.
  fileprivate var numbers: [Double] {
    let present: [Double?] = [
      cosine, interval?.lowerBound, interval?.upperBound, normRatio, axisCount.map { Double($0) }, sharedVariance, sharedNull,
    ]
    return [Double(rowCount)] + present.map { $0 ?? .nan } + (0..<3).map { $0 < angles.count ? angles[$0] : .nan }
      + [blockCount.map { Double($0) } ?? .nan]
  }

  /// The design, then why cells are empty.
  fileprivate var texts: [String] { [exchange?.rawValue ?? ""] + reasons }

  fileprivate init(layer: String, numbers: [Double], texts: [String]) throws {
    func present(_ place: Int) -> Double? { numbers[place].isNaN ? nil : numbers[place] }
    func count(_ place: Int) throws -> Int? {
      guard let number = present(place) else { return nil }
      guard let whole = Int(exactly: number), whole >= 0 else {
        throw AccumulatorFault("says \(number) where a number of things is expected")
      }
      return whole
    }
    guard let rows = try count(0), let design = texts.first else { throw AccumulatorFault("does not say how many rows there are") }
    self.init(layer: layer, rowCount: rows, exchange: ExchangeDesign(rawValue: design), blockCount: try count(11))
    (cosine, normRatio, axisCount) = (present(1), present(4), try count(5))
    if let low = present(2), let high = present(3), low <= high { interval = low...high }
    (sharedVariance, sharedNull) = (present(6), present(7))
    angles = (8...10).compactMap { present($0) }
    reasons = Array(texts.dropFirst())
  }
}

extension DirectionSums {
  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    (rows, nulls) = ([], [])
    for (number, layer) in header.layers.enumerated() {
      let name = "direction/\(number)"
      rows.append(
        try DirectionRow(
          layer: layer.name, numbers: arrays.numbers("\(name)/row", count: DirectionRow.numberCount), texts: arrays.texts("\(name)/texts")))
      nulls.append(arrays.contains("\(name)/dealt") ? try DirectionNulls(name, arrays) : nil)
    }
  }

  public func write(to arrays: inout AccumulatorArrays) {
    for (number, row) in rows.enumerated() {
      let name = "direction/\(number)"
      arrays.set("\(name)/row", row.numbers)
      arrays.set("\(name)/texts", row.texts)
      nulls[number]?.write(name, to: &arrays)
    }
  }
}

extension DirectionAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = ["axes": "\(axes)", "permutations": "\(permutations)"]
    options["exchange"] = exchange?.rawValue
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    self.init(
      permutations: try header.permutations(), axes: try header.option("axes"), exchange: try header.choice("exchange"))
  }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    switch place.kind {
    case .shard: "halves of the rows, intervals and axes are of all rows, so each machine has to read all of them"
    case .share where permutations == 0: "there are no permutations to share"
    case .share: nil
    }
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> DirectionSums {
    let index = try IndexRows(of: recording, choice: exchange, seed: context.seed)
    let layers = try self.layers(of: recording, using: index, share: place.share, in: context)
    return DirectionSums(rows: layers.map { $0.row }, nulls: layers.map { $0.nulls })
  }

  public func rows(of sums: DirectionSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [DirectionRow] {
    try zip(sums.rows, sums.nulls).map { row, nulls in
      guard let nulls else { return row }
      guard nulls.numbers == 0..<permutations + 1 else {
        throw AccumulatorFault("holds permutations \(nulls.numbers.lowerBound) to \(nulls.numbers.upperBound - 1) of \(permutations)")
      }
      var filled = row
      nulls.fill(&filled)
      return filled
    }
  }
}
