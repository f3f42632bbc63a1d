import Statistics
import Testing

@Suite("Random streams")
struct RandomStreamTests {
  @Test(
    "The first numbers are those of an independent implementation (Fixtures/Statistics/random_stream.py)",
    arguments: [
      (UInt64(1), "episode", UInt64(0), [7_862_106_214_601_373_266, 3_479_225_307_281_855_985, 15_237_478_427_476_508_048]),
      (1, "episode", 1, [12_579_896_038_352_468_084, 3_838_085_495_703_449_000, 8_769_812_038_421_572_600]),
      (2, "dropout", 0, [6_243_810_217_889_432_593, 5_814_555_135_735_647_697, 17_281_800_443_809_781_696] as [UInt64]),
    ])
  func knownNumbers(seed: UInt64, purpose: String, index: UInt64, expected: [UInt64]) {
    var stream = RandomStream(seed: seed, purpose: purpose, index: index)
    #expect(expected.map { _ in stream.next() } == expected)
  }

  @Test("Uniform numbers have the mean 1/2 and the variance 1/12")
  func uniform() {
    var stream = RandomStream(seed: 3, purpose: "test")
    let numbers = (0..<100_000).map { _ in stream.uniform() }
    let mean = numbers.reduce(0, +) / 100_000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(mean - 0.5) <= 0.005)
    #expect(abs(variance - 1.0 / 12) <= 0.002)
  }

  @Test("Normal numbers have the mean 0, the variance 1 and the fourth moment 3")
  func normal() {
    var stream = RandomStream(seed: 4, purpose: "test")
    let numbers = (0..<200_000).map { _ in stream.normal() }
    let moment = { (k: Int) in numbers.reduce(0.0) { sum, x in sum + (0..<k).reduce(1.0) { power, _ in power * x } } / 200_000 }
    #expect(abs(moment(1)) <= 0.01)
    #expect(abs(moment(2) - 1) <= 0.02)
    #expect(abs(moment(4) - 3) <= 0.15)
  }

  @Test("Whole numbers below a bound are equally likely")
  func below() {
    var stream = RandomStream(seed: 5, purpose: "test")
    var counts = Array(repeating: 0, count: 6)
    for _ in 0..<60_000 { counts[stream.uniform(below: 6)] += 1 }
    // Five standard deviations of a binomial count.
    #expect(counts.allSatisfy { abs($0 - 10_000) <= 457 })
  }
}
