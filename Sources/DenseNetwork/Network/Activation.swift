extension DenseLayer {
  /// What is applied to the weighted sum. NaN stays NaN.
  ///
  /// Files hold its `rawValue`: "relu", "linear", "leaky_relu(0.3)".
  public enum Activation: Sendable, Hashable {
    /// max(0, x).
    case relu
    /// x.
    case linear
    /// x from 0 up, slope · x below. The slope is a normal number above 0 and not 1: `leaky(_:)` makes it from any.
    case leakyReLU(negativeSlope: Float)

    /// slope · x below 0: relu for a slope of 0, linear for 1. Nil for a slope that is negative, not finite, or so small that float32 has
    /// not all its digits.
    public static func leaky(_ slope: Double) -> Activation? {
      let rounded = Float(slope)
      guard slope >= 0, slope == 0 || rounded.isNormal else { return nil }
      return rounded == 0 ? .relu : rounded == 1 ? .linear : .leakyReLU(negativeSlope: rounded)
    }

    /// What a value below 0 is multiplied by.
    @inlinable public var negativeSlope: Float {
      switch self {
      case .relu: 0
      case .linear: 1
      case .leakyReLU(let slope): slope
      }
    }

    /// The activation of a weighted sum.
    @inlinable
    public func callAsFunction(_ sum: Double) -> Double {
      switch self {
      case .relu: sum < 0 ? 0 : sum
      case .linear: sum
      case .leakyReLU(let slope): sum < 0 ? Double(slope) * sum : sum
      }
    }

    /// The sum whose activation a value is; 0 for what relu cannot give.
    func sum(giving value: Float) -> Float {
      switch self {
      case .relu: value < 0 ? 0 : value
      case .linear: value
      case .leakyReLU(let slope): value < 0 ? value / slope : value
      }
    }

    /// This one followed by another; nil for slopes whose product float32 has no room for.
    func followed(by next: Activation) -> Activation? {
      switch (self, next) {
      case (.linear, _): next
      // Above 0 where the sum is, so that what is below does not matter; and what relu gives is never below 0.
      case (_, .relu), (.relu, _): .relu
      case (_, .linear): self
      case (.leakyReLU(let first), .leakyReLU(let second)): .leaky(Double(first) * Double(second))
      }
    }
  }
}

extension DenseLayer.Activation: RawRepresentable, Codable {
  private static let leaky = (prefix: "leaky_relu(", suffix: ")")

  /// Nil for any other text, "leaky_relu" without its slope too.
  public init?(rawValue: String) {
    switch rawValue {
    case "relu": self = .relu
    case "linear": self = .linear
    default:
      guard rawValue.hasPrefix(Self.leaky.prefix), rawValue.hasSuffix(Self.leaky.suffix),
        let slope = Double(rawValue.dropFirst(Self.leaky.prefix.count).dropLast()), let activation = Self.leaky(slope)
      else { return nil }
      self = activation
    }
  }

  public var rawValue: String {
    switch self {
    case .relu: "relu"
    case .linear: "linear"
    case .leakyReLU(let slope): "\(Self.leaky.prefix)\(slope)\(Self.leaky.suffix)"
    }
  }
}
