import ActivationRecording
import MirrorAnalysis
import Testing

private struct Expected: Decodable {
  struct Index: Decodable {
    let totalMns, cmni: Double
    let unitCount: Int
  }
  struct Moments: Decodable {
    let layer, phase: String
    let unit, n: Int
    let mean, variance, minimum, maximum: Double
    let skewness, kurtosis: Double?
  }
  let cmni: [String: Index]
  let stats: [Moments]
  let n: [Int]
}

/// Recordings that h5py wrote (Fixtures/MirrorAnalysis/foreign.py), against numpy and scipy in float64.
@Suite("Recordings written by others")
struct ForeignRecordingTests {
  private static let names = ["small.h5", "doubles.h5", "halves.h5"]

  private static func expected(_ name: String) throws -> Expected {
    try #require(try Fixture.json([String: Expected].self, "MirrorAnalysis/expected.json")[name])
  }

  @Test("CMNI is numpy's to 1e-9", arguments: names, [1, 2])
  func cmni(name: String, threads: Int) throws {
    let expected = try Self.expected(name)
    let rows = try RecordingMoments(
      of: RecordingView(path: Fixture.path("MirrorAnalysis/\(name)")), threads: threads
    ).cmniRows()
    #expect(rows.map(\.index.variant) == CMNIVariant.allCases)
    for row in rows {
      let index = try #require(expected.cmni[row.index.variant.rawValue])
      #expect(relativeError(row.index.value, index.cmni) <= 1e-9, "\(row.index.variant)")
      #expect(relativeError(row.index.totalMNS, index.totalMns) <= 1e-9, "\(row.index.variant)")
      #expect(row.index.unitCount == index.unitCount)
      #expect(row.phaseRows.counts == expected.n)
      #expect(row.model.checkpointID == String(name.dropLast(3)))
    }
  }

  @Test("Moments are scipy's to 1e-9", arguments: names, [1, 2])
  func stats(name: String, threads: Int) throws {
    let expected = try Self.expected(name).stats
    let rows = try RecordingMoments(
      of: RecordingView(path: Fixture.path("MirrorAnalysis/\(name)")), threads: threads
    ).statsRows
    #expect(rows.count == expected.count)
    for (row, oracle) in zip(rows, expected) {
      #expect(row.layer == oracle.layer && row.unit == oracle.unit && row.phase.name == oracle.phase && row.count == oracle.n)
      #expect(relativeError(row.mean, oracle.mean) <= 1e-9)
      #expect(relativeError(row.variance, oracle.variance) <= 1e-9)
      if let skewness = oracle.skewness, let kurtosis = oracle.kurtosis {
        #expect(relativeError(row.skewness, skewness, floor: 1e-3) <= 1e-9)
        #expect(relativeError(row.kurtosis, kurtosis, floor: 1e-3) <= 1e-9)
      } else {
        #expect(row.skewness == nil && row.kurtosis == nil && row.reason != nil)
      }
      #expect(relativeError(row.minimum, oracle.minimum) <= 1e-9)
      #expect(relativeError(row.maximum, oracle.maximum) <= 1e-9)
    }
  }
}
