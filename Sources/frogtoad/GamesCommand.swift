import ActivationRecording
import ArgumentParser
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Games
import Terminal

struct GamesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "games",
    abstract: "Let a network play Frog without a screen, intact and with units ablated, and measure how the games go.",
    discussion: """
      EXAMPLE
        frogtoad games --checkpoint demo/networks/2x17/epoch-001.h5 --games 20

      Frog does what the network chooses for the state it sees; docs/games.md says what the outcomes are. Ablated are units of Frog's network \
      alone, in the same games (same seeds). p_value compares the change with that of reference sets: other sets of the layer with as many units \
      in each bin of mean activation and outgoing weights, which may share units with the target. Below 19 of them, or where the target is \
      not matched to 0.25 standard deviations, there is no p, and reason says why. The game is that which the checkpoint was trained on, but for \
      the options of it that are given. Results are the same for any number of threads.
      """)

  @Option(name: .long, help: "The network to play Frog.", completion: .file(extensions: networkFileEndings))
  var checkpoint: String

  @OptionGroup var architecture: ArchitectureOption

  @Option(count: 1...1_000_000, help: "Games to play.")
  var games = 1000

  @Option(count: 1...1_000_000, help: "Turns of a game; each player acts once a turn.")
  var turns = 1000

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Who plays Toad: random, self (the same network, never ablated) or another checkpoint.", valueName: "random|self|checkpoint"),
    completion: .file(extensions: networkFileEndings))
  var partner = "random"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Units of Frog's network to ablate together, such as dense_1:3,7; may be repeated, each for itself. The layer may be a glob.",
      valueName: "layer:units"))
  var ablate: [UnitSet] = []

  @Option(name: .long, help: "What takes the units' place: zero, or their mean over the turns of the intact games.")
  var mode = HeldAt.zero

  @Option(count: 0...1_000_000, help: "Reference sets per target; where there are fewer, all of them.")
  var controls = 99

  @Option(count: 0...1_000_000, help: "Bootstrap replicates over games; 0 leaves out the intervals.")
  var bootstrap = 1000

  @Flag(name: .long, help: "Show players energy and flies drawn anew, as states show them, in place of the game's own.")
  var asTrained = false

  @OptionGroup var couplings: CouplingOptions

  @Option(
    name: .long, help: ArgumentHelp("See train --help; without it the veil that each network was trained under.", valueName: "paper|share"),
    completion: .list(["paper"]))
  var veil: VeilOption?

  @Flag(name: .long, help: "Play under --veil though a network was trained under another.")
  var forceVeil = false

  @Option(
    name: .long,
    help: ArgumentHelp("Also record the activations of Frog's network in the intact games, a row a turn.", valueName: "recording.h5"),
    completion: .file(extensions: ["h5"]))
  var record: String?

  @Option(name: .long, help: "Seed of the games and of all that is drawn.")
  var seed: UInt64 = 1

  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if forceVeil, veil == nil { throw ValidationError("--force-veil needs a --veil.") }
    if let record, record == table.destination.output {
      throw ValidationError("--record and --output name the same file: give two names.")
    }
  }

  func run() throws {
    InputFiles.declare([checkpoint] + architecture.paths + (["random", "self"].contains(partner) ? [] : [partner]))
    if let record { try requireAbsent(record, overwrite: table.destination.force) }
    let frog = try GamesNetwork(
      checkpoint, architecture: architecture.architecture, veil: veil?.veil, forcesVeil: forceVeil, common: common)
    let other =
      ["random", "self"].contains(partner)
      ? nil : try GamesNetwork(partner, architecture: architecture.architecture, veil: veil?.veil, forcesVeil: forceVeil, common: common)
    if architecture.architecture != nil, ![frog, other].contains(where: { $0?.checkpoint.architectureSHA256 != nil }) {
      throw CheckpointError(file: checkpoint, fault: .architectureKnown)
    }
    let toad = other?.partner ?? (partner == "self" ? frog.partner : .random)
    var plan = GamesPlan()
    (plan.games, plan.heldAt, plan.controls, plan.replicates) = (games, mode, controls, bootstrap)
    plan.targets = try ablate.flatMap { try frog.targets($0) }
    plan.options = PlayOptions(
      turns: turns, couplings: try game(of: frog, against: other), showsRedrawn: asTrained, seed: seed)
    try common.requireRoom(
      bytes: plan.memory(threads: common.threads), for: "\(grouped(games)) games", alternative: "play fewer games, or give --bootstrap 0")
    common.logger.info("seed \(seed)")
    let bar = ProgressBar("games", unit: "games", quiet: common.quiet, mayEndEarly: true)
    let experiment = GamesExperiment(
      frog.checkpoint.network, veil: frog.veil, partner: toad, plan: plan, threads: common.threads
    ) { bar.update(done: $0, total: $1) }
    let subject = GamesSubject(
      checkpoint: checkpoint, network: networkName(ofCheckpoint: checkpoint), epoch: frog.checkpoint.epoch, partner: partner,
      veil: frog.veil.name, game: plan.options.couplings.sentence)
    try table.write(GamesRow.self) { take in
      let rows = try experiment.rows(of: subject, recording: record.map { try recording(of: frog, to: $0, plan) })
      bar.finish()
      try take(rows)
    }
    if let record { common.logger.info("\(record): \(grouped(games * turns)) rows, one a turn, of the intact games.") }
    if let record {
      common.suggest("mirrorscope", ["cmni", .text(record)] + NextCommand.table("cmni.csv", beside: table.destination.output))
    }
  }

  /// The game that the checkpoint was trained on, but for the options that are given.
  private func game(of frog: GamesNetwork, against toad: GamesNetwork?) throws -> Couplings {
    let own = frog.checkpoint
    if own.game != nil, own.couplings == nil {
      throw Failure(.badFile, "\(checkpoint): its attribute game is of none that can be played. Record or train it again.")
    }
    if asTrained, own.keepsEnergy {
      throw Failure(.failed, "\(checkpoint): learnt from energy as played, and --as-trained shows energy drawn anew. Leave it out.")
    }
    let game = couplings.couplings(over: own.couplings ?? Couplings())
    if own.game == nil {
      common.logger.info("\(checkpoint): does not say on which game it was trained; the game is: \(game.sentence).")
    }
    if let other = toad?.checkpoint.couplings, other != game {
      common.logger.warning("\(partner): was trained on another game than is played (\(other.sentence)).")
    }
    return game
  }

  private func recording(of frog: GamesNetwork, to path: String, _ plan: GamesPlan) throws -> GamesRecording {
    var description = try RecordingDescription(
      of: frog.checkpoint, at: checkpoint, under: frog.veil, seed: frog.checkpoint.hyperparameters?.seed)
    description.title = "\(NetworkShape(frog.checkpoint.network.hiddenUnitCounts).name), playing"
    description.provenance["game"] = plan.options.couplings.sentence
    description.provenance["games_seed"] = "\(seed)"
    description.provenance["games"] =
      "\(games) of \(turns) turns, Toad: \(partner), \(asTrained ? "energy and flies drawn anew" : "energy and flies as played")"
    return try GamesRecording(
      path: path, layers: frog.checkpoint.network.layerDescriptions, description: description, overwrite: table.destination.force,
      threads: common.threads)
  }
}

