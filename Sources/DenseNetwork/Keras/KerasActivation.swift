import Foundation

/// What a Keras configuration says of an activation function.
enum KerasActivation: Equatable {
  case known(DenseLayer.Activation)
  /// A leaky relu by its name alone, which does not say its slope.
  case namedLeakyReLU
  /// How messages call it.
  case unknown(String)

  /// An activation is a name, or an object: {"class_name": "LeakyReLU", "config": {…}}; none is linear.
  init(_ value: Any?) {
    switch value {
    case nil, is NSNull: self = .known(.linear)
    case let name as String: self.init(name: name)
    case let object as [String: Any]:
      let kind = object["class_name"] as? String ?? "of an unknown kind"
      let config = object["config"] as? [String: Any] ?? [:]
      if !isOfKeras(object) {
        self = .unknown("\(kind) of another package")
      } else if kind == "function", let name = object["config"] as? String {
        // Keras 3 writes a plain function so.
        self.init(name: name)
      } else if kind == "Activation" {
        self.init(config["activation"])
      } else {
        self = Self(kind: kind, config: config) ?? .unknown(kind)
      }
    default: self = .unknown("of an unknown kind")
    }
  }

  /// What the function of that name has in Keras 2 (TensorFlow's) and 3; a layer says its own.
  static let namedSlope: Float = 0.2

  private init(name: String) {
    switch name {
    case "relu": self = .known(.relu)
    case "linear": self = .known(.linear)
    case "leaky_relu": self = .namedLeakyReLU
    default: self = .unknown(name)
    }
  }

  /// What a layer does that is an activation function; nil for a layer of another kind.
  init?(kind: String, config: [String: Any]) {
    func number(_ name: String) -> Double? { config[name] as? Double }
    func isGiven(_ name: String) -> Bool { config[name].map { !($0 is NSNull) } ?? false }
    // Keras 2 says alpha where Keras 3 says negative_slope.
    let slopes = ["negative_slope", "alpha"].filter(isGiven)
    if slopes.count == 2, number(slopes[0]) != number(slopes[1]) {
      self = .unknown("\(kind) with two slopes, negative_slope \(config[slopes[0]] ?? "") and alpha \(config[slopes[1]] ?? "")")
      return
    }
    func leaky(_ name: String) -> KerasActivation {
      number(name).flatMap { .leaky($0) }.map { .known($0) } ?? .unknown("\(kind) with \(name) \(config[name] ?? "missing")")
    }
    switch kind {
    case "LeakyReLU":
      guard let name = slopes.first else {
        self = .unknown("LeakyReLU without its slope (negative_slope or alpha)")
        return
      }
      self = leaky(name)
    case "ReLU":
      if isGiven("threshold"), number("threshold") != 0 {
        self = .unknown("ReLU with threshold \(config["threshold"] ?? "")")
      } else if isGiven("max_value") {
        self = .unknown("ReLU with max_value \(config["max_value"] ?? "")")
      } else {
        self = slopes.first.map(leaky) ?? .known(.relu)
      }
    default: return nil
    }
  }
}
