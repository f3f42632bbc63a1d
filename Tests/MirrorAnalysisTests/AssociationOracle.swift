import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

/// What numpy and scipy say of a recording (Fixtures/MirrorAnalysis/correlate.py).
struct AssociationOracle: Decodable {
  let pearson: [String: [Double?]]
  let spearman: [Double?]
  let across: [String: [Double?]]?
  let strata: Int?
  /// By measure, in the order of the table: n, value and, of strata.h5, p over 4,000 permutations.
  let similarity: [String: [[Double?]]]
}

/// Names of the recordings it knows.
let associationRecordings = [
  "small.h5", "doubles.h5", "halves.h5", "strata.h5", "integers.h5", "../Golden/recording_2x17_epoch10.h5",
]

func associationOracle(_ name: String) throws -> AssociationOracle {
  try #require(try Fixture.json([String: AssociationOracle].self, "MirrorAnalysis/correlate.json")[name])
}

/// A recording of the fixtures.
func associationView(_ name: String, layers: (String) -> Bool = { _ in true }) throws -> RecordingView {
  try RecordingView(path: Fixture.path("MirrorAnalysis/\(name)"), layers: layers)
}

/// Expects two lists to be equal to 1e-9, relative or below `floor` absolute, and numbers missing in the same places.
func expectEqual(_ ours: [Double?], _ theirs: [Double?], floor: Double = 1e-3, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(ours.count == theirs.count, sourceLocation: sourceLocation)
  for (pair, values) in zip(ours, theirs).enumerated() {
    guard let expected = values.1 else {
      #expect(values.0 == nil, "pair \(pair)", sourceLocation: sourceLocation)
      continue
    }
    #expect(relativeError(values.0, expected, floor: floor) <= 1e-9, "pair \(pair)", sourceLocation: sourceLocation)
  }
}
