extension World {
  /// The world as text, one line each for flies, players, ground, Frog and Toad.
  ///
  /// A fly is `*`, solid ground `_`, rough ground `#`; players are `F` and `T`, and `&` where both stand on one cell.
  public func drawing() -> [String] {
    let cells = 0..<World.width
    let flyRow = cells.map { flies.isSet($0) ? "*" : " " }.joined()
    let groundRow = cells.map { roughGround.isSet($0) ? "#" : "_" }.joined()
    let playerRow = cells.map { cell in
      switch (frog.cell == cell, toad.cell == cell) {
      case (true, true): "&"
      case (true, false): "F"
      case (false, true): "T"
      case (false, false): " "
      }
    }.joined()
    return ["|\(flyRow)|", "|\(playerRow)|", "|\(groundRow)|", line(of: .frog), line(of: .toad)]
  }

  private func line(of player: Player) -> String {
    let state = self[player]
    let name = player == .frog ? "Frog" : "Toad"
    var line = "\(name)  cell \(padded(state.cell))  energy \(padded(state.energy))  score \(state.score)  last \(state.lastAction)"
    if isInDistress(player) { line += "  in distress" }
    if state.isStalled { line += "  stalled" }
    return line
  }

  private func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, 2 - digits.count)) + digits
  }
}
