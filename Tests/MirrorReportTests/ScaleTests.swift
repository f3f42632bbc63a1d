import Testing

@testable import MirrorReport

@Suite("Axes")
struct ScaleTests {
  @Test(
    "A linear axis has round ticks that hold all values", arguments: [[0.0123, 0.0555], [-3, 8], [1e-7, 4e-7], [0.5], [], [.nan, 2, 9]])
  func linear(values: [Double]) {
    let scale = Scale(over: values, from: 10, to: 110)
    #expect((3...13).contains(scale.ticks.count))
    for value in values where value.isFinite { #expect(scale.contains(value) && (10...110).contains(scale.position(value))) }
    #expect(Set(scale.ticks.map(\.text)).count == scale.ticks.count)
  }

  @Test(
    "Numbers at the ends of what doubles hold have a place on the axis",
    arguments: [
      [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude], [.leastNonzeroMagnitude, .leastNormalMagnitude / 8],
      [.greatestFiniteMagnitude], [1e-300, 1e300],
    ])
  func extremes(values: [Double]) throws {
    for scale in [Scale(over: values, from: 10, to: 110), Scale(logarithmicOver: values, from: 10, to: 110)].compactMap({ $0 }) {
      #expect(!scale.ticks.isEmpty && scale.ticks.allSatisfy { $0.value.isFinite })
      for value in values { #expect((10...110).contains(scale.position(value))) }
    }
  }

  @Test("Ticks are written with the digits that tell them apart")
  func ticks() {
    #expect(Scale(over: [0, 0.05], from: 0, to: 1).ticks.map(\.text) == ["0", "0.01", "0.02", "0.03", "0.04", "0.05"])
    #expect(Scale(over: [-1, 1], from: 0, to: 1).ticks.map(\.text) == ["−1.0", "−0.5", "0", "0.5", "1.0"])
  }

  @Test("A logarithmic axis is only had where all values are above 0")
  func logarithmic() throws {
    #expect(Scale(logarithmicOver: [0, 1], from: 0, to: 1) == nil)
    let scale = try #require(Scale(logarithmicOver: [0.03, 3.1], from: 100, to: 0))
    #expect(scale.position(0.03) > scale.position(0.3) && scale.position(0.3) > scale.position(3))
    let steps = [0.03, 0.3, 3].map(scale.position)
    #expect(abs((steps[0] - steps[1]) - (steps[1] - steps[2])) < 1e-9)
  }

  @Test("Numbers for people have a true minus and no digits that say nothing")
  func numbers() {
    #expect(numberText(-0.0123456) == "−0.01235")
    #expect(numberText(nil) == "–" && numberText(.nan) == "–" && numberText(0) == "0")
    #expect(countText(1_234_567) == "1,234,567" && countText(999) == "999")
    #expect(intervalText(-1, 0.5) == "[−1, 0.5]")
  }

  @Test("A name that is too long loses its middle", arguments: ["encoder.layers.11.attention.output.dense", "短い名前でも幅は広い名前"])
  func fitting(name: String) {
    #expect(fitted(name, width: 1000) == name)
    let short = fitted(name, width: 100)
    #expect(textWidth(short) <= 100 && short.contains("…") && short.first == name.first && short.last == name.last)
  }
}
