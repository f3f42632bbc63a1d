/// What the name of a Keras checkpoint says of it: `checkpoint-…-epoch02-valLoss0.0734.h5`.
struct KerasFileName {
  /// After the last "epoch" in the name.
  let epoch: Int?
  /// After "valLoss" or "val_loss".
  let validationLoss: Double?

  /// - Parameter path: of the file; the folders do not matter.
  init(_ path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    epoch = name.matches(of: /[Ee]poch[-_=.]?(\d+)/).last.flatMap { Int($0.1) }
    validationLoss = name.firstMatch(of: /[Vv]al[-_]?[Ll]oss[-_=]?(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/).flatMap { Double($0.1) }
  }
}
