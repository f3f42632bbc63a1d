import ActivationRecording

extension RecordingFindings {
  /// Reads every kernel and bias, and replays each dense layer from the activations of the one below it.
  ///
  /// A layer that ablation could not replay either, for want of parameters or because it is no relu or linear layer on the one below it, is
  /// passed over.
  ///
  /// - Parameter finite: names of the layers whose activations are all there and finite.
  mutating func checkKernels(of recording: RecordingView, finite: Set<String>, threads: Int) throws {
    var readable: Set<String> = []
    for layer in recording.layers {
      let isRead = try check(recording.path) { _ in _ = (try recording.kernel(of: layer), try recording.bias(of: layer)) }
      if isRead { readable.insert(layer.name) }
    }
    let own = recording.layers.filter(\.isOwnLayer)
    for (lower, layer) in zip(own, own.dropFirst())
    where layer.hasKernel && readable.contains(layer.name) && finite.isSuperset(of: [lower.name, layer.name]) {
      try check(recording.path) { _ in
        do {
          let stored = try StoredDenseLayer(layer, above: lower, of: recording)
          try recording.requireReplay(of: stored, layer, above: lower, threads: threads)
        } catch is StoredDenseLayer.Obstacle {}
      }
    }
  }
}

extension RecordingView {
  /// - Throws: `RecordingError.invalid` for the first activation of a layer that its kernel and bias do not give.
  fileprivate func requireReplay(of stored: StoredDenseLayer, _ layer: RecordedLayer, above lower: RecordedLayer, threads: Int) throws {
    let check = try ReplayCheck(of: stored, input: lower.precision, output: layer.precision)
    let path = path
    try mapBlocks(of: lower, layer, threads: threads) { rows, inputs, outputs in
      try check.require(inputs: inputs, outputs: outputs, firstRow: rows.lowerBound, path: path)
    } take: {
    }
  }
}

extension RecordingView {
  /// Bytes that checking a recording takes at most: a layer's blocks, or those of two with the kernel between them, and the columns.
  func validationBytes(threads: Int) -> Int {
    let own = layers.filter(\.isOwnLayer)
    let pairs = zip(own, own.dropFirst()).filter(\.1.hasKernel)
    let kernels = pairs.map { 40 * Double($0.unitCount) * Double($1.unitCount) }
    // Blocks of two layers as doubles, with the weighted sums and their bounds.
    let replayed = pairs.map {
      Double(RecordingSchema.rowsPerBlock(unitCount: $0.unitCount + $1.unitCount)) * Double($0.unitCount + 4 * $1.unitCount)
    }
    let inputs = 32 * Double(inputCount ?? 0) * Double(RecordingSchema.rowsPerBlock(unitCount: max(1, inputCount ?? 0)))
    let reading = readingBytes(of: layers.map { [$0] } + pairs.map { [$0, $1] }, threads: threads)
    return byteCount(
      Double(reading) + (kernels.max() ?? 0) + 8 * Double(threads) * (replayed.max() ?? 0) + inputs + 40 * Double(rowCount))
  }
}
