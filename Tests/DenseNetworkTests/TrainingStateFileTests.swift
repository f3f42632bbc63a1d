import DenseNetwork
import Foundation
import HDF5
import Testing

@Suite final class TrainingStateFileTests {
  private let folder: URL
  private var path: String { folder.appending(path: "state.h5").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "training-state-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  @Test("A run that is written to disk after each epoch and resumed from there ends bit for bit like one that never stopped")
  func resume() throws {
    let hyperparameters = Hyperparameters(learningRate: 2e-3, maximumEpochs: 5, seed: 3, balance: .sqrt)
    let trainer = try Trainer(
      hyperparameters: hyperparameters, training: smallSet(rows: 130, inputCount: 12),
      validation: smallSet(rows: 60, inputCount: 12, seed: 2))
    let untrained = try trainer.untrained(hidden: [8, 7])
    let whole = try trainer.train(from: untrained) { _ in }
    for interrupted in 0...5 {
      struct Interruption: Error {}
      #expect(throws: Interruption.self) {
        try trainer.train(from: untrained) { report in
          let saved = SavedTraining(
            state: report.state, hyperparameters: hyperparameters, statesSHA256: "ab12", createdUTC: currentUTC(),
            commandLine: "frogtoad train")
          try saved.write(to: path)
          let read = try SavedTraining.read(from: path)
          #expect(read == saved)
          if report.epoch == interrupted { throw Interruption() }
        }
      }
      let saved = try SavedTraining.read(from: path)
      #expect(saved.state.epoch == interrupted)
      #expect(try trainer.train(from: saved.state) { _ in }.state == whole.state)
    }
  }

  @Test("No flipped byte changes what is read: it is what was written, or an error")
  func flipped() throws {
    let trainer = try Trainer(
      hyperparameters: Hyperparameters(maximumEpochs: 1), training: smallSet(rows: 30, inputCount: 12),
      validation: smallSet(rows: 30, inputCount: 12))
    let state = try trainer.train(from: trainer.untrained(hidden: [3])) { _ in }.state
    let saved = SavedTraining(state: state, hyperparameters: trainer.hyperparameters, statesSHA256: "ab12")
    try saved.write(to: path)
    let whole = try Data(contentsOf: URL(filePath: path))
    for position in stride(from: 5, to: whole.count, by: 97) {
      var bytes = whole
      bytes[position] ^= 0x10
      try bytes.write(to: URL(filePath: path))
      guard let read = try? SavedTraining.read(from: path) else { continue }
      #expect(read == saved, "byte \(position)")
    }
  }

  @Test("A damaged state names the part at fault")
  func damaged() throws {
    let trainer = try Trainer(
      hyperparameters: Hyperparameters(maximumEpochs: 1), training: smallSet(rows: 30, inputCount: 12),
      validation: smallSet(rows: 30, inputCount: 12))
    let state = try trainer.train(from: trainer.untrained(hidden: [3])) { _ in }.state
    let damages: [(String, (Group) throws -> Void)] = [
      (
        "/second_moments/dense_2/bias holds NaN or infinity (value 1). "
          + "Use an earlier checkpoint or train again with a lower learning rate.",
        { try $0.dataset("second_moments/dense_2/bias").write([Float(0), .infinity, 0, 0]) }
      ),
      (
        "/history/epoch can't be used: it does not count 0, 1, 2, …. Use another copy of the file or train again.",
        { try $0.dataset("history/epoch").write([Int64(0), 4]) }
      ),
      (
        "/best/dense_1/bias can't be used: it does not have the content that its content_sha256 was taken of. Use another copy of the file or "
          + "train again.",
        { try $0.dataset("best/dense_1/bias").write([Float(0.5), 0.5, 0.5]) }
      ),
      (
        "attribute steps_taken is missing. Use another copy of the file or train again.",
        { try $0.attributes.remove("steps_taken") }
      ),
      (
        "the file is a frogtoad-checkpoint, not a frogtoad-training-state. Give a file of that kind.",
        { try $0.attributes.set("schema", "frogtoad-checkpoint") }
      ),
    ]
    for (sentence, spoil) in damages {
      try SavedTraining(state: state, hyperparameters: trainer.hyperparameters, statesSHA256: "ab12").write(to: path)
      let file = try File.open(path, writable: true)
      try spoil(file.root)
      try file.close()
      let error = #expect(throws: CheckpointError.self) { try SavedTraining.read(from: path) }
      #expect(error?.description == "\(path): \(sentence)")
    }
  }
}
