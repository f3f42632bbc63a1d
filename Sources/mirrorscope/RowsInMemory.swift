import ActivationRecording
import MirrorAnalysis
import Terminal

extension CommonOptions {
  /// Reads the rows that the bootstrap draws from, once it is clear that there are some and that they may be held.
  func contrastRows(
    of recording: Recording, moments: RecordingMoments, plan: ResamplingPlan, threads: Int
  ) throws -> ContrastRows {
    try moments.rows.require([.neither, .own, .other], in: recording.path)
    try requireMemory(
      bytes: ContrastRows.bytes(rows: moments.rows, layers: recording.layers), for: "\(recording.path): the activations")
    return try ContrastRows(of: recording, rows: moments.rows, usesStrata: plan.usesStrata, threads: threads)
  }

  /// Permutes, once it is clear that the permutations may be held.
  func permutedContrasts(
    of recording: Recording, moments: RecordingMoments, plan: ResamplingPlan, threads: Int
  ) throws -> PermutedContrasts {
    try requireMemory(
      bytes: PermutedContrasts.bytes(layers: recording.layers, permutations: plan.permutations),
      for: "\(recording.path): the permutations", alternative: "take fewer --permutations")
    return try PermutedContrasts(of: recording, moments: moments, plan: plan, threads: threads)
  }

  /// Opens a recording with all of its layers, which replaying holds in memory as doubles with a copy of the rows that are changed.
  func openForReplay(_ path: String) throws -> Recording {
    let recording = try Recording(path: path)
    let bytes = 16 * Double(recording.rowCount) * recording.layers.reduce(0) { $0 + Double($1.unitCount) }
    try requireMemory(bytes: byteCount(bytes), for: "\(path): the activations")
    return recording
  }
}
