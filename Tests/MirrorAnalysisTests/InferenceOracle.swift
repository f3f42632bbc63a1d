import ActivationRecording
import MirrorAnalysis
import Testing

/// What scipy, statsmodels and numpy make of the contrasts of a fixture (Fixtures/MirrorAnalysis/inference.py).
struct InferenceOracle: Decodable {
  struct Unit: Decodable {
    /// Of self and of other.
    let g, welch: [Double]
    /// Ends of the interval of g, of self and of other.
    let interval: [[Double]]
    let q: Double
  }
  let units: [Unit?]

  /// The last one has strata, which only resampling looks at, and a unit whose mean is a million times its spread: no digits for a closed form.
  static let recordings = ["small.h5", "doubles.h5", "halves.h5", "strata.h5"]

  static func of(_ name: String) throws -> InferenceOracle {
    try #require(try Fixture.json([String: InferenceOracle].self, "MirrorAnalysis/inference.json")[name])
  }
}

/// A recording of the fixtures, with its moments.
func recordingAndMoments(_ name: String) throws -> (RecordingView, RecordingMoments) {
  let recording = try RecordingView(path: Fixture.path("MirrorAnalysis/\(name)"))
  return (recording, try RecordingMoments(of: recording, threads: 1))
}
