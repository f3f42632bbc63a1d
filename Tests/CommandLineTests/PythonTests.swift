import Foundation
import Testing

/// Our recordings in other people's programs. `scripts/test` prepares the Python; without it these tests are skipped.
@Suite("Recordings in Python", .enabled(if: python != nil, "no Python with h5py: run scripts/test"))
struct PythonTests {
  @Test("h5py and xarray open a recording, with dimensions sample and unit, and numpy and scipy agree with its tables to 1e-9")
  func readable() throws {
    let workplace = try Workplace()
    for arguments in [
      ["generate", "--states", "30000", "--test", "2000", "--output", "s.h5"],
      ["train", "s.h5", "--hidden", "6,5", "--learning-rate", "1e-3", "--epochs", "1", "--output", "net"],
      ["record", "net/epoch-001.h5", "--states", "s.h5", "--output", "rec.h5"],
    ] {
      let run = try workplace.run("frogtoad", arguments)
      #expect(run.status == 0, run.transcript)
    }
    for command in ["cmni", "stats"] {
      let run = try workplace.run("mirrorscope", command, "rec.h5", "--output", "\(command).csv")
      #expect(run.status == 0, run.transcript)
    }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/CommandLine/check_recording.py")
    let check = try workplace.run(executable: try #require(python), [script.path, "rec.h5", "cmni.csv", "stats.csv"])
    #expect(check.status == 0, check.transcript)
    #expect(check.output == "ok\n", check.transcript)
  }
}
