import DenseNetwork
import Files
import Foundation
import HDF5
import Testing

@Suite final class CheckpointTests {
  private let folder: URL
  private var path: String { folder.appending(path: "epoch.h5").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  private func checkpoint() throws -> Checkpoint {
    Checkpoint(
      network: try Network(inputCount: 5, hidden: [3, 2], outputCount: 4, seed: 1),
      hyperparameters: Hyperparameters(seed: .max, balance: .weights([1, 1, 2, 10])), epoch: 7, validationLoss: 0.0625,
      validationAccuracy: 0.75, statesSHA256: "ab12", game: "{}", createdUTC: currentUTC(), commandLine: "frogtoad train --seed 1")
  }

  @Test("A checkpoint reads back as it was written, and nothing partial is left")
  func roundTrip() throws {
    let checkpoint = try checkpoint()
    try checkpoint.write(to: path)
    #expect(try Checkpoint.read(from: path) == checkpoint)
    #expect(try Checkpoint.open(path) == checkpoint)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["epoch.h5"])
  }

  @Test("What is not known is left out and reads back as nil")
  func unknown() throws {
    let checkpoint = Checkpoint(network: try checkpoint().network)
    try checkpoint.write(to: path)
    #expect(try Checkpoint.read(from: path) == checkpoint)
  }

  @Test("The file has the groups, shapes and attributes of the schema")
  func schema() throws {
    let checkpoint = try checkpoint()
    try checkpoint.write(to: path)
    let root = try File.open(path).root
    #expect(try root.attributes.string("schema") == "frogtoad-checkpoint")
    #expect(try root.attributes.string("schema_version") == "1.0")
    #expect(try root.attributes.integer("complete") == 1)
    #expect(try root.attributes.integer("epoch") == 7)
    #expect(try root.attributes.double("validation_loss") == 0.0625)
    #expect(try root.attributes.string("seed") == "18446744073709551615")
    #expect(try root.attributes.string("checkpoint_id") == checkpoint.checkpointID)
    #expect(checkpoint.checkpointID == "epoch-0007-\(checkpoint.network.weightsSHA256.prefix(8))")
    #expect(
      try root.attributes.string("architecture")
        == #"{"input_count":5,"layers":[{"activation":"relu","name":"dense_1","units":3},"#
        + #"{"activation":"relu","name":"dense_2","units":2},{"activation":"linear","name":"dense_3","units":4}]}"#)
    let layer = try root.group("layers/dense_3")
    #expect(try layer.dataset("kernel").shape == [2, 4])
    #expect(try layer.dataset("kernel").datatype == .float32)
    #expect(try layer.dataset("bias").shape == [4])
    #expect(try layer.attributes.integer("layer_index") == 2)
    #expect(try layer.attributes.string("kind") == "dense")
    #expect(try layer.attributes.string("activation_function") == "linear")
    #expect(try layer.attributes.integer("is_output") == 1)
  }

  @Test("An existing file is kept unless it may be replaced")
  func existing() throws {
    try checkpoint().write(to: path)
    #expect(throws: FileError(file: path, fault: .exists)) { try checkpoint().write(to: path) }
    var other = try checkpoint()
    other.epoch = 8
    try other.write(to: path, overwrite: true)
    #expect(try Checkpoint.read(from: path).epoch == 8)
  }

  @Test("A folder that can't be written to gives an error and leaves nothing")
  func unwritable() throws {
    let missing = folder.appending(path: "no/such/epoch.h5").path
    #expect(throws: FileError.self) { try checkpoint().write(to: missing) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("A finished file that can't take its name leaves no partial file")
  func cannotRename() throws {
    try FileManager.default.createDirectory(
      at: folder.appending(path: "epoch.h5/inside"), withIntermediateDirectories: true)
    #expect(throws: FileError(file: path, fault: .isFolder)) { try checkpoint().write(to: path, overwrite: true) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["epoch.h5"])
  }

  /// A way of spoiling a file, and what reading it then says after the path.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let sentence: String
    let spoil: @Sendable (Group) throws -> Void

    init(_ name: String, _ sentence: String, _ spoil: @escaping @Sendable (Group) throws -> Void) {
      testDescription = name
      self.sentence = sentence
      self.spoil = spoil
    }
  }

  @Test(
    "A damaged checkpoint is refused with the part, the fault and what to do",
    arguments: [
      Damage(
        "another schema", "the file is a mirrorscope-recording, not a frogtoad-checkpoint. Give a file of that kind."
      ) { try $0.attributes.set("schema", "mirrorscope-recording") },
      Damage("newer", "the file has schema version 2.0 and this program reads 1.0. Update Mirrorscope.") {
        try $0.attributes.set("schema_version", "2.0")
      },
      Damage(
        "incomplete", "the file is incomplete: its writer was stopped. Use an earlier checkpoint or train again."
      ) { try $0.attributes.set("complete", 0) },
      Damage(
        "no architecture", "attribute architecture is missing. Use another copy of the file or train again."
      ) { try $0.attributes.remove("architecture") },
      Damage(
        "architecture of another kind",
        "attribute architecture can't be used: it is not the JSON that it should be. Use another copy of the file or train again."
      ) { try $0.attributes.set("architecture", "[]") },
      Damage(
        "another width",
        "/layers/dense_1/kernel has shape [5, 3] where [5, 30] is due. Use another copy of the file or train again."
      ) {
        let text = try #require(try $0.attributes.string("architecture"))
        try $0.attributes.set("architecture", text.replacing("\"units\":3", with: "\"units\":30"))
      },
      Damage(
        "a layer too many", "/layers/dense_9/kernel is missing. Use another copy of the file or train again."
      ) {
        let text = try #require(try $0.attributes.string("architecture"))
        try $0.attributes.set("architecture", text.replacing("dense_3", with: "dense_9"))
      },
      Damage(
        "NaN",
        "/layers/dense_2/kernel holds NaN or infinity (value 4). Use an earlier checkpoint or train again with a lower learning rate."
      ) { try $0.dataset("layers/dense_2/kernel").write([Float](repeating: .nan, count: 2), rows: 2..<3) },
      Damage(
        "a changed weight",
        "the weights do not give the stored weights_sha256: they were changed. Use another copy of the file or train again."
      ) { try $0.dataset("layers/dense_1/bias").write([Float(1), 0, 0]) },
    ])
  func damaged(_ damage: Damage) throws {
    try checkpoint().write(to: path)
    let file = try File.open(path, writable: true)
    try damage.spoil(file.root)
    try file.close()
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.read(from: path) }
    #expect(error?.description == "\(path): \(damage.sentence)")
  }

  @Test("A file that is missing, or is not HDF5, is refused")
  func unreadable() throws {
    #expect(throws: HDF5Error.self) { try Checkpoint.open(path) }
    try Data("text".utf8).write(to: URL(filePath: path))
    #expect(throws: HDF5Error.self) { try Checkpoint.open(path) }
  }
}
