import Statistics

extension Action {
  /// A random player's choice: hop 1/2, jump 1/4, leap 1/8, help 1/8.
  static func random(_ stream: inout RandomStream) -> Action {
    switch stream.next() &>> 61 {
    case 0..<4: .hop
    case 4, 5: .jump
    case 6: .leap
    default: .help
    }
  }
}

/// A random player's choice: hop 1/2, jump 1/4, leap 1/8, help 1/8, whatever the state of the game.
public func randomAction(_ stream: inout RandomStream) -> Action {
  Action.random(&stream)
}
