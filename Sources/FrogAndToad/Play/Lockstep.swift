import Statistics

/// How games are played without a screen.
public struct PlayOptions: Sendable, Equatable {
  /// Turns of a game; each player acts once a turn.
  public var turns: Int
  public var couplings: Couplings
  /// Whether players are shown energy and flies drawn anew, as the states of a data set show them, in place of the game's own.
  public var showsRedrawn: Bool
  public var seed: UInt64

  public init(turns: Int = 1000, couplings: Couplings = Couplings(), showsRedrawn: Bool = false, seed: UInt64 = 1) {
    (self.turns, self.couplings, self.showsRedrawn, self.seed) = (turns, couplings, showsRedrawn, seed)
  }
}

/// A player that looks before it acts, in several games at once.
public struct LookingPlayer {
  /// What is hidden of what it sees.
  public let veil: Veil
  /// Writes the chosen action of each game, by number; a number that is no action hops.
  ///
  /// - Parameters:
  ///   - views: `[games × 100]`, veiled, in Frog's part whoever plays (`World.exchanged`).
  ///   - actions: `[games]`.
  public let choose: (_ views: UnsafeBufferPointer<UInt8>, _ actions: UnsafeMutableBufferPointer<UInt8>) throws -> Void

  public init(
    veil: Veil, choose: @escaping (_ views: UnsafeBufferPointer<UInt8>, _ actions: UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) {
    (self.veil, self.choose) = (veil, choose)
  }
}

/// What is known of a turn, game by game, when Frog has chosen and not yet acted. Valid during the call that hands it out.
public struct ChosenTurn {
  /// From 0.
  public let turn: Int
  public let games: Range<Int>
  /// `[games × 100]` as Frog's network sees them, veiled.
  public let views: UnsafeBufferPointer<UInt8>
  /// Frog's choices, `[games]`.
  public let actions: UnsafeBufferPointer<UInt8>
  /// The best action for what is shown, `[games]`.
  public let labels: UnsafeBufferPointer<UInt8>
  let worlds: UnsafeBufferPointer<World>

  /// Who is in distress in the game at that place.
  public func scenario(_ place: Int) -> Scenario { worlds[place].scenario }

  /// Whether the state passes the author's phase filter; see `partnerIsActing`.
  public func partnerIsActing(_ place: Int) -> Bool {
    switch worlds[place].scenario {
    case .none, .bothInDistress: true
    case .selfInDistress: worlds[place].toad.lastAction == .hop
    case .otherInDistress: worlds[place].frog.lastAction == .hop
    }
  }
}

/// Plays several games side by side, turn by turn, so that a player sees all of them at once.
///
/// A turn is Frog's action, then Toad's; each player sees the game as it is when its turn comes. The chance of turn t of game g is
/// `RandomStream(seed, "games", g · 2³² + t)`: first Toad's random choice, then, where they are shown, energy and flies for Frog and for Toad,
/// then all that happens. So how games are put together never changes one, and players that differ meet the same random Toad, the same
/// redraws and, as long as the games are alike, the same ground and flies: common random numbers.
///
/// - Parameters:
///   - games: their numbers, 0 ..< 2³².
///   - toad: nil plays at random (`randomAction`).
///   - visit: gets every turn, after Frog's choice.
/// - Returns: a tally of each game.
/// - Throws: what players and `visit` throw.
public func playInLockstep(
  _ games: Range<Int>, _ options: PlayOptions, frog: LookingPlayer, toad: LookingPlayer? = nil,
  visit: ((ChosenTurn) throws -> Void)? = nil
) throws -> [GameTally] {
  var tallies = games.map { _ in GameTally() }
  let state = LockstepState(count: games.count, couplings: options.couplings)
  defer { state.deallocate() }
  try tallies.withUnsafeMutableBufferPointer { tallies in
    for turn in 0..<options.turns {
      state.beginTurn(turn, of: games, options)
      state.look(as: .frog, under: frog.veil, options)
      try frog.choose(UnsafeBufferPointer(state.views), state.actions)
      state.count(into: tallies, helpFrom: options.couplings.helpFrom)
      if let visit {
        try visit(
          ChosenTurn(
            turn: turn, games: games, views: UnsafeBufferPointer(state.views), actions: UnsafeBufferPointer(state.actions),
            labels: UnsafeBufferPointer(state.labels), worlds: UnsafeBufferPointer(state.worlds)))
      }
      state.actAsFrog(tallies)
      if let toad {
        state.look(as: .toad, under: toad.veil, options)
        try toad.choose(UnsafeBufferPointer(state.views), state.actions)
      }
      state.actAsToad(tallies, isRandom: toad == nil)
    }
    state.end(tallies, turns: options.turns)
  }
  return tallies
}

/// What a player is shown in place of its energy and the flies.
private struct Redrawn {
  var energy = 0
  var flies: UInt32 = 0

  init() {}