/// A checkpoint that plays, and the veil that it sees the game under.
private struct GamesNetwork {
  let path: String
  let checkpoint: Checkpoint
  let veil: Veil

  init(_ path: String, architecture: String?, veil: Veil?, forcesVeil: Bool, common: CommonOptions) throws {
    self.path = path
    checkpoint = try Checkpoint.open(path, architectureIfNeeded: architecture)
    try checkpoint.network.requireStatesAndActions(in: path)
    for note in checkpoint.importNotes(for: path) { common.logger.warning("\(note)") }
    self.veil = try checkpoint.veil(veil, isForced: forcesVeil, at: path, to: "let it play")
  }

  var partner: Partner { .network(checkpoint.network, veil) }

  /// One target in each hidden layer whose name matches.
  func targets(_ set: UnitSet) throws -> [GamesTarget] {
    let network = checkpoint.network
    let hidden = network.layers.dropLast()
    let matching = hidden.indices.filter { fnmatch(set.layer, hidden[$0].name, 0) == 0 }
    guard !matching.isEmpty else {
      let names = hidden.map(\.name).joined(separator: ", ")
      throw Failure(
        .failed, "\(path): has no hidden layer '\(set.layer)' to ablate; it has \(names.isEmpty ? "none" : names). Name one with --ablate.")
    }
    return try matching.map { index in
      guard let target = GamesTarget(layer: index, units: set.units, of: network) else {
        let last = hidden[index].unitCount - 1
        let stranger = set.units.first { $0 > last } ?? last
        throw Failure(
          .failed,
          "\(path): layer \(hidden[index].name) has units 0 to \(last), not \(stranger). Name units of the layer with --ablate.")
      }
      return target
    }
  }
}

extension HeldAt: ExpressibleByArgument {}
