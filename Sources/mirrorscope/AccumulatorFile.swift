import Files
import Foundation
import HDF5
import MirrorAnalysis
import Terminal

/// The file of what one machine adds to a table (schemas/accumulator.md).
struct AccumulatorFile {
  static let schema = Schema(name: "mirrorscope-accumulator", major: 1, minor: 0)
  static let program = "mirrorscope \(toolkitVersion)"

  let path: String
  let header: AccumulatorHeader
  /// Bytes of the file.
  let byteCount: Int

  // MARK: Writing

  /// Begins the file, makes what goes into it, and gives it its name.
  static func write(to path: String, overwrite: Bool, _ make: () throws -> (header: AccumulatorHeader, arrays: AccumulatorArrays)) throws {
    do {
      let underWay = try FileUnderWay(path, overwrite: overwrite, beginning: FileSignature.hdf5Beginning, ordinary: true)
      defer { underWay.abandon() }
      let (header, arrays) = try make()
      let file = try File.create(underWay)
      do {
        try write(header, arrays, to: file.root)
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      try underWay.finish()
    } catch let error as FileError where error.fault == .exists {
      throw Failure(.failed, "\(path): exists already. Give --force to replace it, or another --accumulator.")
    } catch let error as FileError {
      throw Failure(error)
    }
  }

  private static func write(_ header: AccumulatorHeader, _ arrays: AccumulatorArrays, to root: Group) throws {
    let attributes = root.attributes
    try attributes.set(schema)
    try attributes.set("analysis", header.analysis)
    try attributes.set("kind", header.place.kind.rawValue)
    try attributes.set("number", header.place.number)
    try attributes.set("count", header.place.count)
    try attributes.set("creator", header.program)
    try attributes.set("recording", header.identity.recording)
    if let network = header.identity.network { try attributes.set("network", network) }
    if let epoch = header.identity.epoch { try attributes.set("epoch", epoch) }
    if let checkpoint = header.checkpointID { try attributes.set("checkpoint_id", checkpoint) }
    if let loss = header.validationLoss { try attributes.set("validation_loss", loss) }
    try attributes.set("is_filtered", header.isFiltered ? 1 : 0)
    let options = try root.createGroup("options")
    for (name, value) in header.options.sorted(by: { $0.key < $1.key }) { try options.attributes.set(name, value) }
    try root.writeStrings("files/name", header.files.map(\.name)).seal()
    try root.writeStrings("files/sha256", header.files.map(\.sha256)).seal()
    try root.write("files/n_rows", header.files.map(\.rowCount)).seal()
    try root.writeStrings("layers/name", header.layers.map(\.name)).seal()
    try root.writeStrings("layers/kind", header.layers.map(\.kind)).seal()
    try root.write("layers/is_output", header.layers.map { $0.isOutput ? 1 : 0 }).seal()
    try root.write("layers/n_units", header.layers.map(\.unitCount)).seal()
    try root.write("layers/stores_doubles", header.layers.map { $0.storesDoubles ? 1 : 0 }).seal()
    let sums = try root.createGroup("sums")
    for (name, values) in arrays.values.sorted(by: { $0.key < $1.key }) {
      switch values {
      case .numbers(let numbers): try sums.write(name, numbers).seal()
      case .integers(let integers): try sums.write(name, integers).seal()
      case .texts(let texts): try sums.writeStrings(name, texts).seal()
      }
    }
    try attributes.set("complete", 1)
  }

  // MARK: Reading

  /// Most units of all layers: numbers of pairs of them are counted in 64 bits.
  private static let mostUnits = 1 << 24

  /// Reads what the file says of itself.
  ///
  /// - Throws: `AccumulatorError` for a file that is no accumulator, is damaged or was not finished; `HDF5Error`.
  init(path: String) throws {
    self.path = path
    byteCount = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    // Closed again: a system lets a program have some thousand files open, and there may be more.
    header = try Self.explained(path) { try Self.header(of: Self.opened(path).root) }
  }

  private static func opened(_ path: String) throws -> File {
    let file = try File.open(path)
    if let mismatch = try file.root.attributes.mismatch(with: schema) {
      throw AccumulatorError(file: path, fault: sentence(mismatch), isBadFile: true)
    }
    return file
  }

  private static func explained<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let fault as AccumulatorFault {
      throw AccumulatorError(file: path, fault: "\(fault.text). Write it again.", isBadFile: true)
    }
  }

  private static func sentence(_ mismatch: Schema.Mismatch) -> String {
    switch mismatch {
    case .otherKind(let found): "is no accumulator\(found.map { ", but a \($0)" } ?? ""). Give files that --accumulator wrote."
    case .newer(let version): "has accumulator schema \(version), newer than \(schema.version). Update Mirrorscope."
    case .incomplete: "was not finished (attribute complete is not 1). Write it again."
    case .noVersion, .older: "has no schema version that is known. Write it again."
    }
  }

