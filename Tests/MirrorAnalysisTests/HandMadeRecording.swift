import ActivationRecording
import Foundation

/// A recording of one hidden layer and a linear output layer above it, small enough to reckon with by hand.
struct HandMadeRecording {
  /// `[rows][units]`
  var hidden: [[Float]]
  /// `[units][outputs]`
  var kernel: [[Float]]
  /// Names of the actions that labels may take: at least as many as outputs.
  var actions = ["a", "b"]
  var phases: [Phase]
  var labels: [UInt8]?
  var strata: [Int32]?
  var pairs: [Int32]?

  /// Writes it and opens it.
  func open() throws -> RecordingView {
    let path = FileManager.default.temporaryDirectory.appending(path: "by-hand-\(UUID().uuidString).h5").path
    // The open file stays readable without its name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    try write(to: path)
    return try RecordingView(path: path)
  }

  /// Writes it, with the outputs that follow from it.
  func write(to path: String) throws {
    let outputCount = kernel[0].count
    var columns = Recorder.Columns()
    columns.actionNames = actions
    (columns.hasLabels, columns.hasStrata, columns.hasPairs) = (labels != nil, strata != nil, pairs != nil)
    let recorder = try Recorder(
      path: path,
      layers: [
        LayerDescription(name: "dense_1", unitCount: kernel.count, activationFunction: "relu", isOutput: false),
        LayerDescription(
          name: "dense_2", unitCount: outputCount, activationFunction: "linear", isOutput: true, kernel: kernel.flatMap { $0 },
          bias: Array(repeating: 0, count: outputCount)),
      ], columns: columns, description: RecordingDescription())
    let outputs = hidden.flatMap { row in
      (0..<outputCount).map { output in zip(row, kernel).reduce(Float(0)) { $0 + $1.0 * $1.1[output] } }
    }
    var batch = RowBatch(phases: phases, activations: [hidden.flatMap { $0 }, outputs])
    (batch.labels, batch.strata, batch.pairs) = (labels, strata, pairs)
    try recorder.append(batch)
    try recorder.finish()
  }
}
