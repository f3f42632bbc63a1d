import ActivationRecording
import Parallelism
import Statistics

/// How activations are decoded.
public struct DecodingPlan: Sendable {
  /// Most rows that one decoder is given, over all its classes.
  public var rows = 4000
  public var permutations = 999
  public var folds = 5
  public var seed: UInt64 = 1

  public init() {}

  /// Bytes that decoding takes beside blocks of activations: of at most `rows` rows of self, other and the action those of every layer, and
  /// per thread the doubles of one decoder and of its permutation test.
  public func bytes(of recording: Recording, threads: Int) -> Int {
    let widths = recording.layers.map { Double($0.unitCount) }
    let (width, rowCount) = (widths.max() ?? 0, Double(recording.rowCount))
    let decoded = min(Double(rows), rowCount)
    let classes = recording.actionNames?.count ?? recording.layers.first(where: \.isOutput)?.unitCount ?? 2
    let test = DecodingPermutationTest.bytes(
      rows: decoded, features: width, classes: min(256, classes), folds: folds, permutations: permutations)
    let decoder = 32 * decoded * width + 16 * width * width + test
    return byteCount(
      4 * min(3 * Double(rows), rowCount) * widths.reduce(0, +) + Double(max(1, min(threads, 2 * widths.count))) * decoder + 24 * rowCount)
  }
}

/// The rows that are decoded, chosen once for all layers.
///
/// The none rows are split at random into two halves: one goes with self, the other with other, so that no none row is in both. Where there
/// are strata, whole strata are halved and self and other rows with them: self comes from strata of the first half, other from those of
/// the second, so that no episode is trained and tested on. Of each of the two classes then as many rows are drawn without replacement, at
/// most `plan.rows / 2` and at most as many as the smaller class has: a decoder trained on unequal classes would only learn which is the
/// larger. For the action at most `plan.rows / actions` of each label are drawn from the rows of all phases.
struct DecodingSample {
  let own: [Int]
  let other: [Int]
  /// Nil where the recording has no labels.
  let action: [Int]?

  init(rows: PhaseRows, labels: [UInt8]?, strata: [Int32]?, plan: DecodingPlan) {
    let halved = rows.codes.indices.filter { row in
      let code = rows.codes[row]
      return code == Phase.neither.rawValue || strata != nil && (code == Phase.own.rawValue || code == Phase.other.rawValue)
    }
    var half = [Int?](repeating: nil, count: rows.codes.count)
    let halves = stratifiedFolds(
      labels: halved.map { Int(rows.codes[$0]) }, clusters: strata.map { strata in halved.map { Int(strata[$0]) } }, folds: 2,
      seed: plan.seed, purpose: "decode none halves")
    for (row, number) in zip(halved, halves) { half[row] = number }
    func draw(_ members: [Int], _ count: Int, _ index: UInt64) -> [Int] {
      guard members.count > count else { return members }
      var stream = RandomStream(seed: plan.seed, purpose: "decode rows", index: index)
      return members.shuffled(using: &stream).prefix(count).sorted()
    }
    func pair(_ phase: Phase, half wanted: Int) -> [Int] {
      func members(_ phase: Phase) -> [Int] {
        rows.codes.indices.filter { rows.codes[$0] == phase.rawValue && (half[$0] ?? wanted) == wanted }
      }
      let (background, distress) = (members(.neither), members(phase))
      let count = min(background.count, distress.count, plan.rows / 2)
      return (draw(background, count, UInt64(wanted) * 2) + draw(distress, count, UInt64(wanted) * 2 + 1)).sorted()
    }
    own = pair(.own, half: 0)
    other = pair(.other, half: 1)
    action = labels.map { labels in
      let members = Dictionary(grouping: labels.indices.filter { rows.codes[$0] != PhaseRows.excluded }) { labels[$0] }
        .sorted { $0.key < $1.key }
      return members.flatMap { draw($0.value, plan.rows / max(1, members.count), 16 + UInt64($0.key)) }.sorted()
    }
  }
}

