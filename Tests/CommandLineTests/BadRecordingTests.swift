import ActivationRecording
import Foundation
import HDF5
import Testing

/// What `mirrorscope` says of files that it cannot use: one sentence, the right exit code, nothing on standard output.
@Suite("Bad recordings")
struct BadRecordingTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  /// A copy of a small valid recording, changed.
  private func recording(_ name: String = "bad.h5", _ change: (File) throws -> Void) throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: name)
    let file = try File.open(workplace.path(name), writable: true)
    try change(file)
    try file.close()
  }

  private func expectFailure(_ status: Int32, _ sentence: String, _ arguments: String...) throws {
    for command in arguments.isEmpty ? [["cmni", "bad.h5"], ["stats", "bad.h5"]] : [arguments] {
      let run = try workplace.run("mirrorscope", command)
      #expect(run.status == status, run.transcript)
      #expect(run.errors == "error: \(sentence)\n", run.transcript)
      #expect(run.output.isEmpty, run.transcript)
    }
  }

  @Test("A file that is not there")
  func absent() throws {
    try expectFailure(2, "bad.h5: cannot open the file: it does not exist")
  }

  @Test("A file that is not HDF5")
  func notHDF5() throws {
    try workplace.write("bad.h5", "none,self,other\n1,2,3\n")
    try expectFailure(2, "bad.h5: cannot open the file: it is not an HDF5 file")
  }

  @Test("HDF5, but not a recording")
  func notARecording() throws {
    try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "bad.h5")
    try expectFailure(
      2,
      "bad.h5: is HDF5 but not a recording (attribute schema is not 'mirrorscope-recording'). See schemas/recording.md for the format.")
  }

  @Test("A newer schema version")
  func newerSchema() throws {
    try recording { try $0.root.attributes.set("schema_version", "2.0") }
    try expectFailure(2, "bad.h5: has recording schema 2.0, newer than the 1.1 that this program reads. Update Mirrorscope.")
  }

  @Test(
    "Rows that are declared but not there, however many", arguments: ["cmni", "stats", "units", "decode", "audit", "ablate", "circuit"],
    [1 << 50, 1 << 59])
  func declaredRows(_ command: String, _ rows: Int) throws {
    let file = try File.create(workplace.path("bad.h5"))
    try file.root.attributes.set("schema", "mirrorscope-recording")
    try file.root.attributes.set("schema_version", "1.0")
    try file.root.createDataset("phase", type: .uint8, shape: [rows], chunk: [1024])
    try file.root.createDataset("inputs", type: .uint8, shape: [rows, 1], chunk: [1024, 1])
    try file.root.createGroup("layers").createGroup("dense_1")
      .createDataset("activations", type: .float32, shape: [rows, 1], chunk: [1024, 1])
    try file.close()
    let declared = rows == 1 << 50 ? "1,125,899,906,842,624" : "576,460,752,303,423,488"
    try expectFailure(
      2, "bad.h5: /phase declares \(declared) rows, but the file holds 0 bytes of them. Record again.", command, "bad.h5", "--quiet")
  }

  @Test("Doubles that no Float holds are permuted; a span that no double holds leaves units and cmni without p")
  func largeDoubles() throws {
    func write(_ values: [Double], to name: String) throws {
      try workplace.copyFixture("MirrorAnalysis/doubles.h5", as: name)
      let file = try File.open(workplace.path(name), writable: true)
      let activations = try file.root.dataset("layers/dense_1/activations")
      var all = try activations.read(as: Double.self)
      let none = try file.root.dataset("phase").read(as: UInt8.self).enumerated().filter { $0.element == 0 }.map(\.offset)
      for (row, value) in zip(none, values) { all[row * activations.shape[1] + 1] = value }
      try activations.write(all)
      try file.close()
    }
    try write([1e39], to: "large.h5")
    for options in [["cmni", "--permutations", "9"], ["units", "--permutations", "9"], ["units", "--p-values", "welch"]] {
      let run = try workplace.run("mirrorscope", options + ["large.h5", "--quiet"])
      #expect(run.status == 0 && run.errors.isEmpty, run.transcript)
    }
    try write([1.6e308, -1.7e308], to: "bad.h5")
    for command in ["cmni", "units"] {
      let wide = try workplace.run("mirrorscope", command, "bad.h5", "--permutations", "9", "--quiet")
      #expect(wide.status == 0 && wide.errors.isEmpty, wide.transcript)
      if command == "units" { #expect(wide.output.contains("spans more than numbers have room for: scale it"), wide.transcript) }
    }
  }

  @Test("A recording that was not finished")
  func incomplete() throws {
    try recording { try $0.root.attributes.set("complete", 0) }
    try expectFailure(
      2,
      "bad.h5: the recording was not finished (attribute complete is 0). Recover its rows with 'mirrorscope recover bad.h5'.")
  }

  @Test("A truncated file")
  func truncated() throws {
    try workplace.copyFixture("MirrorAnalysis/doubles.h5", as: "bad.h5")
    let handle = try FileHandle(forUpdating: workplace.folder.appending(path: "bad.h5"))
    try handle.truncate(atOffset: 60_000)
    try handle.close()
    let run = try workplace.run("mirrorscope", "cmni", "bad.h5")
    #expect(run.status == 2, run.transcript)
    #expect(run.errors.hasPrefix("error: bad.h5: cannot open the file: it is truncated ("), run.transcript)
    #expect(run.errors.split(separator: "\n").count == 1, run.transcript)
    #expect(run.output.isEmpty, run.transcript)
  }

  @Test("A layer whose rows differ in number from the phases', which --layers can leave out")
  func rowsDiffer() throws {
    try recording { file in
      let layer = try file.root.group("layers").createGroup("dense_3")
      try layer.write("activations", Array(repeating: Float(1), count: 299 * 2), shape: [299, 2])
    }
    try expectFailure(
      2, "bad.h5: /layers/dense_3/activations has 299 rows but /phase has 300. Re-record, or leave the layer out (--layers).")
    let run = try workplace.run("mirrorscope", "cmni", "bad.h5", "--layers", "dense_[12]")
    #expect(run.status == 0 && run.output.split(separator: "\n").count == 6, run.transcript)
  }

  @Test("NaN and infinity among the activations, named by layer, unit and row", arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(value: Float) throws {
    try recording { file in
      let activations = try file.root.group("layers").group("dense_2").dataset("activations")
      var row = try activations.read(rows: 123..<124, as: Float.self)
      row[2] = value
      try activations.write(row, rows: 123..<124)
    }
    try expectFailure(
      2,
      "bad.h5: /layers/dense_2/activations holds \(value) at row 123, unit 2. "
        + "Record finite values, or leave the layer out (--layers).")
  }

  @Test("A phase without rows")
  func emptyPhase() throws {
    try recording { file in
      let phase = try file.root.dataset("phase")
      try phase.write(try phase.read(as: Int64.self).map { $0 == 1 ? 0 : $0 })
    }
    try expectFailure(3, "bad.h5: phase self has no rows. Record states in which it occurs.", "cmni", "bad.h5")
    let run = try workplace.run("mirrorscope", "stats", "bad.h5")
    #expect(run.status == 0 && run.output.contains(",self,0,,,,,,,no rows in this phase"), run.transcript)
  }

  @Test("A phase code that means nothing")
  func unknownPhase() throws {
    try recording { file in
      let phase = try file.root.dataset("phase")
      try phase.write([Int64(7)], rows: 5..<6)
    }
    try expectFailure(2, "bad.h5: /phase holds 7 at row 5. It may hold none 0, self 1, other 2 and both 3.")
  }

  @Test("A layer pattern that matches nothing")
  func noLayer() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "good.h5")
    try expectFailure(
      1, "good.h5: no layer has a name that was asked for; it has dense_1, dense_2.", "cmni", "good.h5", "--layers", "conv*")
  }

  @Test("An output that exists is replaced with --force only")
  func existingOutput() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "good.h5")
    try workplace.write("cmni.csv", "mine")
    try expectFailure(
      1, "cmni.csv: exists already. Give --force to replace it, or another --output.", "cmni", "good.h5", "--output", "cmni.csv")
    #expect(try workplace.text("cmni.csv") == "mine")
    let run = try workplace.run("mirrorscope", "cmni", "good.h5", "--output", "cmni.csv", "--force", "--quiet")
    #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, run.transcript)
    #expect(try workplace.text("cmni.csv").hasPrefix("recording,network,epoch,checkpoint_id,"))
  }

  @Test("A failure part way leaves nothing under the output's name, nor beside it")
  func noPartialOutput() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "good.h5")
    let run = try workplace.run("mirrorscope", "stats", "good.h5", "absent.h5", "--output", "stats.csv")
    #expect(run.status == 2, run.transcript)
    #expect(try workplace.names() == ["good.h5"])
  }

  @Test("An output folder that is not there")
  func missingFolder() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "good.h5")
    try expectFailure(
      1, "absent/cmni.csv: cannot be created. Check that the folder exists and may be written to.", "cmni", "good.h5", "--output",
      "absent/cmni.csv")
  }

  @Test("An unknown option is a usage error")
  func usage() throws {
    let run = try workplace.run("mirrorscope", "cmni", "good.h5", "--layer", "x")
    #expect(run.status == 64, run.transcript)
    #expect(run.output.isEmpty, run.transcript)
  }

  @Test("A layer without units, which --layers can leave out")
  func noUnits() throws {
    try recording { file in
      try file.root.group("layers").createGroup("dense_3").createDataset("activations", type: .float32, shape: [300, 0])
    }
    let sentence = "bad.h5: /layers/dense_3/activations has no units. Record one or more, or leave the layer out (--layers)."
    try expectFailure(2, sentence)
    try expectFailure(2, sentence, "decode", "bad.h5", "--quiet")
    let run = try workplace.run("mirrorscope", "cmni", "bad.h5", "--layers", "dense_[12]")
    #expect(run.status == 0 && run.output.split(separator: "\n").count == 6, run.transcript)
  }
}
