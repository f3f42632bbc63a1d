import Foundation
import Testing

/// What single flipped bytes do. `Tests/Reliability/flips.py` does the same with as many flips as are asked for, on more files and commands.
@Suite("A flipped byte")
struct FlipTests {
  /// SplitMix64: the same flips every time.
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    for line in [
      ["frogtoad", "generate", "--states", "4000", "--test", "200", "--output", "s.h5"],
      ["frogtoad", "train", "s.h5", "--hidden", "6,6", "--epochs", "1", "--output", "net"],
      ["frogtoad", "record", "net/epoch-001.h5", "--states", "s.h5", "--split", "train", "--output", "r.h5"],
    ] {
      let run = try workplace.run(line[0], Array(line.dropFirst()))
      try #require(run.status == 0, run.transcript)
    }
  }

  /// Runs each command on the whole file and on every flip of it.
  private func check(_ name: String, flips: Int, seed: UInt64, _ commands: [[String]]) throws {
    let whole = try Data(contentsOf: URL(filePath: workplace.path(name)))
    let answers = try commands.map { try workplace.run($0[0], Array($0.dropFirst())) }
    for answer in answers { try #require(answer.status == 0, answer.transcript) }
    var random = Random(state: seed)
    for _ in 0..<flips {
      let position = Int.random(in: 0..<whole.count, using: &random)
      let change = UInt8.random(in: 1...255, using: &random)
      var flipped = whole
      flipped[position] ^= change
      try flipped.write(to: URL(filePath: workplace.path(name)))
      for (command, answer) in zip(commands, answers) {
        let run = try workplace.run(command[0], Array(command.dropFirst()))
        let isFine = run.status == 0 ? run.output == answer.output : [1, 2].contains(run.status) && run.errors.hasPrefix("error: ")
        #expect(isFine, "byte \(position) ^ \(change) of \(name)\n\(run.transcript)")
      }
    }
    try whole.write(to: URL(filePath: workplace.path(name)))
  }

  @Test("In a recording it changes no number: the answer is the same, or there is none")
  func recording() throws {
    try check(
      "r.h5", flips: 40, seed: 1,
      [
        ["mirrorscope", "stats", "r.h5"],
        ["mirrorscope", "ablate", "r.h5", "--top", "1", "--controls", "5", "--bootstrap", "0", "--quiet"],
      ])
  }

  @Test("In a states file it changes no number")
  func states() throws {
    try check("s.h5", flips: 20, seed: 2, [["frogtoad", "inspect", "s.h5"]])
  }
}
