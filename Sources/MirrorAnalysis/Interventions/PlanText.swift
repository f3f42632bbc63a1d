import Crypto
import Files
import Foundation

/// Writes a plan as JSON: the same bytes for the same plan, an arm or an example a line.
struct PlanText {
  private let writeText: (String) throws -> Void
  private var hash = SHA256()
  private let encoder: JSONEncoder
  private var isFirstArm = true

  init(write: @escaping (String) throws -> Void) {
    writeText = write
    encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  /// An arm with what takes the ablated units' place.
  struct Arm: Encodable {
    var id: String
    var kind: InterventionPlan.Arm.Kind
    var target: String?
    var reference: Int?
    var draw: Int?
    var layer: String?
    var units: [Int]?
    var values: [Double]?
    /// Floats are as precise as a model's weights, at half the size.
    var direction: [Float]?
  }

  private mutating func write(_ text: String) throws {
    hash.update(data: Data(text.utf8))
    try writeText(text)
  }

  /// Values one a line, those that come later after a comma.
  private mutating func write(list: some Sequence<some Encodable>) throws {
    var isFirst = true
    for value in list {
      try write((isFirst ? "" : ",\n") + (try text(value)))
      isFirst = false
    }
  }

  private func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }

  /// Everything before the arms.
  mutating func begin(_ plan: InterventionPlan, donors: [[Int]]?) throws {
    var lines: [String] = []
    func add(_ key: InterventionPlan.CodingKeys, _ value: (some Encodable)?) throws {
      lines.append("\(try text(key.rawValue)): \(try value.map(text) ?? "null")")
    }
    try add(.schema, plan.schema)
    try add(.schemaVersion, plan.schemaVersion)
    try add(.program, plan.program)
    try add(.planID, plan.planID)
    try add(.recording, plan.recording)
    try add(.split, plan.split)
    try add(.seed, plan.seed)
    try add(.mode, plan.mode)
    try add(.controls, plan.controls)
    try add(.draws, plan.draws)
    try add(.primaryOutcome, plan.primaryOutcome)
    try add(.exampleColumn, plan.exampleColumn)
    try add(.hasStrata, plan.hasStrata)
    try write("{\n\(lines.joined(separator: ",\n")),\n\"examples\": [\n")
    try write(list: plan.examples)
    if let donors {
      try write("\n],\n\"donors\": [\n")
      try write(list: donors)
    }
    try write("\n],\n\"arms\": [\n")
  }

  mutating func add(_ arm: Arm) throws {
    try write((isFirstArm ? "" : ",\n") + (try text(arm)))
    isFirstArm = false
  }

  /// The targets, and the hash of all before it.
  mutating func end(_ targets: [InterventionPlan.Target]) throws {
    try write("\n],\n\"targets\": [\n")
    try write(list: targets)
    try write("\n]")
    try writeText("\(InterventionPlan.beforeHash)\"\(hexadecimal(hash.finalize()))\"\n}\n")
  }
}
