/// What is in a set of states, counted. Merging the tallies of its parts gives the tally of the whole.
public struct StateTally: Sendable, Equatable {
  /// Rows by scenario and label: `[4 × 4]`, first index the raw value of `Scenario`, second that of `Action`.
  public private(set) var byScenarioAndLabel = [[Int]](repeating: [Int](repeating: 0, count: 4), count: 4)
  /// Rows by energy, `[256]`; energies above 20 come from foreign files only.
  public private(set) var byEnergy = [Int](repeating: 0, count: 256)
  /// Rows by scenario that pass the author's phase filter, `[4]`.
  public private(set) var partnerActing = [Int](repeating: 0, count: 4)

  public init() {}

  public init(_ rows: StateRows) {
    add(rows)
  }

  /// Adds rows. Labels or scenarios that are no code (a foreign file's) are left out of the tables.
  public mutating func add(_ rows: StateRows) {
    for row in 0..<rows.count {
      byEnergy[Int(rows.states[row * StateIndex.count + StateIndex.ownEnergy])] += 1
      let (scenario, label) = (Int(rows.scenarios[row]), Int(rows.labels[row]))
      guard scenario < 4, label < 4 else { continue }
      byScenarioAndLabel[scenario][label] += 1
      partnerActing[scenario] += Int(rows.partnerActing[row] & 1)
    }
  }

  public mutating func merge(_ other: StateTally) {
    for scenario in 0..<4 {
      for label in 0..<4 { byScenarioAndLabel[scenario][label] += other.byScenarioAndLabel[scenario][label] }
      partnerActing[scenario] += other.partnerActing[scenario]
    }
    for energy in byEnergy.indices { byEnergy[energy] += other.byEnergy[energy] }
  }

  public var count: Int { byEnergy.reduce(0, +) }

  public func count(_ label: Action) -> Int {
    byScenarioAndLabel.reduce(0) { $0 + $1[Int(label.rawValue)] }
  }

  public func count(_ scenario: Scenario) -> Int {
    byScenarioAndLabel[Int(scenario.rawValue)].reduce(0, +)
  }

  public func count(_ scenario: Scenario, _ label: Action) -> Int {
    byScenarioAndLabel[Int(scenario.rawValue)][Int(label.rawValue)]
  }
}
