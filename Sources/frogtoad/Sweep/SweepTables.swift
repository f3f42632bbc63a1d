import FrogAndToad
import MirrorAnalysis
import Tabular

extension SweepPlan {
  /// The table `networks.csv`: a row for each network and measured epoch, every option that differs between networks as a column.
  var schema: TableSchema {
    var columns = [Column("network", .string, "Name of the network; joins the other tables")]
    columns += self.columns.map(\.column)
    columns += [
      Column("seed", .string, "Seed of the weights, the order of rows and the dropout"),
      Column("data_seed", .string, "Seed of the games that its states come from"),
      Column("kind", .string, "trained, untrained, or shuffled: trained on labels dealt anew"),
      Column("epoch", .integer, "Epoch measured; 0 is the untrained network"),
      Column("validation_loss", .number, "Loss on the validation set, without dropout, with the L2 term"),
      Column("accuracy", .number, "Share of the common test set in which the label is chosen"),
      Column("help_share", .number, "Share of its states labelled help in which help is chosen; empty without such states"),
      Column("live_units", .integer, "Hidden units whose activation is not the same for all test states"),
      Column("states_sha256", .string, "Hash of the states that it learnt from"),
      Column("hidden_units", .integer, "Hidden units of the network"),
      Column("test_states", .integer, "States of the common test set"),
      Column("cmni", .number, "Index, variant author; as the table cmni has it"),
      Column("cmni_crossfit", .number, "Cross-fitted index, variant author"),
      Column("standardised", .number, "Index, variant standardised: in standard deviations of each unit"),
      Column(
        "least_overlap_excess", .number,
        "Variant standardised over halves minus its mean under the null that leaves least of it: the smallest of three differences"),
      Column("p_overlap", .number, "p of that overlap; no evidence of learning: untrained networks have it too"),
    ]
    if file.measuresAllRows {
      columns += [
        Column("standardised_all_rows", .number, "As standardised, without the partner filter"),
        Column("least_overlap_excess_all_rows", .number, "As least_overlap_excess, without the partner filter"),
      ]
    }
    if file.games > 0 { columns += Self.playOutcomes.map { Column($0.rawValue, .number, "In play; see the table games") } }
    return TableSchema(
      name: "networks", title: "Networks of a sweep", columns: columns + [Column("reason", .string, "Why a cell is empty")])
  }

  /// The cells of a row of it. Indices of networks in which fewer than half of the hidden units are live are left out: they describe what is
  /// left of a network.
  func row(of network: SweepNetwork, _ measures: SweepMeasures) -> [Cell] {
    var reason = measures.reason
    let isAlive = measures.liveUnits.map { 2 * $0 >= measures.hiddenUnits } ?? false
    if reason == nil, !isAlive { reason = "fewer than half of the hidden units are live" }
    let (author, standardised) = isAlive ? (measures.author, measures.standardised) : (nil, nil)
    if reason == nil { reason = standardised?.inference.reason }
    var cells: [Cell] = [.string(network.name)]
    cells += columns.map { $0.cell(network) }
    cells += [
      .string("\(network.training.seed)"), .string("\(network.game.seed)"), .string(network.kind.rawValue), .integer(measures.epoch),
      .number(measures.validationLoss), .number(measures.accuracy), .number(measures.helpShare), .integer(measures.liveUnits),
      .string(measures.statesSHA256), .integer(measures.hiddenUnits), .integer(measures.testStates), .number(author?.index.value),
      .number(author?.inference.crossFit), .number(standardised?.index.value), .number(standardised?.inference.leastOverlapExcess),
      .number(standardised?.inference.pOverlap),
    ]
    if file.measuresAllRows {
      let allRows = isAlive ? measures.standardisedAllRows : nil
      cells += [.number(allRows?.index.value), .number(allRows?.inference.leastOverlapExcess)]
    }
    if file.games > 0 { cells += Self.playOutcomes.map { .number(measures.games[$0]) } }
    return cells + [.string(reason)]
  }

  private static let playOutcomes = PlayOutcome.allCases.filter { $0 != .toadHelps }
}

extension Cell {
  /// The cell as text, with what it is, so that it reads back as the same one.
  var text: String {
    switch self {
    case .string(let value): "s" + value
    case .integer(let value): "i\(value)"
    case .number(let value): "n\(value)"
    case .boolean(let value): "b\(value)"
    case .missing: ""
    }
  }

  init?(text: String) {
    let rest = String(text.dropFirst())
    switch text.first {
    case nil: self = .missing
    case "s": self = .string(rest)
    case "i":
      guard let value = Int(rest) else { return nil }
      self = .integer(value)
    case "n":
      guard let value = Double(rest) else { return nil }
      self = .number(value)
    case "b":
      guard let value = Bool(rest) else { return nil }
      self = .boolean(value)
    default: return nil
    }
  }
}
