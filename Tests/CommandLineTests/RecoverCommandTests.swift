import Testing

@Suite("mirrorscope recover")
struct RecoverCommandTests {
  @Test("A complete recording, and a name from which no output follows, are refused in a sentence")
  func refusals() throws {
    let workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "a.h5")
    let complete = try workplace.run("mirrorscope", "recover", "a.h5", "-o", "c.h5")
    #expect(complete.status == 1, complete.transcript)
    #expect(complete.errors == "error: a.h5: is complete; there is nothing to recover. Use it as it is.\n", complete.transcript)
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "b.h5")
    let unnamed = try workplace.run("mirrorscope", "recover", "b.h5")
    #expect(unnamed.status == 64, unnamed.transcript)
    #expect(unnamed.errors == "error: b.h5: its name does not end in .partial. Say with --output what to write.\n", unnamed.transcript)
    #expect(try workplace.names() == ["a.h5", "b.h5"])
  }

  @Test("A recorder that was killed when its file was complete and had not its name yet has left all rows")
  func killedBeforeTheName() throws {
    let workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "a.h5.partial")
    let recovery = try workplace.run("mirrorscope", "recover", "a.h5.partial")
    #expect(recovery.status == 0, recovery.transcript)
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "whole.h5")
    let tables = try ["a.h5", "whole.h5"].map {
      try workplace.run("mirrorscope", "stats", $0).output.split(separator: "\n").map { $0.drop { $0 != "," } }
    }
    #expect(tables[0] == tables[1])
  }
}
