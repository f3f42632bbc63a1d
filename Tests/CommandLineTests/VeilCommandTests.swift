import ActivationRecording
import Foundation
import Testing

/// `--veil` from training to the recording.
@Suite("Veils on the command line")
struct VeilCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func run(_ status: Int32, _ arguments: String...) throws -> ProgramRun {
    let run = try workplace.run("frogtoad", arguments)
    #expect(run.status == status, run.transcript)
    return run
  }

  @Test("A network is recorded under the veil that it was trained under, and under another only where that is forced")
  func trainAndRecord() throws {
    _ = try run(0, "generate", "--states", "20000", "--test", "4000", "--test-split", "natural", "--output", "s.h5")
    let training = try run(
      0, "train", "s.h5", "--hidden", "4", "--epochs", "1", "--learning-rate", "1e-3", "--veil", "1", "--output", "net")
    #expect(
      training.errors.contains(/under the veil 1\.0 [\d,]+ of 4,000 test states look like a training state: they are left out\./),
      training.transcript)
    _ = try run(0, "record", "net/epoch-000.h5", "--states", "s.h5", "--output", "own.h5")
    let refused = try run(1, "record", "net/epoch-000.h5", "--states", "s.h5", "--veil", "paper", "--output", "other.h5")
    #expect(
      refused.errors
        == "error: net/epoch-000.h5: was trained under the veil 1.0, not paper. Leave --veil out, or give --force-veil to record it under another.\n",
      refused.transcript)
    #expect(!workplace.exists("other.h5"))
    _ = try run(0, "record", "net/epoch-000.h5", "--states", "s.h5", "--veil", "paper", "--force-veil", "--output", "other.h5")
    let own = try Recording(path: workplace.path("own.h5"))
    let other = try Recording(path: workplace.path("other.h5"))
    #expect(other.rowCount == 4000 && own.rowCount < 4000 && own.rowCount > 3000)
    #expect(own.description.provenance["veil"]?.contains("in 1.0 of the states") == true)
    #expect(other.description.provenance["veil"] == "own symbol, score and own cell are 0")
    #expect(own.description.provenance["game"]?.contains("Frog helps from cell 26 on") == true)
  }

  @Test("A training goes on under its own veil alone")
  func resume() throws {
    _ = try run(0, "generate", "--states", "5000", "--output", "s.h5")
    _ = try run(0, "train", "s.h5", "--hidden", "4", "--epochs", "1", "--veil", "0.5", "--output", "net")
    _ = try run(1, "train", "s.h5", "--hidden", "4", "--epochs", "2", "--resume", "--output", "net")
    _ = try run(0, "train", "s.h5", "--hidden", "4", "--epochs", "2", "--veil", "0.5", "--resume", "--output", "net")
  }

  @Test("A veil is paper or a share", arguments: ["1.5", "-0.1", "all", "nan", ""])
  func unusable(veil: String) throws {
    let refused = try run(64, "train", "s.h5", "--hidden", "4", "--veil=\(veil)", "--output", "net")
    #expect(refused.errors.contains("--veil"), refused.transcript)
  }
}
