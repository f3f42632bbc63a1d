import Testing

@testable import Terminal

@Suite("The next command")
struct NextCommandTests {
  @Test("A program that was called by its path is followed by one beside it, others by their name")
  func program() {
    let next = NextCommand("mirrorscope", ["cmni", "rec.h5"])
    #expect(next.line(calledAs: "frogtoad") == "mirrorscope cmni rec.h5")
    #expect(next.line(calledAs: ".build/release/frogtoad") == ".build/release/mirrorscope cmni rec.h5")
    #expect(next.line(calledAs: "/my programs/frogtoad") == "'/my programs/mirrorscope' cmni rec.h5")
  }

  @Test("Words are quoted as a shell needs them; the files of a folder are left to it")
  func quoting() {
    let next = NextCommand("mirrorscope", ["cmni", .files(folder: "my runs/2x17", ending: ".h5"), "--where", "name == 'it''s'", ""])
    #expect(next.line(calledAs: "m") == #"mirrorscope cmni 'my runs/2x17'/*.h5 --where 'name == '\''it'\'''\''s'\''' ''"#)
  }

  @Test(
    "A word is as it is or in quotes",
    arguments: [("a-b_c.d/e:f,g=h", "a-b_c.d/e:f,g=h"), ("größe", "größe"), ("a b", "'a b'"), ("$x", "'$x'"), ("~", "'~'"), ("*", "'*'")])
  func words(word: String, line: String) { #expect(quoted(word) == line) }

  @Test("A table to write stands beside the one before, and is left out where there is one already")
  func tables() {
    #expect(NextCommand.table("units.csv") == ["--output", "units.csv"])
    #expect(NextCommand.table("units.csv", beside: "out/cmni.csv") == ["--output", "out/units.csv"])
    #expect(NextCommand.table(String(#filePath.split(separator: "/").last ?? ""), beside: #filePath) == [])
  }
}
