import Statistics

extension World {
  /// One turn of one player: its action, then scrolling, then the flies.
  ///
  /// An action whose needs are not met (energy above 0, room in the strip) has no effect: nothing moves, the strip isn't checked for
  /// scrolling, and the player shows what it showed before. Flies come and move all the same.
  ///
  /// - Parameter stream: chance: whether a helped partner leaps, new ground, and the flies.
  /// - Returns: whether the action had an effect.
  @discardableResult
  public mutating func step(_ player: Player, _ action: Action, _ stream: inout RandomStream) -> Bool {
    var actor = self[player]
    let hadEffect: Bool
    switch action {
    case .hop:
      hadEffect = actor.hop(over: roughGround)
    case .jump:
      actor.jump(catching: &flies)
      hadEffect = true
    case .leap:
      hadEffect = actor.leap(over: roughGround)
    case .help:
      var partner = self[player.partner]
      hadEffect = actor.help(&partner, over: roughGround, &stream)
      self[player.partner] = partner
    }
    self[player] = actor
    if hadEffect && action != .jump {
      scroll(&stream)
    }
    moveFlies(&stream)
    return hadEffect
  }
}

extension PlayerState {
  static let leapLength = 5
  static let flyEnergy = 4
  static let helpEnergy = 2
  static let partnerLeapProbability = 0.25

  private var hasRoomToLeap: Bool { cell + Self.leapLength < World.width }

  mutating func hop(over roughGround: UInt32) -> Bool {
    guard !isStalled, cell + 1 < World.width else { return false }
    cell += 1
    score += 1
    lastAction = .hop
    land(on: roughGround)
    return true
  }

  mutating func jump(catching flies: inout UInt32) {
    lastAction = .jump
    guard flies.isSet(cell) else { return }
    flies &= ~(1 &<< UInt32(truncatingIfNeeded: cell))
    energy = min(energy + Self.flyEnergy, World.energyCap)
  }

  mutating func leap(over roughGround: UInt32) -> Bool {
    guard !isStalled, hasRoomToLeap else { return false }
    cell += Self.leapLength
    energy -= 1
    lastAction = .leap
    land(on: roughGround)
    return true
  }

  mutating func help(_ partner: inout PlayerState, over roughGround: UInt32, _ stream: inout RandomStream) -> Bool {
    guard !isStalled, partner.hasRoomToLeap else { return false }
    lastAction = .help
    if partner.energy < World.energyCap {
      partner.energy = min(partner.energy + Self.helpEnergy, World.energyCap)
      energy -= 1
    }
    if stream.uniform() < Self.partnerLeapProbability {
      _ = partner.leap(over: roughGround)
    }
    return true
  }

  /// The landing rule: rough ground costs one unit of energy. The distress it brings is a matter of where the player stands.
  private mutating func land(on roughGround: UInt32) {
    if roughGround.isSet(cell) {
      energy -= 1
    }
  }
}
