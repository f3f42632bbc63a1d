/// Numbers to record, in the precision in which they are at hand.
public enum RecordedNumbers: Sendable, Equatable {
  case floats([Float])
  case doubles([Double])

  public var count: Int {
    switch self {
    case .floats(let values): values.count
    case .doubles(let values): values.count
    }
  }

  /// As Float; doubles are rounded to the nearest.
  var floats: [Float] {
    switch self {
    case .floats(let values): values
    case .doubles(let values): values.map { Float($0) }
    }
  }

  /// As Double, without loss.
  public var doubles: [Double] {
    switch self {
    case .floats(let values): values.map { Double($0) }
    case .doubles(let values): values
    }
  }
}

/// What activations are stored as.
public enum ActivationStorage: String, Sendable, CaseIterable {
  case float16, bfloat16, float32, float64
}

/// In which order a kernel's numbers come.
public enum KernelLayout: String, Sendable, CaseIterable {
  /// `[input × unit]`, as in Keras.
  case inputByUnit = "input,unit"
  /// `[unit × input]`, as in PyTorch.
  case unitByInput = "unit,input"
}
