import Statistics
import Testing

@Suite("Bootstrap")
struct BootstrapTests {
  @Test("The percentile interval of a mean agrees with scipy.stats.bootstrap within Monte-Carlo error")
  func scipy() throws {
    let oracle = try fixture("resampling", as: Resampling.self).bootstrap
    let rows = oracle.values.count
    let means = try bootstrapMeans(
      oracle.values, units: 1, groupOfRow: [Int](repeating: 0, count: rows), groups: 1, replicates: 20_000, seed: 1, purpose: "test",
      threads: 2)
    let interval = try #require(PercentileInterval(means.means))
    // The density of a normal at its 2.5 % point gives the standard error of that quantile.
    let spread = (oracle.upper - oracle.lower) / (2 * 1.96)
    let error = spread * (0.025 * 0.975 / 20_000).squareRoot() / 0.0584
    #expect(abs(interval.lower - oracle.lower) <= 4.5 * error)
    #expect(abs(interval.upper - oracle.upper) <= 4.5 * error)
    #expect(interval.replicates == 20_000)
  }

  @Test("Groups are resampled on their own; their means scatter by s/√n")
  func groups() throws {
    let values = noise(rows: 300, units: 2, seed: 8)
    let labels = (0..<300).map { $0 % 3 - 1 }  // −1 is left out
    let means = try bootstrapMeans(
      values, units: 2, groupOfRow: labels, groups: 2, replicates: 2000, seed: 4, purpose: "test", threads: 2)
    for group in 0..<2 {
      for unit in 0..<2 {
        let sample = SampleSummary((0..<300).filter { labels[$0] == group }.map { Double(values[$0 * 2 + unit]) })
        let drawn = SampleSummary((0..<2000).map { means.mean(replicate: $0, group: group, unit: unit) })
        let error = (sample.variance / 100).squareRoot()
        #expect(abs(drawn.mean - sample.mean) <= 4.5 * error / 2000.0.squareRoot())
        #expect(agrees(drawn.variance.squareRoot(), error, relative: 4.5 / 4000.0.squareRoot()))
      }
    }
  }

  @Test("Clusters are drawn whole, in all groups at once")
  func clusters() throws {
    // Two rows per cluster, one in each group, of equal value: the groups' means stay equal, and scatter by s/√clusters.
    let values = (0..<40).map { Float($0 / 2) }
    let means = try bootstrapMeans(
      values, units: 1, groupOfRow: (0..<40).map { $0 % 2 }, groups: 2, clusters: (0..<40).map { 7 - $0 / 2 }, replicates: 2000, seed: 4,
      purpose: "test", threads: 1)
    for replicate in 0..<2000 {
      #expect(means.mean(replicate: replicate, group: 0, unit: 0) == means.mean(replicate: replicate, group: 1, unit: 0))
    }
    let drawn = SampleSummary((0..<2000).map { means.mean(replicate: $0, group: 0, unit: 0) })
    #expect(agrees(drawn.variance, 33.25 / 20, relative: 4.5 * (2.0 / 2000).squareRoot()))
  }

  @Test("Threads never change a digit, the seed does, and a shorter run is the beginning of a longer one")
  func reproducible() throws {
    let values = noise(rows: 90, units: 3, seed: 1)
    func means(_ replicates: Int, seed: UInt64, threads: Int) throws -> [Double] {
      try bootstrapMeans(
        values, units: 3, groupOfRow: (0..<90).map { $0 % 2 }, groups: 2, replicates: replicates, seed: seed, purpose: "test",
        threads: threads
      ).means
    }
    let one = try means(70, seed: 1, threads: 1)
    #expect(try means(70, seed: 1, threads: 2) == one)
    #expect(try one.starts(with: means(40, seed: 1, threads: 1)))
    #expect(try means(70, seed: 2, threads: 1) != one)
  }

  @Test("An empty group and a unit with infinity have no mean, a constant unit keeps its value")
  func undefined() throws {
    let values: [Float] = [1, 0.1, .infinity, 3, 0.1, 2, 4, 0.1, 1]
    let means = try bootstrapMeans(
      values, units: 3, groupOfRow: [0, 0, 0], groups: 2, replicates: 10, seed: 1, purpose: "test", threads: 1)
    for replicate in 0..<10 {
      #expect(abs(means.mean(replicate: replicate, group: 0, unit: 1) - Double(Float(0.1))) <= 1e-16)
      #expect(means.mean(replicate: replicate, group: 0, unit: 2).isNaN)
      #expect(means.mean(replicate: replicate, group: 1, unit: 0).isNaN)
    }
  }
}
