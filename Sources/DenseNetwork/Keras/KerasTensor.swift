/// An output of a layer: of which of its uses, and which of several.
struct KerasTensor: Equatable {
  let layer: String
  let call: Int
  let number: Int

  /// `["name", 0, 0]`, with or without arguments behind.
  private init?(_ list: [Any]) {
    guard list.count >= 3, let layer = list[0] as? String, let call = list[1] as? Int, let number = list[2] as? Int else { return nil }
    (self.layer, self.call, self.number) = (layer, call, number)
  }

  /// The tensors that some JSON speaks of, in order: lists of them, objects that hold them, Keras 3's `__keras_tensor__`.
  static func all(in value: Any) -> [KerasTensor] {
    if let list = value as? [Any] {
      if let tensor = KerasTensor(list) { return [tensor] + list.dropFirst(3).flatMap { all(in: $0) } }
      return list.flatMap { all(in: $0) }
    }
    guard let object = value as? [String: Any] else { return [] }
    if object["class_name"] as? String == "__keras_tensor__", let config = object["config"] as? [String: Any] {
      return config["keras_history"].map { all(in: $0) } ?? []
    }
    return object.sorted { $0.key < $1.key }.flatMap { all(in: $0.value) }
  }
}