extension Recording {
  /// The rows of `decode`: per layer self → other, other → self, within self, within other, and the action.
  ///
  /// - Throws: `RecordingError.notEnoughRows` where self, other or none has too few rows for the folds; `notFinite` for a NaN or an infinity
  ///   among the rows drawn; what reading throws.
  public func decodingRows(name: String? = nil, partnerFilter: Bool, plan: DecodingPlan, threads: Int) throws -> [DecodingRow] {
    let rows = try PhaseRows(of: self, partnerFilter: partnerFilter)
    let name = name ?? path
    try rows.require([.neither, .own, .other], rows: 1, in: name)
    try rows.require([.neither], rows: 2 * plan.folds, in: name)
    try rows.require([.own, .other], rows: plan.folds, in: name)
    let labels = try labels()
    let strata = try strata()
    let sample = DecodingSample(rows: rows, labels: labels, strata: strata, plan: plan)
    let wanted = Set(sample.own + sample.other + (sample.action ?? [])).sorted()
    var chosen = [Bool](repeating: false, count: rowCount)
    for row in wanted { chosen[row] = true }
    let position = Dictionary(uniqueKeysWithValues: zip(wanted, 0...))
    let isChosen = chosen
    let values = try layers.map { try activations(of: $0, where: isChosen, threads: threads) }

    // Beside the recording, whose file no other thread may touch.
    let (names, numbers, widths) = (layers.map(\.name), layers.map(\.index), layers.map(\.unitCount))
    @Sendable func data(_ members: [Int], layer: Int, labels: [Int]) -> DecodingRows {
      let width = widths[layer]
      return DecodingRows(
        values: members.flatMap { row in
          let start = (position[row] ?? 0) * width
          return values[layer][start..<start + width]
        }, features: width, labels: labels, strata: strata.map { strata in members.map { Int(strata[$0]) } })
    }
    @Sendable func distress(_ members: [Int]) -> [Int] { members.map { rows.codes[$0] == Phase.neither.rawValue ? 0 : 1 } }
    // Distress and action of a layer are two pieces of work.
    return try Parallelism.mapBlocks(count: names.count * 2, threads: threads) { piece in
      let layer = piece / 2
      let decoding = LayerDecoding(
        recording: name, layer: names[layer], number: UInt64(bitPattern: Int64(numbers[layer])), plan: plan)
      guard piece % 2 == 0 else {
        return [
          decoding.actionRow(
            sample.action.map { members in
              data(members, layer: layer, labels: members.map { row in labels.map { Int($0[row]) } ?? 0 })
            })
        ]
      }
      return decoding.distressRows(
        own: data(sample.own, layer: layer, labels: distress(sample.own)),
        other: data(sample.other, layer: layer, labels: distress(sample.other)))
    }.flatMap { $0 }
  }

  /// The activations of the rows that are chosen, `[chosen × units]`, in row order.
  private func activations(of layer: RecordedLayer, where isChosen: [Bool], threads: Int) throws -> [Float] {
    let path = path
    var values: [Float] = []
    try mapBlocks(of: layer, threads: threads) { (range, block: UnsafeBufferPointer<Float>) in
      var part: [Float] = []
      for row in range where isChosen[row] {
        let start = (row - range.lowerBound) * layer.unitCount
        for unit in 0..<layer.unitCount {
          let value = block[start + unit]
          guard value.isFinite else {
            throw RecordingError.notFinite(file: path, layer: layer.name, unit: unit, row: row, value: Double(value))
          }
          part.append(value)
        }
      }
      return part
    } take: { part in
      values += part
    }
    return values
  }
}

/// The decoders of one layer.
private struct LayerDecoding: Sendable {
  let recording: String
  let layer: String
  /// The layer's index in the network, so that opening fewer layers does not change a digit of those that are left.
  let number: UInt64
  let plan: DecodingPlan

  /// self → other, other → self, within self, within other.
  func distressRows(own: DecodingRows, other: DecodingRows) -> [DecodingRow] {
    let withinOwn = crossValidated(own, test: 2)
    let withinOther = crossValidated(other, test: 3)
    let cross = transferDecoding(train: own, test: other, permutations: permutations(0))
    let back = transferDecoding(train: other, test: own, permutations: permutations(1))
    return [
      row(.distress, .own, .other, cross, ceiling: withinOther, train: own.count, test: other.count),
      row(.distress, .other, .own, back, ceiling: withinOwn, train: other.count, test: own.count),
      row(.distress, .own, .own, withinOwn, ceiling: withinOwn, train: own.count, test: own.count),
      row(.distress, .other, .other, withinOther, ceiling: withinOther, train: other.count, test: other.count),
    ]
  }

  func actionRow(_ action: DecodingRows?) -> DecodingRow {
    guard let action else {
      return DecodingRow(
        recording: recording, layer: layer, target: .action, trainPhase: nil, testPhase: nil, score: nil, ceiling: nil, trainCount: 0,
        testCount: 0, reason: "the recording has no /label")
    }
    let score = crossValidated(action, test: 4)
    return row(.action, nil, nil, score, ceiling: score, train: action.count, test: action.count)
  }

  private func permutations(_ test: UInt64) -> DecodingPermutations {
    DecodingPermutations(count: plan.permutations, seed: plan.seed, index: number &* 8 &+ test)
  }

  private func crossValidated(_ rows: DecodingRows, test: UInt64) -> DecodingScore? {
    let folds = stratifiedFolds(labels: rows.labels, clusters: rows.strata, folds: plan.folds, seed: plan.seed, purpose: "decode folds")
    return crossValidatedDecoding(rows, folds: folds, permutations: permutations(test))
  }

  private func row(
    _ target: DecodingTarget, _ train: Phase?, _ test: Phase?, _ score: DecodingScore?, ceiling: DecodingScore?, train trainCount: Int,
    test testCount: Int
  ) -> DecodingRow {
    let reason: String? =
      score == nil
      ? "a training set lacks a class; record more rows or strata"
      : score?.pValue == nil
        ? (plan.permutations == 0 ? "no permutations were asked for" : "labels do not vary inside strata")
        : target == .action && score?.auc == nil ? "auc is for two classes" : nil
    return DecodingRow(
      recording: recording, layer: layer, target: target, trainPhase: train, testPhase: test, score: score, ceiling: ceiling?.accuracy,
      trainCount: trainCount, testCount: testCount, reason: reason)
  }
}
