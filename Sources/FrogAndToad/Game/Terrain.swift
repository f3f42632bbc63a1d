import Statistics

/// Where new ground comes from: obstacles of 1–4 rough cells, each followed by one solid cell, ever more often.
///
/// An obstacle that is longer than the room on the strip goes on with the next cells that scroll in.
struct Terrain: Sendable, Equatable {
  static let probabilityStep = 0.005
  static let longestObstacle = 4
  /// As many as lead to certainty.
  private static let mostChecks = 200

  /// Scroll checks so far, counted as long as they can matter.
  var checks = 0
  /// Where the probability stops growing.
  var highestProbability = 0.075
  /// Rough cells of the obstacle under way that are still to come.
  var roughCellsOwed = 0
  /// Whether the solid cell after an obstacle is still to come.
  var solidCellOwed = false

  /// The probability that a new cell begins an obstacle.
  var obstacleProbability: Double { min(Double(checks) * Self.probabilityStep, highestProbability) }

  mutating func countCheck() {
    checks = min(checks + 1, Self.mostChecks)
  }

  /// Whether the next cell is rough.
  mutating func nextCellIsRough(_ stream: inout RandomStream) -> Bool {
    if roughCellsOwed > 0 {
      roughCellsOwed -= 1
      return true
    }
    if solidCellOwed {
      solidCellOwed = false
      return false
    }
    guard stream.uniform() < obstacleProbability else { return false }
    roughCellsOwed = stream.uniform(below: Self.longestObstacle)
    solidCellOwed = true
    return true
  }

  /// The right end was dropped, so what is owed no longer continues what is there: one solid cell keeps obstacles apart.
  mutating func breakOff() {
    roughCellsOwed = 0
    solidCellOwed = true
  }
}

extension World {
  /// The cell on which the middle between the players is held.
  static let middleCell = 16

  /// The check after a hop, leap or help: the strip moves so that the middle between the players comes back to cell 16, or, with less
  /// dependency, a place nearer to Frog's.
  ///
  /// Ground and flies move with the strip. Players move with it too but never off it: one who is dragged along the left or right end
  /// changes the ground under its feet without landing on it, which costs nothing.
  mutating func scroll(_ stream: inout RandomStream) {
    terrain.countCheck()
    // Whole numbers, since a product of doubles would fall below some cells.
    let shift = ((2000 - dependency) * frog.cell + dependency * toad.cell) / 2000 - Self.middleCell
    if shift > 0 {
      let cells = UInt32(truncatingIfNeeded: shift)
      roughGround &>>= cells
      flies &>>= cells
      for cell in (World.width - shift)..<World.width where terrain.nextCellIsRough(&stream) {
        roughGround |= 1 &<< UInt32(truncatingIfNeeded: cell)
      }
    } else if shift < 0 {
      let cells = UInt32(truncatingIfNeeded: -shift)
      roughGround &<<= cells
      flies &<<= cells
      terrain.breakOff()
    } else {
      return
    }
    frog.cell = min(max(frog.cell - shift, 0), World.width - 1)
    toad.cell = min(max(toad.cell - shift, 0), World.width - 1)
  }
}
