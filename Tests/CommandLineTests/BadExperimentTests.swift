import Foundation
import Testing

/// What `frogtoad` says of input and folders that it cannot use.
@Suite("Bad experiments")
struct BadExperimentTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func expectFailure(_ status: Int32, _ sentence: String, _ arguments: String...) throws {
    let run = try workplace.run("frogtoad", arguments)
    #expect(run.status == status, run.transcript)
    #expect(run.errors.split(separator: "\n").last.map(String.init) == "error: \(sentence)", run.transcript)
    #expect(run.output.isEmpty, run.transcript)
  }

  private func makeStates(_ name: String = "states.h5") throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "20000", "--test", "1000", "--output", name)
    #expect(run.status == 0, run.transcript)
  }

  @Test("A malformed CSV row is named by its line, and nothing is written")
  func malformedCSV() throws {
    let good = (Array(repeating: "1", count: 32) + ["4", "5"] + Array(repeating: "0", count: 66) + ["0"]).joined(separator: ",")
    try workplace.write("bad.csv", good + "\n" + good.replacing("4,5", with: "4,x") + "\n")
    let run = try workplace.run("frogtoad", "import", "bad.csv", "--output", "states.h5")
    #expect(run.status == 2, run.transcript)
    #expect(run.errors.contains("bad.csv") && run.errors.contains("line 2"), run.transcript)
    #expect(run.errors.split(separator: "\n").count == 1, run.transcript)
    #expect(try workplace.names() == ["bad.csv"])
  }

  @Test("A CSV that is not there")
  func absentCSV() throws {
    let run = try workplace.run("frogtoad", "import", "absent.csv", "--output", "states.h5")
    #expect(run.status == 2 && run.errors.contains("absent.csv"), run.transcript)
    #expect(try workplace.names() == [])
  }

  @Test("Too few states for the test set")
  func tooFew() throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "1000", "--test", "900", "--output", "states.h5")
    #expect(run.status == 3, run.transcript)
    #expect(run.errors.contains("error: The test set needs"), run.transcript)
    #expect(try workplace.names() == [])
  }

  @Test("States that exist are replaced with --force only")
  func existing() throws {
    try workplace.write("states.h5", "mine")
    try expectFailure(
      1, "states.h5: exists already. Give --force to replace it, or another --output.", "generate", "--states", "1000", "--output",
      "states.h5")
    #expect(try workplace.text("states.h5") == "mine")
  }

  @Test("A file that holds no states, and a checkpoint that is none")
  func otherFiles() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "recording.h5")
    let train = try workplace.run("frogtoad", "train", "recording.h5", "--hidden", "3", "--output", "net")
    #expect(train.status == 2 && train.errors.contains("recording.h5 is a mirrorscope-recording, not a states file"), train.transcript)
    try makeStates()
    let record = try workplace.run("frogtoad", "record", "recording.h5", "--states", "states.h5", "--output", "r.h5")
    #expect(record.status == 2 && record.errors.contains("recording.h5: the file is a mirrorscope-recording"), record.transcript)
    #expect(!workplace.exists("r.h5") && !workplace.exists("net"))
  }

  @Test("A folder for recordings that cannot be made")
  func unwritableFolder() throws {
    try makeStates()
    try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "model.h5")
    try workplace.write("file", "no folder")
    try expectFailure(
      1, "file/recordings: the folder cannot be made. Check that its parent may be written to and no file has that name.", "record",
      "model.h5", "--states", "states.h5", "--output", "file/recordings")
  }

  @Test(
    "Writing that fails, as on a full disk, has its sentence and leaves nothing under the final name", arguments: [8, 16, 24, 40, 56, 72])
  func fullDisk(limit: Int) throws {
    try makeStates()
    try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "model.h5")
    let program = try #require(workplace.program("frogtoad"))
    // A limit on the size of files (in blocks of 512 bytes or of 1 KiB) stands in for the disk.
    let run = try workplace.run(
      executable: URL(filePath: "/bin/sh"),
      ["-c", "ulimit -f \(limit); exec '\(program)' record model.h5 --states states.h5 --output out.h5"])
    #expect(run.status == 1, run.transcript)
    #expect(run.errors.hasPrefix("error: out.h5: ") && run.errors.split(separator: "\n").count == 1, run.transcript)
    #expect(run.errors.contains("(file too large)"), run.transcript)
    #expect(!workplace.exists("out.h5"))
  }

  @Test(
    "Options that make no sense are usage errors",
    arguments: [
      ["train", "s.h5", "--hidden", "0", "--output", "n"], ["train", "s.h5", "--hidden", "3", "--dropout", "1", "--output", "n"],
      ["train", "s.h5", "--hidden", "3", "--balance", "some", "--output", "n"], ["generate", "--output", "s.h5"],
      ["play", "--turns", "0"], ["run", "--preset", "slow", "--output", "d"],
    ])
  func usage(arguments: [String]) throws {
    let run = try workplace.run("frogtoad", arguments)
    #expect(run.status == 64, run.transcript)
    #expect(run.output.isEmpty && !run.errors.isEmpty, run.transcript)
  }
}