  private static func header(of root: Group) throws -> AccumulatorHeader {
    let attributes = root.attributes
    func text(_ name: String) throws -> String {
      guard let text = try attributes.string(name) else { throw AccumulatorFault("has no attribute \(name)") }
      return text
    }
    func integer(_ name: String) throws -> Int {
      guard let number = try attributes.integer(name) else { throw AccumulatorFault("has no attribute \(name)") }
      return number
    }
    guard let kind = AccumulatorPlace.Kind(rawValue: try text("kind")) else { throw AccumulatorFault("is neither a shard nor a share") }
    let (number, count) = (try integer("number"), try integer("count"))
    guard count > 0, count <= 1_000_000, number > 0, number <= count else { throw AccumulatorFault("is part \(number) of \(count)") }
    let options = try root.group("options").attributes
    var values: [String: String] = [:]
    for name in try options.names() { values[name] = try options.string(name) }
    let names = try texts("files/name", in: root)
    let sums = try texts("files/sha256", count: names.count, in: root)
    let rows = try integers("files/n_rows", count: names.count, in: root)
    let layers = try texts("layers/name", in: root)
    let kinds = try texts("layers/kind", count: layers.count, in: root)
    let outputs = try integers("layers/is_output", count: layers.count, in: root)
    let units = try integers("layers/n_units", count: layers.count, in: root)
    let doubles = try integers("layers/stores_doubles", count: layers.count, in: root)
    guard units.allSatisfy({ (0...mostUnits).contains($0) }), units.reduce(0.0, { $0 + Double($1) }) <= Double(mostUnits), !layers.isEmpty,
      !names.isEmpty
    else { throw AccumulatorFault("declares impossible numbers of files, layers or units") }
    return AccumulatorHeader(
      analysis: try text("analysis"), place: AccumulatorPlace(kind, number, of: count), program: try text("creator"), options: values,
      identity: RecordingIdentity(
        recording: try text("recording"), network: try attributes.string("network"), epoch: try attributes.integer("epoch")),
      checkpointID: try attributes.string("checkpoint_id"), validationLoss: try attributes.double("validation_loss"),
      files: names.indices.map { AccumulatedFile(name: names[$0], sha256: sums[$0], rowCount: rows[$0]) },
      layers: layers.indices.map {
        AccumulatedLayer(
          name: layers[$0], kind: kinds[$0], isOutput: outputs[$0] == 1, unitCount: units[$0], storesDoubles: doubles[$0] == 1)
      }, isFiltered: try integer("is_filtered") == 1)
  }

  /// Reads the sums, each held against its checksum.
  ///
  /// - Throws: `AccumulatorError`, also where the file is no longer the one whose header was read; `HDF5Error`.
  func arrays() throws -> AccumulatorArrays {
    try Self.explained(path) {
      let file = try Self.opened(path)
      let found = try Self.header(of: file.root)
      guard found.files == header.files, found.place == header.place, found.options == header.options, found.layers == header.layers else {
        throw AccumulatorError(file: path, fault: "was replaced while it was merged. Merge again.")
      }
      var arrays = AccumulatorArrays()
      try Self.add(file.root.group("sums"), "", depth: 0, to: &arrays)
      return arrays
    }
  }

  private static func add(_ group: Group, _ prefix: String, depth: Int, to arrays: inout AccumulatorArrays) throws {
    for name in try group.childNames() {
      switch try group.kind(of: name) {
      case .group where depth < 4: try add(group.group(name), "\(prefix)\(name)/", depth: depth + 1, to: &arrays)
      case .dataset:
        let dataset = try checked(name, in: group)
        switch dataset.datatype {
        case .string: arrays.set(prefix + name, try dataset.readStrings())
        case .float64: arrays.set(prefix + name, try dataset.read(as: Double.self))
        case .int64: arrays.set(prefix + name, try dataset.read(as: Int.self))
        default: throw AccumulatorFault("/sums/\(prefix)\(name) is \(dataset.datatype)")
        }
      default: throw AccumulatorFault("/sums/\(prefix)\(name) is no array")
      }
    }
  }

  private static func texts(_ name: String, count: Int? = nil, in root: Group) throws -> [String] {
    try counted(checked(name, in: root).readStrings(), count, name)
  }

  private static func integers(_ name: String, count: Int, in root: Group) throws -> [Int] {
    try counted(checked(name, in: root).read(as: Int.self), count, name)
  }

  private static func counted<Value>(_ values: [Value], _ count: Int?, _ name: String) throws -> [Value] {
    if let count, values.count != count { throw AccumulatorFault("/\(name) holds \(values.count) values, not \(count)") }
    return values
  }

  /// - Throws: `AccumulatorFault` for a data set that declares more than it stores, and for one that is not what was written.
  private static func checked(_ name: String, in group: Group) throws -> Dataset {
    let dataset = try group.dataset(name)
    if let fault = dataset.declarationFault { throw AccumulatorFault("\(dataset.path) \(fault)") }
    guard dataset.shape.count == 1 else { throw AccumulatorFault("\(dataset.path) has \(dataset.shape.count) dimensions, not one") }
    guard try dataset.verifyContent() == true else {
      throw AccumulatorFault("\(dataset.path) does not have the checksum in content_sha256: it was damaged or changed")
    }
    return dataset
  }
}
