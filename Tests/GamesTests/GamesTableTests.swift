import Foundation
import Games
import Tabular
import Testing

@Suite("The table of games")
struct GamesTableTests {
  @Test("The published schema is the code's")
  func published() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../schemas").standardizedFileURL
    let url = folder.appending(path: "games.table.json")
    if ProcessInfo.processInfo.environment["MIRRORSCOPE_UPDATE_SCHEMAS"] != nil {
      try GamesRow.schema.frictionlessJSON.write(to: url, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: url, encoding: .utf8) == GamesRow.schema.frictionlessJSON)
  }

  @Test("Column names are those that others rely on")
  func contract() {
    #expect(
      GamesRow.schema.columns.map(\.name).joined(separator: ", ")
        == "checkpoint, network, epoch, partner, ablation, layer, units, outcome, games, turns, n, value, ci_low, ci_high, control_mean, "
        + "control_sd, controls, p_value, reason, as_trained, veil, game, seed")
  }
}
