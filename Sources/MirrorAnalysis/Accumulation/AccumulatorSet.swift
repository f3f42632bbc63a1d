/// Why accumulators cannot be merged. `description` is one sentence: which file, what is wrong, what to do.
public struct AccumulatorError: Error, Sendable, Equatable, CustomStringConvertible {
  public let file: String
  public let fault: String
  /// Whether the file itself is no good, and not what it is to be merged with.
  public let isBadFile: Bool

  public init(file: String, fault: String, isBadFile: Bool = false) { (self.file, self.fault, self.isBadFile) = (file, fault, isBadFile) }

  public var description: String { "\(file): \(fault)" }
}

/// Accumulators that make up a whole.
public struct AccumulatorSet: Sendable {
  /// Positions of those that were given, in the order in which they are merged.
  public let order: [Int]
  /// Of the first to be merged: what the table says of the recording.
  public let header: AccumulatorHeader

  /// - Throws: `AccumulatorError` where they are of different analyses, versions, options, layers or inputs, where one is given twice or one
  ///   is missing.
  public init(_ given: [(file: String, header: AccumulatorHeader)]) throws(AccumulatorError) {
    guard let first = given.first else { throw AccumulatorError(file: "", fault: "no accumulator is given.") }
    for next in given.dropFirst() { try Self.requireAlike(first, next) }
    try Self.requireWhole(given)
    order = given.indices.sorted { given[$0].header.place.number < given[$1].header.place.number }
    header = given[order[0]].header
    if let firstPass = header.options[AccumulatorHeader.firstPassOption] {
      let known = Set(firstPass.split(separator: " ").map(String.init))
      let merged = Set(given.flatMap { $0.header.files.map(\.sha256) })
      guard known == merged else {
        throw AccumulatorError(
          file: first.file,
          fault: "the first pass was over other recordings than those whose shards are merged. Take the ranges of just these.")
      }
    }
  }

  private typealias Given = (file: String, header: AccumulatorHeader)

  private static func requireAlike(_ first: Given, _ next: Given) throws(AccumulatorError) {
    func fail(_ fault: String) -> AccumulatorError {
      AccumulatorError(file: next.file, fault: "cannot be merged with \(first.file): \(fault)")
    }
    let (a, b) = (first.header, next.header)
    guard a.analysis == b.analysis else { throw fail("it is of '\(b.analysis)', and that is of '\(a.analysis)'.") }
    guard a.place.kind == b.place.kind else { throw fail("it is \(b.place.name), and that is \(a.place.name).") }
    guard a.program == b.program else {
      throw fail("it was written by \(b.program), and that by \(a.program). Write all of them with one version.")
    }
    for name in Set(a.options.keys).union(b.options.keys).sorted() where a.options[name] != b.options[name] {
      func said(_ header: AccumulatorHeader) -> String { header.options[name].map { "'\($0)'" } ?? "not set" }
      throw fail("its option '\(name)' is \(said(b)), and there it is \(said(a)). Write all of them with the same options.")
    }
    func names(_ header: AccumulatorHeader) -> String { header.layers.map(\.name).joined(separator: ", ") }
    guard a.layers.map(\.name) == b.layers.map(\.name) else {
      throw fail("it has the layers \(names(b)), and that has \(names(a)). Choose the same layers.")
    }
    for (own, other) in zip(a.layers, b.layers) where own != other {
      func said(_ layer: AccumulatedLayer) -> String {
        "\(layer.unitCount) \(layer.storesDoubles ? "float64" : "float32") units of kind '\(layer.kind)'\(layer.isOutput ? ", the output" : "")"
      }
      throw fail("its layer \(own.name) has \(said(other)), and there it has \(said(own)).")
    }
    guard a.isFiltered == b.isFiltered else {
      throw fail(
        "self and other rows are filtered by /partner_acting in one and not in the other. Keep all of them with --no-partner-filter.")
    }
    if a.place.kind == .share, a.files.map(\.sha256) != b.files.map(\.sha256) {
      throw fail("a share is of all rows, and the recordings differ: \(recordings(b)), and there \(recordings(a)).")
    }
  }

  private static func recordings(_ header: AccumulatorHeader) -> String {
    header.files.map { "\($0.name) (SHA-256 \($0.sha256.prefix(12))…)" }.joined(separator: ", ")
  }

  private static func requireWhole(_ given: [Given]) throws(AccumulatorError) {
    let count = given[0].header.place.count
    if let other = given.first(where: { $0.header.place.count != count }) {
      throw AccumulatorError(
        file: other.file,
        fault: "cannot be merged with \(given[0].file): it is \(other.header.place.name), and that is \(given[0].header.place.name).")
    }
    var files: [Int: String] = [:]
    var inputs: [String: (file: String, name: String)] = [:]
    for (file, header) in given {
      if let before = files.updateValue(file, forKey: header.place.number) {
        throw AccumulatorError(
          file: file,
          fault: "is \(header.place.name), and so is \(before). "
            + (count == 1 && header.place.kind == .shard ? "Say with --shard 2/3 which of how many each is." : "Give each once."))
      }
      guard header.place.kind == .shard else { continue }
      for input in header.files {
        if let before = inputs.updateValue((file, input.name), forKey: input.sha256) {
          throw AccumulatorError(
            file: file,
            fault: "holds the rows of \(input.name), which \(before.file) holds already (as \(before.name), the same bytes). "
              + "Rows are to be counted once.")
        }
      }
    }
    let missing = (1...max(1, count)).filter { files[$0] == nil }
    guard missing.isEmpty else {
      let listed = missing.prefix(10).map(String.init).joined(separator: ", ") + (missing.count > 10 ? ", …" : "")
      let kind = given[0].header.place.kind.rawValue
      throw AccumulatorError(
        file: given[0].file,
        fault:
          "is \(given[0].header.place.name), and \(kind)\(missing.count > 1 ? "s" : "") \(listed) \(missing.count > 1 ? "are" : "is") missing."
      )
    }
  }
}
