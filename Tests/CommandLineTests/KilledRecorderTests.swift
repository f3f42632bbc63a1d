import Foundation
import HDF5
import Testing

/// A recorder that is killed while it writes, and what `recover` makes of its remains.
@Suite("A killed recorder")
struct KilledRecorderTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func succeed(_ program: String, _ arguments: String...) throws {
    let run = try workplace.run(program, arguments)
    try #require(run.status == 0, run.transcript)
  }

  private func size(_ name: String) -> Int {
    ((try? FileManager.default.attributesOfItem(atPath: workplace.path(name)))?[.size] as? Int) ?? 0
  }

  /// Starts `frogtoad record` into `killed.h5` and kills it as soon as its partial file has so many bytes.
  private func recordAndKill(atBytes bytes: Int) throws {
    let process = Process()
    process.executableURL = URL(filePath: try #require(workplace.program("frogtoad")))
    process.arguments = ["record", "net/epoch-000.h5", "--states", "s.h5", "--split", "train", "--output", "killed.h5", "--threads", "1"]
    process.currentDirectoryURL = workplace.folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning && size("killed.h5.partial") < bytes { usleep(500) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try #require(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL, "it ended before it was killed")
    #expect(!workplace.exists("killed.h5") && workplace.exists("killed.h5.partial"))
  }

  @Test("What it had flushed becomes a valid recording: the first rows of the complete one, bit for bit")
  func recover() throws {
    try succeed("frogtoad", "generate", "--states", "100000", "--test", "1000", "--output", "s.h5")
    try succeed("frogtoad", "train", "s.h5", "--hidden", "17,17", "--epochs", "1", "--output", "net")
    try succeed("frogtoad", "record", "net/epoch-000.h5", "--states", "s.h5", "--split", "train", "--output", "complete.h5")
    try recordAndKill(atBytes: size("complete.h5") / 2)
    try succeed("mirrorscope", "recover", "killed.h5.partial")
    let validation = try workplace.run("mirrorscope", "validate", "killed.h5")
    #expect(validation.status == 0 && validation.output == "killed.h5: valid\n", validation.transcript)

    let complete = try File.open(workplace.path("complete.h5")).root
    let recovered = try File.open(workplace.path("killed.h5")).root
    let rows = try recovered.dataset("phase").shape[0]
    // A flush every 16,384 rows, the last of them before about half of the file was written.
    #expect(rows >= 2 * 16_384 && rows < 99_000)
    func expectPrefix(_ name: String, _ theirs: Group, _ ours: Group) throws {
      let dataset = try ours.dataset(name)
      #expect(dataset.shape[0] == rows)
      #expect(try dataset.read(as: Double.self) == theirs.dataset(name).read(rows: 0..<rows, as: Double.self), "\(name)")
    }
    for name in ["sample", "phase", "label", "prediction", "partner_acting", "stratum", "inputs"] {
      try expectPrefix(name, complete, recovered)
    }
    for layer in try complete.group("layers").childNames() {
      try expectPrefix("activations", complete.group("layers").group(layer), recovered.group("layers").group(layer))
    }
  }
}
