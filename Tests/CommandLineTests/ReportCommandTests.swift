import Foundation
import Testing

/// `mirrorscope report` end to end.
@Suite("report")
struct ReportCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
    try workplace.copyFixture("MirrorReport/transformer.h5", as: "transformer.h5")
  }

  private func report(_ arguments: String...) throws -> ProgramRun {
    try workplace.run("mirrorscope", ["report"] + arguments + ["--quiet"])
  }

  /// The tables that a page offers, by name.
  private func downloads(_ page: String) -> [String: String] {
    var tables: [String: String] = [:]
    for match in page.matches(of: /<a download="([^"]+)" href="data:text\/csv;charset=utf-8,([^"]*)">/) {
      tables[String(match.1)] = String(match.2).removingPercentEncoding
    }
    return tables
  }

  @Test("Its data are what the commands write, byte by byte")
  func sameNumbers() throws {
    let run = try report("planted.h5", "--permutations", "999", "--seed", "3", "-o", "r.html")
    #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, run.transcript)
    let tables = downloads(try workplace.text("r.html"))
    for (command, options) in [
      ("cmni", ["--permutations", "999"]), ("units", ["--permutations", "999"]), ("direction", ["--permutations", "999"]), ("audit", []),
      ("circuit", ["--permutations", "999"]),
    ] {
      let seed = ["--seed", "3"]
      let alone = try workplace.run("mirrorscope", [command, "planted.h5", "--quiet"] + options + seed)
      try #require(alone.status == 0, alone.transcript)
      let found = try #require(tables.first { $0.key.hasPrefix(command) }, "no \(command) among \(tables.keys.sorted())")
      #expect(found.value == alone.output)
    }
    let ablate = try workplace.run("mirrorscope", "ablate", "planted.h5", "--quiet", "--seed", "3")
    let lines = Set(ablate.output.split(separator: "\n"))
    let ablated = tables.filter { $0.key.hasPrefix("ablate-") && !$0.key.hasPrefix("ablate-references") }
    #expect(!ablated.isEmpty && ablated.values.allSatisfy { Set($0.split(separator: "\n")).isSubset(of: lines) })
    #expect(ablated.values.reduce(0) { $0 + $1.split(separator: "\n").count - 1 } == lines.count - 1)
    let matrix = try workplace.shell("mirrorscope correlate planted.h5 --matrix --phase self --layers dense_1 --quiet")
    try #require(matrix.status == 0, matrix.transcript)
    let wide = try #require(tables.first { $0.key.hasPrefix("correlation-dense_1") }).value
    let rows = wide.split(separator: "\n").filter { $0.hasPrefix("self,") }.map { $0.dropFirst(5) }
    #expect(rows == Array(matrix.output.split(separator: "\n").dropFirst()))
  }

  @Test("The same page for any number of threads, and again under --force")
  func reproducible() throws {
    for (threads, name) in [("1", "a.html"), ("3", "b.html")] {
      let run = try report("planted.h5", "--permutations", "49", "--threads", threads, "-o", name)
      #expect(run.status == 0, run.transcript)
    }
    func body(_ name: String) throws -> String {
      // The command itself is on the page.
      try workplace.text(name).replacing(/--threads \d -o [ab]\.html/, with: "")
    }
    #expect(try body("a.html") == body("b.html"))
    let refused = try report("planted.h5", "--permutations", "49", "-o", "a.html")
    #expect(refused.status == 1 && refused.errors == "error: a.html: exists already. Give --force to replace it, or another --output.\n")
    #expect(try report("planted.h5", "--permutations", "49", "-o", "a.html", "--force").status == 0)
    let over = try report("planted.h5", "-o", "planted.h5", "--force")
    #expect(over.status == 1 && over.errors.contains("it is read here, and would be lost"), over.transcript)
  }

  @Test("A recording without kernels names ablation and circuit with the reason, and draws neither")
  func withoutKernels() throws {
    let run = try report("transformer.h5", "--permutations", "49", "-o", "t.html")
    #expect(run.status == 0, run.transcript)
    let page = try workplace.text("t.html")
    #expect(page.contains("<strong>Ablation: not computed.</strong> No layer above the first has a kernel"))
    #expect(page.contains("<strong>Circuit: not computed.</strong> No layer above the first has a kernel"))
    #expect(!page.contains("Effects of ablating") && !page.contains("Edges out of units"))
    #expect(page.contains("Self-other overlap by layer.") && page.contains("24 pairs"))
    #expect(page.contains("exchange within"))
    let names = Set(downloads(page).keys)
    #expect(names.contains { $0.hasPrefix("overlap") } && !names.contains { $0.hasPrefix("ablate") || $0.hasPrefix("circuit") })
  }

  @Test("Names from a file are text wherever they stand: none ends a script or begins an element")
  func escaping() throws {
    let run = try report("transformer.h5", "--permutations", "19", "-o", "t.html")
    #expect(run.status == 0, run.transcript)
    let page = try workplace.text("t.html")
    #expect(page.contains("block.1/&lt;/script&gt;&lt;b&gt;") && !page.contains("<b>\""))
    #expect(page.matches(of: /<\/script>/).count == 1 && page.matches(of: /<script>/).count == 1)
    #expect(page.firstMatch(of: /(?:src|href)="(?:https?:)?\/\//) == nil)
    #expect(!page.contains("@import") && !page.contains("url("))
  }

  @Test("Checkpoints of one network become curves; the one with the lowest loss is gone through")
  func checkpoints() throws {
    for arguments in [
      ["generate", "--states", "8000", "--test", "1500", "--output", "s.h5"],
      ["train", "s.h5", "--hidden", "8", "--learning-rate", "1e-3", "--epochs", "3", "--output", "net"],
      ["record", "net", "--states", "s.h5", "--output", "rec"],
    ] {
      let run = try workplace.run("frogtoad", arguments + ["--quiet"])
      try #require(run.status == 0, run.transcript)
    }
    let run = try workplace.shell("mirrorscope report rec/*.h5 --permutations 49 --training net/training.csv -o r.html --quiet")
    #expect(run.status == 0, run.transcript)
    let page = try workplace.text("r.html")
    #expect(page.contains("Index and loss over epochs.") && page.contains("lowest validation loss"))
    let cmni = try workplace.shell("mirrorscope cmni rec/*.h5 --permutations 49 --quiet")
    let tables = downloads(page)
    #expect(tables.first { $0.key.hasPrefix("cmni-by-epoch") }?.value == cmni.output)
    #expect(tables.contains { $0.key.hasPrefix("training") })
    #expect(page.utf8.count < 5_000_000)
    let wrong = try workplace.shell("echo epoch,loss > bad.csv; mirrorscope report rec/*.h5 --training bad.csv --quiet -o x.html")
    #expect(wrong.status == 2 && wrong.errors.contains("bad.csv: has no column epoch, or neither"), wrong.transcript)
    #expect(!workplace.exists("x.html"))
  }

  @Test("A damaged recording, one without phases and one that is none end it, without a page")
  func refused() throws {
    try workplace.write("none.h5", "no HDF5")
    let none = try report("none.h5", "-o", "n.html")
    #expect(none.status == 2 && !workplace.exists("n.html"), none.transcript)
    #expect(try workplace.names().allSatisfy { !$0.hasSuffix(".partial") })
  }

  /// The Python that looks at pages, and the browser: what the tests of the page itself need.
  private static let browser: (python: URL, script: String)? = {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Report/check_page.py").standardizedFileURL.path
    let candidates = [python] + ["/usr/bin/python3", "/usr/local/bin/python3"].map { URL(filePath: $0) }
    guard let found = candidates.compactMap({ $0 }).first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
      return nil
    }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let names = ["chromium", "chromium-browser", "google-chrome"]
    let isThere =
      ProcessInfo.processInfo.environment["MIRRORSCOPE_CHROMIUM"] != nil
      || folders.contains { folder in names.contains { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") } }
    return isThere ? (found, script) : nil
  }()

  @Test(
    "In a browser: nothing is loaded, cut off, overlapping, empty, nameless or faint, at phone and desktop width, light and dark",
    .enabled(if: browser != nil, "There is no Chromium (or no Python) here: pages are not looked at. Debian: apt-get install chromium"))
  func inBrowser() throws {
    let browser = try #require(Self.browser)
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "golden.h5")
    for (recordings, name) in [(["golden.h5"], "g.html"), (["transformer.h5"], "t.html"), (["planted.h5", "transformer.h5"], "both.html")] {
      let run = try workplace.run("mirrorscope", ["report"] + recordings + ["--permutations", "99", "-o", name, "--quiet"])
      try #require(run.status == 0, run.transcript)
    }
    let run = try workplace.run(executable: browser.python, [browser.script, "g.html", "t.html", "both.html"])
    #expect(run.status == 0, run.transcript)
  }
}
