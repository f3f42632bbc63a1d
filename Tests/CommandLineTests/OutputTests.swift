import Foundation
import Testing

/// Where results go: standard output that fails, and files that are read.
@Suite("Outputs")
struct OutputTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "r.h5")
  }

  private func makeStates() throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "20000", "--test", "1000", "--output", "s.h5", "--quiet")
    try #require(run.status == 0, run.transcript)
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: workplace.path(name))) }

  private static let results = [
    "mirrorscope stats r.h5", "mirrorscope cmni r.h5 --format json", "mirrorscope inspect r.h5", "mirrorscope validate r.h5 --quiet",
    "mirrorscope --help", "mirrorscope stats --help", "frogtoad --version", "frogtoad play --turns 3 --delay 0", "frogtoad inspect s.h5",
  ]

  @Test("A full or closed standard output is a sentence and exit code 1")
  func unwritableOutput() throws {
    try makeStates()
    for command in Self.results {
      let full = try workplace.shell("\(command) >/dev/full")
      #expect(full.status == 1, full.transcript)
      #expect(full.errors == "error: Standard output: cannot be written to (no space left on device).\n", full.transcript)
      let closed = try workplace.shell("\(command) >&-")
      #expect(closed.status == 1, closed.transcript)
      #expect(
        closed.errors == "error: Standard output: cannot be written to (it is closed). Give a file with --output, or leave it open.\n",
        closed.transcript)
    }
  }

  @Test("What is closed is not mistaken for a file")
  func everythingClosed() throws {
    let run = try workplace.shell("mirrorscope stats r.h5 -o a.csv >&- 2>&- <&-; mirrorscope stats r.h5 -o b.csv; cmp a.csv b.csv")
    #expect(run.status == 0, run.transcript)
    #expect(try workplace.shell("mirrorscope stats absent.h5 2>&-").status == 2)
  }

  @Test("Of partial files in an output's place only those that were left by it give way without --force")
  func partialFiles() throws {
    for (command, output) in [
      ("stats r.h5 -o", "a.csv"), ("stats r.h5 -o", "a.tsv"), ("stats r.h5 -o", "a.json"), ("circuit r.h5 --dot", "a.dot"),
      ("inspect r.h5 -o", "a.txt"),
    ] {
      _ = try workplace.shell("echo precious > \(output).partial")
      let refused = try workplace.shell("mirrorscope \(command) \(output) --quiet")
      #expect(refused.status == 1)
      #expect(
        refused.errors
          == "error: \(output): \(output).partial, under which it is to be written, is another file. Remove it, give --force to replace it, "
          + "or choose another name.\n", refused.transcript)
      #expect(try workplace.text("\(output).partial") == "precious\n")
      let forced = try workplace.shell("mirrorscope \(command) \(output) --quiet --force")
      #expect(forced.status == 0, forced.transcript)
      // What is left of it where the writer is killed: its first bytes, or none.
      for count in output == "a.txt" ? [0] : [0, 200] {
        _ = try workplace.shell("head -c \(count) \(output) > \(output).partial; mv \(output) whole")
        let again = try workplace.shell("mirrorscope \(command) \(output) --quiet")
        #expect(again.status == 0, again.transcript)
        #expect(try workplace.text(output) == workplace.text("whole"))
      }
    }
    _ = try workplace.shell("echo precious > b.h5.partial")
    let recovered = try workplace.shell("mirrorscope stats r.h5 -o c.csv; frogtoad generate --states 3000 -o b.h5 --quiet")
    #expect(recovered.status == 1 && recovered.errors.contains("b.h5.partial, under which it is to be written, is another file."))
  }

  @Test("An analysis does not replace its recording, under any name, whether forced or not")
  func recordingAsOutput() throws {
    let before = try bytes("r.h5")
    _ = try workplace.shell("ln -s r.h5 link.h5; ln r.h5 hard.h5; mkdir folder; cp r.h5 x.csv.partial")
    for command in [
      "cmni", "stats", "units --permutations 9", "divergence", "correlate", "similarity", "direction", "overlap", "ablate --controls 2",
      "circuit",
      "decode --permutations 9 --halves 2",
      "audit",
      "inspect", "validate", "report --permutations 9",
    ] {
      for force in ["", " --force"] {
        let run = try workplace.shell("mirrorscope \(command) r.h5 -o folder/../r.h5 --quiet\(force)")
        #expect(run.status == 1, run.transcript)
        #expect(
          run.errors == "error: folder/../r.h5: it is r.h5, which is read here, and would be lost; choose another name.\n", run.transcript)
      }
    }
    for command in [
      "stats r.h5 -o r.h5", "stats r.h5 -o link.h5", "stats link.h5 -o r.h5", "stats r.h5 -o hard.h5", "stats r.h5 --join r.h5 -o r.h5",
      "circuit r.h5 --dot r.h5", "correlate r.h5 --matrix --across-layers -o r.h5", "stats x.csv.partial -o x.csv",
      "recover r.h5 -o r.h5", "direction r.h5 --write r.h5",
    ] {
      let run = try workplace.shell("mirrorscope \(command) --quiet --force")
      #expect(run.status == 1 || command.contains("--join"), run.transcript)
    }
    #expect(try bytes("r.h5") == before && bytes("x.csv.partial") == before)
    #expect(try workplace.names() == ["folder", "hard.h5", "link.h5", "r.h5", "x.csv.partial"])
  }

  @Test("Recording and import do not replace what they read")
  func experimentInputsAsOutput() throws {
    try makeStates()
    try #require(try workplace.run("frogtoad", "train", "s.h5", "--hidden", "4", "--epochs", "1", "--output", "net", "--quiet").status == 0)
    try workplace.copyFixture("FrogAndToad/states_slice.csv", as: "i.csv")
    let before = try ["s.h5", "net/epoch-000.h5", "net/epoch-001.h5", "i.csv"].map(bytes)
    for command in [
      "record net/epoch-000.h5 --states s.h5 -o s.h5", "record net/epoch-000.h5 --states s.h5 -o net/epoch-000.h5",
      "record net --states s.h5 -o net", "import i.csv -o i.csv", "import i.csv -o ./i.csv",
    ] {
      for force in ["", " --force"] {
        let run = try workplace.shell("frogtoad \(command) --quiet\(force)")
        #expect(run.status == 1, run.transcript)
        #expect(run.errors.contains("read here, and would be lost; choose another name.\n"), run.transcript)
      }
    }
    #expect(try ["s.h5", "net/epoch-000.h5", "net/epoch-001.h5", "i.csv"].map(bytes) == before)
  }

  @Test("train replaces only what a training wrote")
  func strangersInTraining() throws {
    try makeStates()
    let train = "frogtoad train s.h5 --hidden 4 --epochs 1 --quiet --output"
    try #require(try workplace.shell("\(train) net && frogtoad record net --states s.h5 -o recordings --quiet").status == 0)
    let recording = try bytes("recordings/epoch-000.h5")
    let folders = [
      ("recordings", "recordings/epoch-000.h5: is no checkpoint of a training"), ("states", "states/epoch-000.h5: is no checkpoint"),
      ("state", "state/state.h5: is no state of a training"), ("table", "table/training.csv: is no table of a training"),
    ]
    _ = try workplace.shell(
      "mkdir states state table; cp s.h5 states/epoch-000.h5; cp s.h5 state/state.h5; echo mine > table/training.csv")
    for (folder, sentence) in folders {
      for option in ["", " --force", " --resume"] {
        let run = try workplace.shell("\(train) \(folder)\(option)")
        #expect(run.status == 1 && run.errors.hasPrefix("error: \(sentence)"), run.transcript)
        #expect(run.errors.hasSuffix(", and would be replaced. Choose another --output, or move it away.\n"), run.transcript)
      }
    }
    #expect(try bytes("recordings/epoch-000.h5") == recording)
    #expect(try workplace.text("table/training.csv") == "mine\n")

    _ = try workplace.shell("echo note > net/note.txt; rm net/state.h5")
    let begun = try workplace.shell("\(train) net")
    #expect(begun.errors == "error: net/epoch-000.h5: exists already. Give --force to replace it, or another --output.\n", begun.transcript)
    #expect(try workplace.shell("\(train) net --resume").errors.contains("net/state.h5: is missing"))
    #expect(try workplace.shell("\(train) net --force").status == 0)
    #expect(try workplace.text("net/note.txt") == "note\n")
  }

  @Test("run --force replaces only what a run wrote, and names the stranger")
  func strangersInRun() throws {
    try makeStates()
    for (make, stranger) in [
      ("cp r.h5 states.h5", "states.h5"), ("echo mine > cmni.csv", "cmni.csv"), ("echo mine > stats.csv", "stats.csv"),
      ("mkdir networks && echo mine > networks/mine.txt", "networks/mine.txt"), ("echo mine > networks", "networks"),
      ("mkdir -p networks/2x17 && echo mine > networks/2x17/mine.txt", "networks/2x17/mine.txt"),
      ("mkdir -p networks/2x17 && cp ../s.h5 networks/2x17/epoch-000.h5", "networks/2x17/epoch-000.h5"),
      ("mkdir -p recordings/a && echo mine > recordings/a/mine.h5", "recordings/a/mine.h5"),
    ] {
      for option in ["--force", "--resume"] {
        let run = try workplace.shell(
          "rm -rf d; mkdir d; cp r.h5 d/r.h5; (cd d; \(make); rm r.h5; find . -type f | sort > ../before); "
            + "frogtoad run \(option) -o d --quiet; status=$?; (cd d; find . -type f | sort | diff - ../before); exit $status")
        #expect(run.status == 1 && run.output.isEmpty, run.transcript)
        #expect(run.errors.hasPrefix("error: d/\(stranger): "), run.transcript)
      }
    }
  }
}
