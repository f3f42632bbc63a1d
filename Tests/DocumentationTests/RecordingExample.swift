import ActivationRecording

// What stands between the marks is in the articles, word for word.

// example: recording
/// Records a network of yours: of each scene a row in which nobody is in distress, one in which I am, and one in which the other is.
///
/// - Parameter scenes: of each the activations of the hidden layer and of the outputs, `[3 rows × units]`.
func record(_ scenes: [(hidden: [Float], outputs: [Float])], to path: String) throws {
  var columns = Recorder.Columns()
  columns.hasStrata = true
  var description = RecordingDescription()
  description.writer = "my program"
  description.model.network = "mine"
  let recorder = try Recorder(
    path: path,
    layers: [
      LayerDescription(name: "hidden", unitCount: 4, activationFunction: "relu", isOutput: false),
      LayerDescription(name: "outputs", unitCount: 2, activationFunction: "linear", isOutput: true),
    ],
    columns: columns, description: description, threads: 2)
  for (number, scene) in scenes.enumerated() {
    var rows = RowBatch(phases: [.neither, .own, .other], activations: [scene.hidden, scene.outputs])
    rows.strata = [Int32](repeating: Int32(number), count: 3)
    try recorder.append(rows)
  }
  try recorder.finish()
}
// end

// example: reading
/// The mean activation of each unit of a layer in a phase.
func means(of name: String, in phase: Phase, at path: String) throws -> [Double] {
  let recording = try RecordingView(path: path)
  guard let layer = recording.layers.first(where: { $0.name == name }) else { return [] }
  let codes = try recording.phases.codes
  let values: [Float] = try recording.values(of: [layer], where: { codes[$0] == phase.rawValue }, threads: 2)
  let rows = values.count / layer.unitCount
  return (0..<layer.unitCount).map { unit in
    stride(from: unit, to: values.count, by: layer.unitCount).reduce(0) { $0 + Double(values[$1]) } / Double(rows)
  }
}
// end
