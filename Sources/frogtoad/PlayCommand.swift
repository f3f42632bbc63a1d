import ArgumentParser
import DenseNetwork
import Foundation
import FrogAndToad
import Statistics
import Terminal

struct PlayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "play",
    abstract: "Watch a game in the terminal.",
    discussion: """
      EXAMPLES
        frogtoad play --turns 20 --delay 0.1
        frogtoad play --checkpoint demo/networks/2x17/epoch-001.h5 --turns 5

      F is Frog, T is Toad, & both on one cell; _ is solid ground, # rough, * a fly. Both play at random; with --checkpoint Frog's actions \
      are the network's choice.
      """)

  @Option(name: .long, help: "A network to play Frog.", completion: .file(extensions: networkFileEndings))
  var checkpoint: String?

  @OptionGroup var architecture: ArchitectureOption

  @Option(count: 1...1_000_000_000, help: "Turns to play; each player acts once a turn.")
  var turns = 100

  @Option(name: .long, help: "Seconds between turns; 0 prints as fast as it can.")
  var delay = 0.15

  @Option(name: .long, help: "Seed of the game.")
  var seed: UInt64 = 1

  func validate() throws {
    if architecture.architecture != nil, checkpoint == nil { throw ValidationError("--architecture needs a --checkpoint.") }
    guard delay >= 0, delay <= 60 else { throw ValidationError("--delay takes 0 to 60 seconds, not \(delay).") }
  }

  func run() throws {
    let player = try checkpoint.map { path in
      let checkpoint = try Checkpoint.open(path, architecture: architecture.architecture)
      try checkpoint.network.requireStatesAndActions(in: path)
      for note in checkpoint.importNotes(for: path) { writeToStandardError("warning: \(note)\n") }
      return (network: checkpoint.network, veil: checkpoint.veil, couplings: checkpoint.couplings)
    }
    var stream = RandomStream(seed: seed, purpose: "play")
    var world = World(player?.couplings ?? Couplings())
    let redraws = isatty(STDOUT_FILENO) == 1 && delay > 0
    try StandardOutput.write("seed \(seed)\n")
    for turn in 1...turns {
      let action = try player.map { try choice(of: $0.network, under: $0.veil, in: world) } ?? randomAction(&stream)
      world.step(.frog, action, &stream)
      world.step(.toad, randomAction(&stream), &stream)
      let lines = ["turn \(turn)"] + world.drawing()
      let up = redraws && turn > 1 ? "\u{1B}[\(lines.count)A" : ""
      try StandardOutput.write(up + lines.map { redraws ? "\u{1B}[K\($0)\n" : "\($0)\n" }.joined())
      if delay > 0 && turn < turns { Thread.sleep(forTimeInterval: delay) }
    }
  }

  /// What the network does for Frog: it sees the veiled state, as in training.
  private func choice(of network: Network, under veil: Veil, in world: World) throws -> Action {
    var state = world.stateVector(of: .frog)
    veil.apply(to: &state)
    let chosen = chosenActions(outputs: try network.outputs(rows: state), outputCount: network.outputCount)
    return chosen.first.flatMap { Action(rawValue: $0) } ?? .hop
  }
}
