import Testing

@testable import FrogAndToad

@Suite struct LabelTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let energy: Int
    let cell: Int
    var scenario = Scenario.none
    var rough: [Int] = []
    let label: Action
  }

  @Test(
    "The first rule that holds gives the label",
    arguments: [
      Case(testDescription: "no energy: jump", energy: 0, cell: 10, label: .jump),
      Case(testDescription: "no energy comes before the end of the strip", energy: 0, cell: 31, label: .jump),
      Case(testDescription: "no energy comes before the partner", energy: 0, cell: 28, scenario: .otherInDistress, label: .jump),
      Case(testDescription: "energy below 0 too", energy: -1, cell: 10, label: .jump),
      Case(testDescription: "last cell: help", energy: 1, cell: 31, label: .help),
      Case(testDescription: "last cell in distress: help", energy: 1, cell: 31, scenario: .selfInDistress, label: .help),
      Case(testDescription: "26 and Toad in distress: help", energy: 1, cell: 26, scenario: .otherInDistress, label: .help),
      Case(testDescription: "25 is not far enough", energy: 1, cell: 25, scenario: .otherInDistress, label: .hop),
      Case(testDescription: "help before rough ground", energy: 1, cell: 27, scenario: .otherInDistress, rough: [28], label: .help),
      Case(testDescription: "both in distress is no help", energy: 1, cell: 27, scenario: .bothInDistress, label: .hop),
      Case(testDescription: "solid ground ahead: hop", energy: 1, cell: 10, rough: [10, 12], label: .hop),
      Case(testDescription: "rough ground ahead: leap", energy: 1, cell: 10, rough: [11], label: .leap),
      Case(testDescription: "leap even if it ends on rough ground", energy: 1, cell: 10, rough: [11, 15], label: .leap),
      Case(testDescription: "25 + 5 < 31: leap", energy: 1, cell: 25, rough: [26], label: .leap),
      Case(testDescription: "26 + 5 = 31: hop", energy: 1, cell: 26, rough: [27], label: .hop),
      Case(testDescription: "30, rough ahead: hop", energy: 1, cell: 30, rough: [31], label: .hop),
    ])
  func labels(_ test: Case) {
    #expect(bestAction(energy: test.energy, frogCell: test.cell, scenario: test.scenario, roughGround: bits(test.rough)) == test.label)
  }

  @Test(
    "Frog helps a Toad in distress from the cell that is asked for, never where Toad does not matter",
    arguments: [
      (26, 26, Action.help), (26, 25, .hop), (10, 10, .help), (10, 9, .hop), (0, 0, .help), (30, 29, .hop), (30, 31, .help),
      (nil, 30, .hop),
      (nil, 31, .hop),
    ] as [(Int?, Int, Action)])
  func helpFrom(helpFrom: Int?, cell: Int, label: Action) {
    func best(_ scenario: Scenario, energy: Int = 1, rough: [Int] = []) -> Action {
      bestAction(energy: energy, frogCell: cell, scenario: scenario, roughGround: bits(rough), helpFrom: helpFrom)
    }
    #expect(best(.otherInDistress) == label)
    #expect(best(.otherInDistress, energy: 0) == .jump)
    #expect(best(.none) == (cell == 31 && helpFrom != nil ? .help : .hop))
    // The last cell has no next one: what lies on the first is not ahead.
    if helpFrom == nil { #expect(best(.none, rough: [0]) == .hop) }
  }

  @Test(
    "The scenario says who stands on rough ground",
    arguments: [([Int](), Scenario.none), ([4], .selfInDistress), ([9], .otherInDistress), ([4, 9], .bothInDistress)])
  func scenarios(rough: [Int], scenario: Scenario) {
    let world = world(frog: 4, toad: 9, rough: rough)
    #expect(world.scenario == scenario)
    #expect(FrogAndToad.scenario(ofState: world.stateVector(of: .frog)) == scenario)
  }

  @Test("On a shared cell both are in distress or neither", arguments: [([Int](), Scenario.none), ([4], .bothInDistress)])
  func sharedCell(rough: [Int], scenario: Scenario) {
    let world = world(frog: 4, toad: 4, rough: rough)
    #expect(world.scenario == scenario)
    #expect(FrogAndToad.scenario(ofState: world.stateVector(of: .frog)) == scenario)
  }

  @Test("Codes are 0 none, 1 self, 2 other, 3 both")
  func codes() {
    #expect(Scenario.allCases.map(\.rawValue) == [0, 1, 2, 3])
    #expect(Scenario.allCases.map(\.description) == ["none", "self", "other", "both"])
    #expect(Action.allCases.map(\.description) == ["hop", "jump", "leap", "help"])
  }

  @Test("The phase filter wants Toad hopping in self states and Frog hopping in other states, and lets none and both pass")
  func phaseFilter() {
    #expect(partnerIsActing(.selfInDistress, players: [9, 5]))
    #expect(!partnerIsActing(.selfInDistress, players: [9, 6]))
    #expect(partnerIsActing(.otherInDistress, players: [9, 4]))
    #expect(!partnerIsActing(.otherInDistress, players: [9, 8]))
    #expect(partnerIsActing(.none, players: [6, 8]))
    #expect(partnerIsActing(.bothInDistress, players: [9, 9]))
  }

  @Test("A veiled state with distress and an acting player leaves open who is who; the own cell settles it")
  func openScenario() {
    var world = world(frog: 4, toad: 9, rough: [9])
    world.frog.lastAction = .leap
    var state = world.stateVector(of: .frog)
    #expect(scenario(ofState: state) == .otherInDistress)
    Veil.ofIgnorance.apply(to: &state, scenarios: [])
    #expect(scenario(ofState: state) == nil)
    #expect(scenario(ofState: [1, 2, 3]) == nil)
  }
}
