import Statistics

/// How a data set is played.
public struct GenerationOptions: Sendable, Equatable {
  /// A turn is one action of each player, and every turn gives one state. A new game begins after this many.
  ///
  /// Ground is all solid at the start and has its full share of obstacles about 40 turns later; the players drift apart over hundreds of
  /// turns. So short games give fewer states in distress, fewer leap labels and hardly any help labels.
  public var turnsPerEpisode: Int
  /// Keep the energy as played instead of redrawing it.
  public var keepEnergy: Bool
  public var couplings: Couplings
  public var testDraw: TestDraw

  public init(
    turnsPerEpisode: Int = 1000, keepEnergy: Bool = false, couplings: Couplings = Couplings(), testDraw: TestDraw = .stratified
  ) {
    self.turnsPerEpisode = turnsPerEpisode
    self.keepEnergy = keepEnergy
    self.couplings = couplings
    self.testDraw = testDraw
  }
}

/// Plays one game at random and returns what Frog sees whenever it is its turn again: one state a turn, in order, duplicates included.
///
/// The players' own energies and the real flies matter to the game; what the states show in their place is drawn anew.
///
/// - Parameter number: the episode's number. Chance is a function of seed and number alone.
public func playEpisode(_ number: Int, seed: UInt64, options: GenerationOptions = GenerationOptions()) -> [PackedState] {
  var stream = RandomStream(seed: seed, purpose: "episode", index: UInt64(number))
  var world = World(options.couplings)
  var states: [PackedState] = []
  states.reserveCapacity(options.turnsPerEpisode)
  for _ in 0..<options.turnsPerEpisode {
    world.step(.frog, randomAction(&stream), &stream)
    world.step(.toad, randomAction(&stream), &stream)
    let energy =
      options.keepEnergy ? world.frog.energy : Int(Redraw.energyTable[stream.uniform(below: Redraw.weightSum)])
    let flyPattern = stream.uniform(below: options.couplings.flyPatterns)
    states.append(PackedState(world, energy: energy, flyPattern: flyPattern))
  }
  return states
}
