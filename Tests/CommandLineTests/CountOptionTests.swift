import Testing

/// Every option that counts something takes whole numbers of a range, and says the range of what it does not take.
@Suite("Counts")
struct CountOptionTests {
  private static let options: [(command: [String], option: String, range: String)] = [
    (["mirrorscope", "stats", "r.h5"], "--threads", "1 to 4,096"), (["frogtoad", "inspect", "s.h5"], "--threads", "1 to 4,096"),
    (["mirrorscope", "cmni", "r.h5"], "--permutations", "0 to 1,000,000"),
    (["mirrorscope", "units", "r.h5"], "--permutations", "1 to 1,000,000"),
    (["mirrorscope", "similarity", "r.h5"], "--permutations", "0 to 1,000,000"),
    (["mirrorscope", "decode", "r.h5"], "--permutations", "0 to 1,000,000"), (["mirrorscope", "decode", "r.h5"], "--folds", "2 to 1,000"),
    (["mirrorscope", "decode", "r.h5"], "--rows", "8 to 1,000,000,000"),
    (["mirrorscope", "ablate", "r.h5"], "--top", "1 to 1,000,000"), (["mirrorscope", "ablate", "r.h5"], "--dose", "1 to 1,000,000"),
    (["mirrorscope", "ablate", "r.h5"], "--controls", "0 to 1,000,000"),
    (["mirrorscope", "ablate", "r.h5"], "--bootstrap", "0 to 1,000,000"),
    (["mirrorscope", "divergence", "r.h5"], "--bins", "1 to 1,000,000"),
    (["mirrorscope", "compare", "t.csv", "--by", "kind"], "--bootstrap", "0 to 1,000,000"),
    (["mirrorscope", "compare", "t.csv", "--by", "kind"], "--draws", "19 to 10,000,000"),
    (["mirrorscope", "compare", "t.csv", "--by", "kind"], "--permutations", "0 to 1,000,000"),
    (["frogtoad", "generate", "-o", "s.h5"], "--states", "1 to 4,294,967,295"),
    (["frogtoad", "generate", "--states", "9", "-o", "s.h5"], "--test", "0 to 4,294,967,295"),
    (["frogtoad", "generate", "--states", "9", "-o", "s.h5"], "--turns-per-game", "1 to 1,000,000"),
    (["frogtoad", "train", "s.h5", "--hidden", "3", "-o", "n"], "--batch-size", "1 to 65,536"),
    (["frogtoad", "train", "s.h5", "--hidden", "3", "-o", "n"], "--epochs", "0 to 1,000,000,000"),
    (["frogtoad", "train", "s.h5", "--hidden", "3", "-o", "n"], "--patience", "1 to 1,000,000,000"),
    (["frogtoad", "play"], "--turns", "1 to 1,000,000,000"),
    (["frogtoad", "games", "--checkpoint", "c.h5"], "--games", "1 to 1,000,000"),
    (["frogtoad", "games", "--checkpoint", "c.h5"], "--turns", "1 to 1,000,000"),
    (["frogtoad", "games", "--checkpoint", "c.h5"], "--controls", "0 to 1,000,000"),
    (["frogtoad", "games", "--checkpoint", "c.h5"], "--bootstrap", "0 to 1,000,000"),
  ]

  @Test("Numbers out of the range, too long for any number, and what is none", arguments: options)
  func usage(command: [String], option: String, range: String) throws {
    let workplace = try Workplace()
    // Of every option one, since a program in a debug build takes a second to say it; all of the first of each program.
    let isFirst = Self.options.first { $0.command[0] == command[0] }.map { $0.command == command && $0.option == option } ?? false
    for value in isFirst ? ["-1", "9223372036854775807", "9223372036854775808", "1.5", "many", ""] : ["-1", "9223372036854775807"] {
      let run = try workplace.run(command[0], command.dropFirst() + [option, value])
      #expect(run.status == 64 && run.output.isEmpty, run.transcript)
      let sentence =
        "Error: The value '\(value)' is invalid for '\(option) <\(option.dropFirst(2))>': it has to be a whole number from \(range).\n"
      #expect(run.errors.hasPrefix(sentence), run.transcript)
    }
    #expect(try workplace.names() == [])
  }

  @Test("The help says what an option is without being given")
  func defaults() throws {
    let workplace = try Workplace()
    let help = try workplace.run("mirrorscope", "decode", "--help").output.split(separator: "\n").joined(separator: " ")
      .replacing(#/ +/#, with: " ")
    for (option, standard) in [("rows", 4000), ("permutations", 999), ("folds", 5)] {
      #expect(try help.firstMatch(of: Regex("--\(option) <\(option)> [^<]*?\\(default: \(standard)\\)")) != nil, "\(help)")
    }
  }
}
