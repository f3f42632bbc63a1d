import Foundation
import FrogAndToad

/// The game of a checkpoint as JSON: its couplings, and keep_energy where its states show energy as played.
enum TrainedGame {
  private struct Energy: Codable {
    var keepEnergy: Bool?

    enum CodingKeys: String, CodingKey { case keepEnergy = "keep_energy" }
  }

  static func json(_ provenance: StatesProvenance) throws -> String? {
    guard let couplings = try provenance.couplings?.json, provenance.keepEnergy else { return try provenance.couplings?.json }
    return couplings.dropLast() + #","keep_energy":true}"#
  }

  static func keepsEnergy(_ json: String) -> Bool {
    (try? JSONDecoder().decode(Energy.self, from: Data(json.utf8)))?.keepEnergy ?? false
  }
}
