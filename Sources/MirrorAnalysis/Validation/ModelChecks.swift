import ActivationRecording
import DenseNetwork

extension RecordingFindings {
  /// Holds the layers against those that `/model` names. An architecture of another program's is not understood and passed over.
  mutating func checkArchitecture(of recording: Recording) throws {
    guard let json = recording.description.model.architecture, let architecture = StoredArchitecture(json: json) else { return }
    for layer in architecture.layers {
      guard let recorded = recording.layers.first(where: { $0.name == layer.name }) else {
        let names = recording.layers.map(\.name).joined(separator: ", ")
        faults.append(
          .invalid(
            file: recording.path,
            fault: "/model's architecture has a layer \(layer.name), but /layers has none of that name: it has \(names). Record every "
              + "layer."))
        continue
      }
      if recorded.unitCount != layer.units {
        faults.append(
          .invalid(
            file: recording.path,
            fault: "/layers/\(layer.name) has \(recorded.unitCount) units, but \(layer.units) by /model's architecture. Record the model "
              + "that is described."))
      }
    }
  }
}

extension RecordingView {
  /// Holds kernels and biases against `weights_sha256` of `/model`. Where a layer's are absent or not stored in single precision, they are
  /// not what the hash was taken of.
  ///
  /// - Throws: `RecordingError.invalid` where they give another hash.
  func requireWeightsHash() throws {
    guard let expected = description.model.weightsSHA256, !expected.isEmpty else { return }
    let own = layers.filter(\.isOwnLayer)
    guard !own.isEmpty, own.allSatisfy(\.hasKernel) else { return }
    var hash = WeightsHash()
    for layer in own {
      for parameters in [try kernel(of: layer), try bias(of: layer)] {
        guard let values = parameters?.values.map({ Float($0) }), let precision = parameters?.precision,
          precision.relative <= 0x1p-24, zip(values, parameters?.values ?? []).allSatisfy({ Double($0) == $1 })
        else { return }
        hash.add(values)
      }
    }
    let found = hash.hexadecimal
    guard found != expected.lowercased() else { return }
    throw RecordingError.invalid(
      file: path,
      fault: "/model says weights_sha256 \(expected), but kernels and biases give \(found): they are not the model's. Record both from one "
        + "checkpoint, or remove the attribute.")
  }
}
