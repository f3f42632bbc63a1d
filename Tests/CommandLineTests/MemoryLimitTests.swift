import Foundation
import Testing

/// What `frogtoad` does within --max-memory, and what it refuses before it reads.
@Suite("Memory limits")
struct MemoryLimitTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func makeStates() throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "4000", "--test", "200", "--output", "s.h5")
    #expect(run.status == 0, run.transcript)
  }

  private func expectRefusal(_ what: String, _ alternative: String, _ arguments: String...) throws {
    let run = try workplace.run("frogtoad", arguments + ["--max-memory", "10M", "--threads", "2"])
    #expect(run.status == 1, run.transcript)
    let line = run.errors.split(separator: "\n").last.map(String.init) ?? ""
    #expect(line.hasPrefix("error: \(what) need ") && line.hasSuffix(" MB, more than --max-memory 10.0 MB. Raise it, or \(alternative)."))
    #expect(run.output.isEmpty, run.transcript)
  }

  @Test("What does not fit is refused with the size that it needs, and nothing is written")
  func refused() throws {
    try makeStates()
    try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "model.h5")
    try workplace.write("states.csv", "1\n")
    try expectRefusal("4,000 states", "generate fewer states", "generate", "--states", "4000", "--output", "new")
    try expectRefusal(
      "s.h5: 3,800 training, 200 test and 200 validation states", "train on fewer states", "train", "s.h5", "--hidden", "3", "--output",
      "new")
    try expectRefusal(
      "s.h5: the activations of a network", "use fewer threads with --threads", "record", "model.h5", "--states", "s.h5", "--output",
      "new.h5")
    try expectRefusal("states.csv: the rows", "use fewer threads with --threads", "import", "states.csv", "--output", "new")
    try expectRefusal("s.h5: the rows", "use fewer threads with --threads", "inspect", "s.h5")
    try expectRefusal("200,000 states", "generate fewer states", "run", "--output", "new")
    #expect(try workplace.names().filter { $0.hasPrefix("new") } == [])
  }

  @Test(
    "More states than a machine holds are refused before the first is played",
    .enabled(if: ProcessInfo.processInfo.physicalMemory < 150 << 30))
  func machine() throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "4000000000", "--output", "s.h5")
    #expect(run.status == 1 && run.errors.contains("4,000,000,000 states need ") && run.errors.contains(", and this machine has "))
    #expect(try workplace.names() == [])
  }

  @Test("Within a limit the results are the same")
  func within() throws {
    try makeStates()
    let free = try workplace.run("frogtoad", "inspect", "s.h5")
    let limited = try workplace.run("frogtoad", "inspect", "s.h5", "--max-memory", "80M", "--threads", "2")
    #expect(limited.status == 0 && limited.output == free.output, limited.transcript)
  }
}
