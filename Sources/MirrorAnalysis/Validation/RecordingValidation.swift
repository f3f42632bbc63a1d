import ActivationRecording

/// What checking a recording found.
public struct RecordingFindings: Sendable {
  /// Each names the part that is wrong; none for a valid recording.
  public internal(set) var faults: [RecordingError] = []
  /// Sentences, without the file's name, on what is no fault but should be known.
  public internal(set) var notes: [String] = []

  /// Runs one check; what it throws becomes a fault, so that the next check still runs.
  ///
  /// - Returns: whether it threw nothing.
  @discardableResult
  mutating func check(_ path: String, _ body: (inout RecordingFindings) throws -> Void) throws -> Bool {
    do {
      try body(&self)
      return true
    } catch let error as CancellationError {
      throw error
    } catch {
      let fault = RecordingError(error, of: path)
      // Several checks may read the same part.
      if !faults.contains(where: { $0.description == fault.description }) { faults.append(fault) }
      return false
    }
  }
}

/// Checks a recording against the schema, and what it says against what it holds.
///
/// Everything is read: the structure, the codes of all columns, inputs, kernels, and every chunk and activation, so damage anywhere is found.
/// Values are checked where the structure is whole.
///
/// - Parameters:
///   - path: of the recording.
///   - threads: to read with.
///   - maxMemory: bytes that may be taken; nil sets no limit.
///   - checkCancellation: called between blocks; what it throws ends the work.
///   - progress: gets the share of the activations that was read, from any thread.
/// - Throws: `HDF5Error` when the file cannot be opened at all, and `RecordingError` when it is no recording or of a newer schema, or when it
///   would take more memory than is allowed; what else is wrong is found.
public func validateRecording(
  path: String, threads: Int, maxMemory: Int? = nil, checkCancellation: @escaping @Sendable () throws -> Void = {},
  progress: (@Sendable (Double) -> Void)? = nil
) throws -> RecordingFindings {
  var findings = RecordingFindings()
  let structure = try Recording.structuralFaults(path: path)
  findings.faults = structure.faults
  guard let recording = structure.recording else { return findings }
  let share = progress.map { WorkShare(tell: $0) } ?? .unheard
  let view = try RecordingView(of: [recording], checkCancellation: checkCancellation) { share.didRead(cells: $0) }
  let threads = try fittingThreads(
    most: max(1, threads), maxMemory: maxMemory, file: path, what: "checking its largest layers", alternative: "Take a larger machine,",
    bytes: view.validationBytes)

  findings.faults += recording.columnFaults()
  findings.checkOutputs(of: recording)
  findings.checkActionNames(of: recording)
  try findings.check(path) { _ in try view.requireFiniteInputs() }
  var finite: Set<String> = []
  try share.part(0, 0.6).reading(cells: view.cellCount()) {
    for layer in view.layers {
      let isFinite = try findings.check(path) { _ in try view.requireFiniteActivations(of: layer, threads: threads) }
      if isFinite { finite.insert(layer.name) }
    }
  }
  try findings.check(path) { _ in try view.requireMatchingPredictions(threads: threads) }
  try findings.check(path) { try $0.checkArchitecture(of: recording) }
  try share.part(0.6, 1).reading(cells: view.cellCount()) {
    try findings.checkKernels(of: view, finite: finite, threads: threads)
  }
  try findings.check(path) { _ in try view.requireWeightsHash() }
  findings.faults += recording.contentFaults()
  try findings.check(path) { findings in
    if case .none = try recording.checksums {
      findings.notes.append("carries no checksums: damage may go unseen.")
    } else if try !recording.hasHeaderChecksums {
      findings.notes.append("is in HDF5's older format, in which attributes and types carry no checksums: damage to them may go unseen.")
    }
    if !recording.hasPhase { findings.notes.append("has no /phase: every analysis needs a column named that tells the phases.") }
  }
  return findings
}

extension RecordingFindings {
  /// Which layer is the output has to be said.
  fileprivate mutating func checkOutputs(of recording: Recording) {
    guard !recording.saysOutput, let last = recording.layers.last else { return }
    faults.append(
      .invalid(
        file: recording.path,
        fault: "no layer says is_output; the last one, \(last.name), is taken for the output. Say it: attribute is_output, 0 or 1, of each "
          + "layer."))
  }

