import HDF5

/// What the codes of `/label` and `/prediction` mean: actions, numbered as the network's outputs are.
///
/// An enum's members count by name. `/prediction` numbers outputs, so its codes are the actions' numbers; `/label` is matched with it by
/// name, and where there is no `/prediction` its own codes number the outputs.
struct ActionCodes: Sendable {
  /// By number; a number that no member names is its own name.
  let names: [String]
  /// The action of each code of a column; nil for a column of plain integers, whose codes are the numbers.
  let ofCode: [RecordingSchema.Column: [Int: UInt8]]

  /// - Returns: nil where neither column has an enum.
  /// - Throws: a sentence where members cannot number actions.
  init?(label: Dataset?, prediction: Dataset?) throws {
    func members(_ dataset: Dataset?) -> [EnumerationMember]? {
      guard let dataset, case .enumeration(_, let members) = dataset.datatype else { return nil }
      return members
    }
    let columns: [(RecordingSchema.Column, [EnumerationMember])] =
      [(.prediction, prediction), (.label, label)].compactMap { column, dataset in members(dataset).map { (column, $0) } }
    guard let numbering = columns.first else { return nil }
    let limit = RecordingSchema.mostActions
    if let member = numbering.1.first(where: { !(0..<limit).contains($0.value) }) {
      throw Fault("/\(numbering.0.rawValue) gives \(member.name) the code \(member.value). Actions are numbered from 0 to \(limit - 1).")
    }
    var names = (0..<((numbering.1.map(\.value).max() ?? -1) + 1)).map(String.init)
    for member in numbering.1 { names[member.value] = member.name }
    var codes: [RecordingSchema.Column: [Int: UInt8]] = [:]
    for (column, members) in columns {
      var meaning: [Int: UInt8] = [:]
      for member in members {
        if let number = names.firstIndex(of: member.name) {
          meaning[member.value] = UInt8(number)
        } else {
          // A label that the network cannot give: an action of its own, past the outputs.
          guard names.count < limit else { throw Fault("/label and /prediction name more than \(limit) actions between them.") }
          meaning[member.value] = UInt8(names.count)
          names.append(member.name)
        }
      }
      codes[column] = meaning
    }
    self.names = names
    ofCode = codes
  }

  struct Fault: Error {
    let text: String

    init(_ text: String) { self.text = text }
  }
}
