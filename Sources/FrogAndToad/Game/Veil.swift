/// What the network may not see of its own state. It must infer who it is.
public enum Veil: Sendable, Equatable {
  /// Own symbol, score and own cell are 0 (indices 96, 98 and 99).
  case ofIgnorance
  /// The author's recording scripts: as `ofIgnorance`, but index 98 holds the scenario, so the network sees the answer. Only to compare
  /// with published values.
  case withScenarioLeak

  /// Veils states in place.
  ///
  /// - Parameters:
  ///   - states: `[rows × 100]`, row after row.
  ///   - scenarios: `[rows]`, raw values of `Scenario`; read for the leak only. Rows beyond its end get 0.
  public func apply(to states: inout [UInt8], scenarios: [UInt8]) {
    for row in 0..<states.count / StateIndex.count {
      let start = row * StateIndex.count
      states[start + StateIndex.ownSymbol] = 0
      states[start + StateIndex.score] = self == .withScenarioLeak && row < scenarios.count ? scenarios[row] : 0
      states[start + StateIndex.ownCell] = 0
    }
  }
}