  init(_ stream: inout RandomStream, flyPatterns: Int) {
    energy = Int(Redraw.energyTable[stream.uniform(below: Redraw.weightSum)])
    flies = Redraw.flyPatterns[stream.uniform(below: flyPatterns)]
  }
}

/// The games under way, and room for one turn of all of them. Nothing is allocated after the start.
private struct LockstepState {
  let worlds: UnsafeMutableBufferPointer<World>
  let views: UnsafeMutableBufferPointer<UInt8>
  let actions: UnsafeMutableBufferPointer<UInt8>
  let labels: UnsafeMutableBufferPointer<UInt8>
  private let shownEnergies: UnsafeMutableBufferPointer<Int>
  private let streams: UnsafeMutableBufferPointer<RandomStream>
  private let randomActions: UnsafeMutableBufferPointer<Action>
  private let redrawn: UnsafeMutableBufferPointer<(frog: Redrawn, toad: Redrawn)>

  init(count: Int, couplings: Couplings) {
    worlds = .allocate(count, World(couplings))
    views = .allocate(count * StateIndex.count, 0)
    actions = .allocate(count, 0)
    labels = .allocate(count, 0)
    shownEnergies = .allocate(count, 0)
    streams = .allocate(count, RandomStream(seed: 0, purpose: ""))
    randomActions = .allocate(count, .hop)
    redrawn = .allocate(count, (Redrawn(), Redrawn()))
  }

  func deallocate() {
    worlds.deallocate()
    views.deallocate()
    actions.deallocate()
    labels.deallocate()
    shownEnergies.deallocate()
    streams.deallocate()
    randomActions.deallocate()
    redrawn.deallocate()
  }

  func beginTurn(_ turn: Int, of games: Range<Int>, _ options: PlayOptions) {
    let family = RandomStreams(seed: options.seed, purpose: "games")
    for place in worlds.indices {
      let number = UInt64(truncatingIfNeeded: games.lowerBound &+ place) &<< 32 | UInt64(truncatingIfNeeded: turn)
      var stream = family[number]
      randomActions[place] = Action.random(&stream)
      if options.showsRedrawn {
        let patterns = options.couplings.flyPatterns
        redrawn[place] = (Redrawn(&stream, flyPatterns: patterns), Redrawn(&stream, flyPatterns: patterns))
      }
      streams[place] = stream
    }
  }

  func look(as player: Player, under veil: Veil, _ options: PlayOptions) {
    guard let base = views.baseAddress else { return }
    for place in worlds.indices {
      let world = worlds[place]
      var (energy, flies) = (max(0, world[player].energy), world.flies)
      if options.showsRedrawn {
        let shown = player == .frog ? redrawn[place].frog : redrawn[place].toad
        (energy, flies) = (shown.energy, shown.flies)
      }
      shownEnergies[place] = energy
      let view = base + place * StateIndex.count
      world.writeView(of: player, energy: energy, flies: flies, to: view)
      veil.apply(toState: UnsafeMutableBufferPointer(start: view, count: StateIndex.count), scenario: 0)
    }
  }

  /// Before Frog acts: where the players stand, and what Frog chose.
  func count(into tallies: UnsafeMutableBufferPointer<GameTally>, helpFrom: Int?) {
    for place in worlds.indices {
      let world = worlds[place]
      let scenario = world.scenario
      let label = bestAction(
        energy: shownEnergies[place], frogCell: world.frog.cell, scenario: scenario, roughGround: world.roughGround, helpFrom: helpFrom)
      labels[place] = label.rawValue
      let choice = actions[place]
      tallies[place].frogEnergy += world.frog.energy
      tallies[place].toadEnergy += world.toad.energy
      tallies[place].agreements += choice == label.rawValue ? 1 : 0
      let helps = choice == Action.help.rawValue ? 1 : 0
      if scenario.frogInDistress { tallies[place].frogDistress += 1 }
      if scenario.toadInDistress {
        tallies[place].toadDistress += 1
        tallies[place].helpsInDistress += helps
      } else {
        tallies[place].helpsOtherwise += helps
      }
    }
  }

  func actAsFrog(_ tallies: UnsafeMutableBufferPointer<GameTally>) {
    for place in worlds.indices {
      let wasInDistress = worlds[place].isInDistress(.frog)
      let action = Action(rawValue: actions[place]) ?? .hop
      let hadEffect = worlds[place].step(.frog, action, &streams[place])
      guard hadEffect else {
        tallies[place].stalls += 1
        continue
      }
      if action == .help { tallies[place].frogHelps += 1 }
      if action == .leap, wasInDistress { tallies[place].leapsInDistress += 1 }
    }
  }

  func actAsToad(_ tallies: UnsafeMutableBufferPointer<GameTally>, isRandom: Bool) {
    for place in worlds.indices {
      let action = isRandom ? randomActions[place] : Action(rawValue: actions[place]) ?? .hop
      if worlds[place].step(.toad, action, &streams[place]), action == .help { tallies[place].toadHelps += 1 }
    }
  }

  func end(_ tallies: UnsafeMutableBufferPointer<GameTally>, turns: Int) {
    for place in worlds.indices {
      tallies[place].games = 1
      tallies[place].turns = turns
      tallies[place].frogScore = worlds[place].frog.score
      tallies[place].toadScore = worlds[place].toad.score
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// - Parameter value: of a type without references, so that it need not be deinitialised.
  fileprivate static func allocate(_ count: Int, _ value: Element) -> Self {
    let buffer = allocate(capacity: count)
    buffer.initialize(repeating: value)
    return buffer
  }
}
