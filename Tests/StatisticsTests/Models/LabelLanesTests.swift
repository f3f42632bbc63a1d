import Testing

@testable import Statistics

@Suite("Labelings side by side")
struct LabelLanesTests {
  private static let groups: [UInt8] = [7, 2, 5]
  private static let rows: [UInt32] = [0, 2, 3, 5, 8, 9, 11]

  /// Seeded labels of 12 rows under 70 labelings; label 9 belongs to no class.
  private static let dealt: [[UInt8]] = {
    var stream = RandomStream(seed: 3, purpose: "label lanes tests", index: 0)
    return (0..<70).map { _ in (0..<12).map { _ in [7, 2, 5, 9][Int(stream.next() % 4)] } }
  }()

  private static let lanes: LabelLanes = {
    var lanes = LabelLanes([UInt8](repeating: 9, count: 12), count: dealt.count)
    for (lane, labels) in dealt.enumerated() {
      lanes.deal(lane, rows: Array(0..<12), labels.map { UInt8(groups.firstIndex(of: $0) ?? 3) }, values: groups + [9])
    }
    return lanes
  }()

  @Test("Sizes and weights of classes are those of one labeling at a time", arguments: [0..<70, 16..<48, 69..<70])
  func sizesAndWeights(range: Range<Int>) {
    let block = Self.lanes.block(range)
    let sizes = block.sizes(of: Self.groups, rows: Self.rows)
    var weights: [Double] = []
    block.weigh(sizes, of: Self.groups, rows: Self.rows, into: &weights)
    for (lane, number) in range.enumerated() {
      for (index, group) in Self.groups.enumerated() {
        let size = Self.rows.filter { Self.dealt[number][Int($0)] == group }.count
        #expect(sizes[index * range.count + lane] == UInt32(size))
        for (position, row) in Self.rows.enumerated() {
          let expected = Self.dealt[number][Int(row)] == group ? 1 / Double(size) : 0
          #expect(weights[(position * 3 + index) * range.count + lane] == expected)
        }
      }
    }
  }

  @Test("Rows predicted right are those of one labeling at a time, with two classes and three", arguments: [2, 3])
  func matches(classes: Int) {
    let range = 5..<41
    var stream = RandomStream(seed: 4, purpose: "label lanes tests", index: 1)
    let outputs = classes - 1
    let scores = (0..<Self.rows.count * outputs * range.count).map { _ in Double(stream.next() % 7) - 3 }
    let thresholds = (0..<outputs * range.count).map { _ in Double(stream.next() % 3) - 1 }
    let tests = [Array(Self.groups.prefix(classes)), Array(Self.groups.reversed().prefix(classes))]
    let right = Self.lanes.block(range).matches(scores, thresholds, of: tests, rows: Self.rows)
    for (lane, number) in range.enumerated() {
      var expected = [Int](repeating: 0, count: 2 * classes)
      for (position, row) in Self.rows.enumerated() {
        let above = (0..<outputs).map { scores[(position * outputs + $0) * range.count + lane] - thresholds[$0 * range.count + lane] }
        let largest = above.max() ?? 0
        let predicted = largest > 0 ? 1 + (above.firstIndex(of: largest) ?? 0) : 0
        for (test, groups) in tests.enumerated() where groups[predicted] == Self.dealt[number][Int(row)] {
          expected[test * classes + predicted] += 1
        }
      }
      for cell in expected.indices { #expect(right[cell * range.count + lane] == UInt32(expected[cell])) }
    }
  }
}
