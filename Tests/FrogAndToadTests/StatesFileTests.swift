import Files
import Foundation
import HDF5
import Testing

@testable import FrogAndToad

/// A name for a states file, and nothing under it or its partial name after the test.
func withTemporaryStatesFile(_ body: (String) throws -> Void) throws {
  let path = FileManager.default.temporaryDirectory.appending(path: "frogtoad-\(UUID().uuidString).h5").path()
  defer {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: path + ".partial")
  }
  try body(path)
}

@Suite struct StatesFileTests {
  private let provenance = StatesProvenance(
    seed: 9, commandLine: "frogtoad generate --states 3000", source: "tests", created: Date(timeIntervalSince1970: 1_700_000_000))

  private func generated() throws -> GeneratedStates {
    try generateStates(count: 3_000, testCount: 100, seed: 9, threads: 1)
  }

  private func nothingIsLeft(of path: String) -> Bool {
    !FileManager.default.fileExists(atPath: path) && !FileManager.default.fileExists(atPath: path + ".partial")
  }

  @Test("A data set comes back from its file as it was, whole and in blocks, with its provenance")
  func roundTrip() throws {
    let set = try generateStates(count: 40_000, testCount: 500, seed: UInt64.max, threads: 2)
    try withTemporaryStatesFile { path in
      var progress: [Int] = []
      let created = Date(timeIntervalSince1970: 1_700_000_000)
      try set.write(to: path, commandLine: "frogtoad generate", created: created) { done, total in
        #expect(total == 42_000)
        progress.append(done)
      }
      #expect(progress.last == 42_000)
      #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
      let file = try StatesFile(path)
      #expect(file.count(.train) == 39_500 && file.count(.test) == 500)
      #expect(try file.rows(.train) == set.train.rows())
      #expect(try file.rows(.test) == set.test.rows())
      #expect(file.count(.validation) == 2_000)
      #expect(try file.rows(.validation) == set.validation.rows())
      #expect(try file.rows(.train, 16_000..<17_000) == set.train.rows(16_000..<17_000))
      #expect(try file.rows(.test, 7..<7).count == 0)
      var blocks = StateRows()
      try file.forEachBlock(of: .train, blockRows: 9_999) { blocks.append($0) }
      #expect(blocks == set.train.rows())
      #expect(
        file.provenance
          == StatesProvenance(
            seed: UInt64.max, commandLine: "frogtoad generate", source: "frogtoad generate", couplings: Couplings(), testDraw: .stratified,
            created: created))
      #expect(file.hash.count == 64)
      #expect(try file.computedHash() == file.hash)
    }
  }

  @Test("Couplings come back from the file; one that can't be is refused")
  func couplings() throws {
    let couplings = Couplings(helpFrom: nil, dependency: 250, obstacleRate: 0.05, flyPatterns: 40)
    let set = try generateStates(
      count: 3_000, testCount: 300, seed: 2, options: GenerationOptions(couplings: couplings, testDraw: .natural), threads: 1)
    try withTemporaryStatesFile { path in
      try set.write(to: path, commandLine: "")
      let file = try StatesFile(path)
      #expect(file.provenance.couplings == couplings && file.provenance.testDraw == .natural && file.provenance.shortLabels.isEmpty)
      #expect(try file.rows(.test).labels.allSatisfy { $0 != Action.help.rawValue })
    }
    for (name, value) in [("dependency", 1001), ("help_from", 32), ("fly_patterns", 0)] {
      try withTemporaryStatesFile { path in
        let file = try File.create(path)
        let attributes = try file.root.attributes
        for (name, value) in [
          ("complete", 1), ("dependency", 1000), ("help_from", 26), ("fly_patterns", 6), (name, value),
        ] { try attributes.set(name, value) }
        for (name, text) in [("schema", "frogtoad-states"), ("schema_version", "1.1"), ("states_sha256", "")] {
          try attributes.set(name, text)
        }
        try attributes.set("obstacle_rate", 0.075)
        try file.close()
        #expect(throws: StatesFileError.self, "\(name)") { _ = try StatesFile(path) }
      }
    }
  }

  @Test("A file from before couplings were said is of the paper's game; an imported one says nothing", arguments: [true, false])
  func olderFile(isGenerated: Bool) throws {
    try withTemporaryStatesFile { path in
      let file = try File.create(path)
      let attributes = try file.root.attributes
      try attributes.set("complete", 1)
      if isGenerated { try attributes.set("seed", 1) }
      for (name, text) in [("schema", "frogtoad-states"), ("schema_version", "1.0"), ("states_sha256", "")] {
        try attributes.set(name, text)
      }
      try file.close()
      #expect(try StatesFile(path).provenance.couplings == (isGenerated ? Couplings() : nil))
    }
  }

  @Test("The states of the paper's game are those that they were: the hash of a set made before couplings were built")
  func unchanged() throws {
    let set = try generateStates(count: 3_000, testCount: 100, validationCount: 0, seed: 9, threads: 2)
    try withTemporaryStatesFile { path in
      try set.write(to: path, commandLine: "")
      #expect(try StatesFile(path).hash == "25762810678de0af2d59196386c230ad84e2a3a3c6337dec9b4d2cbd84996914")
    }
  }

  @Test("The same seed gives the same hash, another seed another")
  func hash() throws {
    try withTemporaryStatesFile { first in
      try withTemporaryStatesFile { second in
        try generated().write(to: first, commandLine: "a")
        try generateStates(count: 3_000, testCount: 100, seed: 9, threads: 2).write(to: second, commandLine: "b")
        #expect(try StatesFile(first).hash == StatesFile(second).hash)
        try generateStates(count: 3_000, testCount: 100, seed: 10, threads: 2).write(to: second, commandLine: "b", overwrite: true)
        #expect(try StatesFile(first).hash != StatesFile(second).hash)
      }
    }
  }

  @Test("A file that h5py wrote, plain and without optional parts, reads as the CSV rows it holds, and its hash is ours")
  func writtenByH5py() throws {
    let file = try StatesFile(fixtures.appending(path: "states_by_h5py.h5").path())
    var csv = StateRows()
    _ = try readAuthorCSV(fixtures.appending(path: "states_slice.csv").path()) { csv.append($0) }
    var rows = try file.rows(.train)
    rows.append(try file.rows(.test))
    #expect(rows.count == 60 && rows.episodes == nil)
    #expect(rows.states == Array(csv.states.prefix(6_000)))
    #expect(rows.labels == Array(csv.labels.prefix(60)) && rows.scenarios == Array(csv.scenarios.prefix(60)))
    #expect(rows.partnerActing == Array(csv.partnerActing.prefix(60)))
    #expect(file.provenance.seed == 42)
    #expect(try file.computedHash() == file.hash)
  }

  @Test("An imported CSV file becomes the test set, row by row, or the training set on demand", arguments: Split.allCases)
  func importing(split: Split) throws {
    try withTemporaryStatesFile { path in
      let csv = fixtures.appending(path: "states_slice.csv").path()
      let report = try importAuthorCSV(csv, to: path, split: split, commandLine: "frogtoad import")
      let file = try StatesFile(path)
      #expect(report.rows == 304 && file.count(split) == 304)
      #expect(file.count(split == .test ? .train : .test) == 0)
      #expect(file.provenance.seed == nil && file.provenance.source == "states_slice.csv")
      var expected = StateRows()
      _ = try readAuthorCSV(csv) { expected.append($0) }
      #expect(try file.rows(split) == expected)
      let summary = try StatesSummary(file)
      #expect(summary.tally(split).count == 304)
      #expect(summary.overlaps.isEmpty)
    }
  }

  @Test("The summary of a file counts what the rows say")
  func summary() throws {
    try withTemporaryStatesFile { path in
      let set = try generated()
      try set.write(to: path, commandLine: "")
      let summary = try StatesSummary(StatesFile(path))
      #expect(summary.tally(.train) == StateTally(set.train.rows()) && summary.tally(.test) == StateTally(set.test.rows()))
      #expect(summary.tally(.validation) == StateTally(set.validation.rows()))
      #expect(summary.overlaps.map(\.split) == [.test, .validation] && summary.overlaps.map(\.overlap.count) == [100, 150])
      #expect(summary.overlaps.allSatisfy { $0.overlap.sharedStates == 0 && $0.overlap.sharedVeiledStates == 0 })
    }
  }

  @Test("A summary that reads the file in parts, for want of memory, says the same")
  func summaryInParts() throws {
    try withTemporaryStatesFile { path in
      let rows = try generateStates(count: 90_000, testCount: 0, seed: 5, threads: 2).train.rows()
      let writer = try StatesFileWriter(path, provenance: StatesProvenance(seed: nil, commandLine: "", source: "test"))
      // The same rows in both sets, the test set the greater of the two.
      func part(_ range: Range<Int>) -> StateRows {
        StateRows(
          states: Array(rows.states[range.lowerBound * 100..<range.upperBound * 100]), labels: Array(rows.labels[range]),
          scenarios: Array(rows.scenarios[range]), partnerActing: Array(rows.partnerActing[range]))
      }
      try writer.append(part(20_000..<60_000), to: .train)
      try writer.append(part(0..<50_000), to: .test)
      try writer.finish()
      let file = try StatesFile(path)
      let whole = try StatesSummary(file)
      #expect(StatesSummary.parts(file, .test, memory: nil) == 1 && StatesSummary.parts(file, .test, memory: 1) == 3)
      let inParts = try StatesSummary(file, memory: 1)
      #expect(inParts.overlaps.map(\.overlap) == whole.overlaps.map(\.overlap))
      #expect(Split.allCases.allSatisfy { inParts.tally($0) == whole.tally($0) })
      #expect(whole.overlaps.map(\.overlap.sharedStates) == [30_000] && whole.overlaps.map(\.overlap.count) == [50_000])
    }
  }

  @Test("Labels and scenarios that are numbered otherwise go by their names, and a number without one is an error")
  func otherNumbers() throws {
    try withTemporaryStatesFile { path in
      try generated().write(to: path, commandLine: "")
      let rows = try StatesFile(path).rows(.test)
      let names = ["leap", "jump", "hop", "help"]
      let file = try File.open(path, writable: true)
      let other = try file.root.group("test").createDataset("other", type: .enumeration(names), shape: [rows.count])
      try other.write(rows.labels.map { UInt8(names.firstIndex(of: Action(rawValue: $0)?.description ?? "") ?? 9) })
      try file.close()
      let column = CodeColumn(
        try File.open(path).root.dataset("test/other"), names: Action.allCases.map(\.description), file: path)
      #expect(try column.read(0..<rows.count) == rows.labels)
      let fewer = CodeColumn(try File.open(path).root.dataset("test/other"), names: ["hop", "jump"], file: path)
      #expect(throws: StatesFileError.self) { try fewer.read(0..<rows.count) }
    }
  }

  @Test("What is no HDF5 file is named where it is known")
  func otherFile() throws {
    try withTemporaryFile("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n") { path in
      #expect {
        _ = try StatesFile(path)
      } throws: { error in
        String(describing: error) == "\(path) is a Git LFS pointer: git lfs pull, or download the file itself."
      }
    }
  }

  @Test("A malformed CSV row leaves nothing under the name, and an older file as it was")
  func failedImport() throws {
    try withTemporaryStatesFile { path in
      try withTemporaryFile("1,2,3\n") { csv in
        #expect(throws: CSVError.self) { _ = try importAuthorCSV(csv, to: path, commandLine: "") }
        #expect(nothingIsLeft(of: path))
        try generated().write(to: path, commandLine: "")
        let hash = try StatesFile(path).hash
        #expect(throws: CSVError.self) { _ = try importAuthorCSV(csv, to: path, commandLine: "", overwrite: true) }
        #expect(try StatesFile(path).hash == hash)
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
      }
    }
  }

  @Test("An existing file is not overwritten unless asked for")
  func existing() throws {
    try withTemporaryStatesFile { path in
      try Data("mine".utf8).write(to: URL(filePath: path))
      #expect {
        _ = try StatesFileWriter(path, provenance: provenance)
      } throws: { error in
        error as? FileError == FileError(file: path, fault: .exists)
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }
  }

  @Test("Rows that can't follow those written are refused")
  func unusableRows() throws {
    try withTemporaryStatesFile { path in
      do {
        let rows = try generated().test.rows()
        let writer = try StatesFileWriter(path, provenance: provenance)
        var short = rows
        short.labels.removeLast()
        var withoutEpisodes = rows
        withoutEpisodes.episodes = nil
        #expect(throws: StatesFileError.self) { try writer.append(short, to: .train) }
        try writer.append(rows, to: .test)
        #expect(throws: StatesFileError.self) { try writer.append(withoutEpisodes, to: .test) }
        #expect(throws: StatesFileError.self) { try writer.append(rows, to: .train) }
      }
      #expect(nothingIsLeft(of: path))
    }
  }

  @Test("A folder that isn't there is an error when the file is begun")
  func noFolder() {
    #expect(throws: FileError.self) { _ = try StatesFileWriter("/nowhere/states.h5", provenance: provenance) }
  }

  struct Damage: CustomTestStringConvertible {
    let testDescription: String
    let error: @Sendable (String) -> StatesFileError
    let sentence: String
    let harm: @Sendable (Group) throws -> Void
  }

  @Test(
    "A file that is no states file, or a damaged one, is an error that says so",
    arguments: [
      Damage(
        testDescription: "another schema", error: { .notStates(file: $0, schema: "mirrorscope-recording") },
        sentence: "is a mirrorscope-recording, not a states file",
        harm: { try $0.attributes.set("schema", "mirrorscope-recording") }),
      Damage(
        testDescription: "no schema", error: { .notStates(file: $0, schema: nil) }, sentence: "holds no states",
        harm: { try $0.attributes.remove("schema") }),
      Damage(
        testDescription: "newer", error: { .newerVersion(file: $0, version: "2.0") }, sentence: "has version 2.0",
        harm: { try $0.attributes.set("schema_version", "2.0") }),
      Damage(
        testDescription: "no version", error: { .missing(file: $0, part: "attribute schema_version") },
        sentence: "has no attribute schema_version", harm: { try $0.attributes.remove("schema_version") }),
      Damage(
        testDescription: "incomplete", error: { .incomplete(file: $0) }, sentence: "is incomplete",
        harm: { try $0.attributes.set("complete", 0) }),
      Damage(
        testDescription: "no hash", error: { .missing(file: $0, part: "attribute states_sha256") },
        sentence: "has no attribute states_sha256", harm: { try $0.attributes.remove("states_sha256") }),
      Damage(
        testDescription: "rows missing",
        error: { .shape(file: $0, part: "/test/label", found: [99], expected: "[100] as /test/states has 100 rows") },
        sentence: "/test/label has the shape [99], expected is [100]",
        harm: { try $0.dataset("test/label").extend(rows: 99) }),
    ])
  func damaged(_ damage: Damage) throws {
    try withTemporaryStatesFile { path in
      try generated().write(to: path, commandLine: "")
      try damage.harm(try File.open(path, writable: true).root)
      #expect {
        _ = try StatesFile(path)
      } throws: { error in
        error as? StatesFileError == damage.error(path) && String(describing: error).contains(damage.sentence)
      }
    }
  }

  @Test("A split without a required column is an error; unknown labels are found when they are read")
  func columns() throws {
    try withTemporaryStatesFile { path in
      let file = try File.create(path)
      let root = try file.root
      try root.attributes.set("schema", "frogtoad-states")
      try root.attributes.set("schema_version", "1.1")
      try root.attributes.set("complete", 1)
      try root.attributes.set("states_sha256", "")
      try root.write("test/states", [UInt8](repeating: 1, count: 300), shape: [3, 100])
      try root.write("test/label", [0, 3, 4] as [UInt8])
      try file.flush()
      #expect(throws: StatesFileError.missing(file: path, part: "/test/scenario")) { _ = try StatesFile(path) }
      try root.write("test/scenario", [0, 0, 0] as [UInt8])
      try file.close()
      let states = try StatesFile(path)
      #expect(states.count(.test) == 3 && states.count(.train) == 0)
      #expect(try states.rows(.test, 0..<2).labels == [0, 3])
      #expect(throws: StatesFileError.unknownCode(file: path, part: "/test/label", row: 2, value: 4)) {
        _ = try states.rows(.test, 1..<3)
      }
      #expect(throws: StatesFileError.rowsOutOfRange(file: path, split: .test, rows: 2..<5, count: 3)) {
        _ = try states.rows(.test, 2..<5)
      }
    }
  }

  @Test("What is no HDF5 file, or isn't there, is an error of HDF5's")
  func noHDF5() throws {
    #expect(throws: HDF5Error.self) { _ = try StatesFile("/nowhere/states.h5") }
    try withTemporaryFile("1,2,3") { path in
      #expect(throws: HDF5Error.self) { _ = try StatesFile(path) }
    }
  }
}