  /// `/label` and `/prediction` should name the same actions by the same codes, one for each output.
  fileprivate mutating func checkActionNames(of recording: Recording) {
    let label = recording.actionEnum(of: .label)
    let prediction = recording.actionEnum(of: .prediction)
    func fault(_ text: String) { faults.append(.invalid(file: recording.path, fault: text)) }
    if let label, let prediction {
      let codes = Dictionary(prediction.map { ($0.name, $0.code) }, uniquingKeysWith: { first, _ in first })
      if let unknown = label.first(where: { codes[$0.name] == nil }) {
        fault(
          "/label names an action \(unknown.name) that /prediction does not name: it has \(prediction.map(\.name).joined(separator: ", ")). "
            + "Write one enum for both.")
      } else if let absent = prediction.first(where: { member in !label.contains { $0.name == member.name } }) {
        fault(
          "/prediction names an action \(absent.name) that /label does not name: it has \(label.map(\.name).joined(separator: ", ")). "
            + "Write one enum for both.")
      } else if let other = label.first(where: { codes[$0.name] != $0.code }), let code = codes[other.name] {
        fault(
          "/label and /prediction are not the same enum: \(other.name) is \(other.code) in /label and \(code) in /prediction. They are matched "
            + "by name; write one enum, numbered as the outputs are, for both.")
      }
    }
    let outputs = recording.layers.filter(\.isOutput)
    guard let output = outputs.first, outputs.count == 1 else { return }
    for (column, members) in [("prediction", prediction), ("label", label)] {
      guard let members else { continue }
      if members.count < output.unitCount {
        fault(
          "/\(column) names \(members.count) actions (\(members.map(\.name).joined(separator: ", "))), but the output layer \(output.name) has "
            + "\(output.unitCount) units. Name one for each.")
      } else if members.count > output.unitCount {
        notes.append(
          "/\(column) names \(members.count) actions, but the output layer \(output.name) has \(output.unitCount) units: the network cannot "
            + "give the others.")
      }
    }
  }
}

extension RecordingView {
  /// - Throws: `RecordingError.invalid` for inputs that are no numbers, missing or not finite.
  fileprivate func requireFiniteInputs() throws {
    guard let columns = inputCount, columns > 0 else { return }
    func requireFinite<Value: ActivationValue>(_ type: Value.Type) throws {
      let blockRows = RecordingSchema.rowsPerBlock(unitCount: columns)
      for start in stride(from: 0, to: rowCount, by: blockRows) {
        let values = try inputs(rows: start..<min(start + blockRows, rowCount), as: Value.self) ?? []
        guard let position = values.firstIndex(where: { !$0.isFinite }) else { continue }
        throw notFinite(Double(values[position]), inputRow: start + position / columns, column: position % columns)
      }
    }
    try inputsStoreDoubles ? requireFinite(Double.self) : requireFinite(Float.self)
  }

  /// - Throws: `RecordingError` for the first activation that is missing or not finite, and what reading throws.
  fileprivate func requireFiniteActivations(of layer: RecordedLayer, threads: Int) throws {
    func requireFinite<Value: ActivationValue>(_ type: Value.Type) throws {
      try mapBlocks(of: layer, threads: threads) { [self] (range, block: UnsafeBufferPointer<Value>) in
        guard let position = block.firstIndex(where: { !$0.isFinite }) else { return }
        let width = max(1, layer.unitCount)
        throw notFinite(Double(block[position]), layer: layer, row: range.lowerBound + position / width, unit: position % width)
      } take: { (_: Void) in
      }
    }
    try layer.storesDoubles ? requireFinite(Double.self) : requireFinite(Float.self)
  }

  /// Predictions may be drawn at random from the outputs, so single rows may have others than the largest; most may not.
  ///
  /// - Throws: `RecordingError.invalid` where in most rows another output than that of `/prediction` is larger by more than rounding.
  fileprivate func requireMatchingPredictions(threads: Int) throws {
    let outputs = layers.filter(\.isOutput)
    guard let layer = outputs.first, outputs.count == 1, let predictions = try predictions else { return }
    func require<Value: ActivationValue>(_ type: Value.Type) throws {
      var differing = 0
      var first: (row: Int, largest: Int)?
      try mapBlocks(of: layer, threads: threads) { (range, block: UnsafeBufferPointer<Value>) in
        var differing: [(row: Int, largest: Int)] = []
        for row in range {
          let start = (row - range.lowerBound) * layer.unitCount
          let values = block[start..<start + layer.unitCount]
          guard let largest = values.indices.max(by: { values[$0] < values[$1] }) else { continue }
          let predicted = Int(predictions[row])
          if predicted < layer.unitCount {
            let (most, said) = (Double(values[largest]), Double(values[start + predicted]))
            guard most - said > layer.precision.relative * (abs(most) + abs(said)) + 2 * layer.precision.absolute else { continue }
          }
          differing.append((row, largest - start))
        }
        return (count: differing.count, first: differing.first)
      } take: { part in
        differing += part.count
        if first == nil { first = part.first }
      }
      guard let first, 2 * differing > rowCount else { return }
      func name(_ action: Int) -> String { actionNames.flatMap { $0.indices.contains(action) ? $0[action] : nil } ?? String(action) }
      throw RecordingError.invalid(
        file: path,
        fault: "/prediction says \(name(Int(predictions[first.row]))) in row \(first.row), but the outputs' largest is that of "
          + "\(name(first.largest)), and so in \(differing) of \(rowCount) rows. Number the actions as the units of \(layer.name) are.")
    }
    try layer.storesDoubles ? require(Double.self) : require(Float.self)
  }
}
