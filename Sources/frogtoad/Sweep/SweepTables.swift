import FrogAndToad
import Games
import MirrorAnalysis
import Tabular

extension SweepPlan {
  /// The table `networks.csv`: a row for each network and measured epoch, every option that differs between networks as a column.
  var schema: TableSchema {
    let identity =
      [Column("network", .string, "Name of the network; joins the other tables")] + columns.map(\.column) + [
        Column("seed", .string, "Seed of the weights, the order of rows and the dropout"),
        Column("data_seed", .string, "Seed of the games that its states come from"),
        Column("kind", .string, "trained, untrained, or shuffled: trained on labels dealt anew"),
      ]
    return TableSchema(name: "networks", title: "Networks of a sweep", columns: identity + measuredColumns)
  }

  /// The columns that are measured, in the order of the table.
  var measuredColumns: [Column] {
    var columns = [
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
    return columns + [Column("reason", .string, "Why a cell is empty")]
  }

  static let playOutcomes = PlayOutcome.allCases.filter { $0 != .toadHelps }

  /// A row of the table: what is known of the network now, and what was measured of it, by column.
  func row(of network: SweepNetwork, _ measured: [String: Cell]) -> [Cell] {
    let identity: [Cell] =
      [.string(network.name)] + columns.map { $0.cell(network) } + [
        .string("\(network.training.seed)"), .string("\(network.game.seed)"), .string(network.kind.rawValue),
      ]
    return identity + measuredColumns.map { measured[$0.name] ?? .missing }
  }
}

extension SweepMeasures {
  /// The measured cells by column. Indices of networks in which fewer than half of the hidden units are live are left out: they describe what
  /// is left of a network.
  var cells: [String: Cell] {
    let isAlive = liveUnits.map { 2 * $0 >= hiddenUnits } ?? true
    var reasons = [reason].compactMap { $0 }
    if !isAlive { reasons.append("fewer than half of the hidden units are live") }
    if epoch != nil, helpShare == nil { reasons.append("no test state is labelled help") }
    let (author, standardised) = isAlive ? (author, standardised) : (nil, nil)
    for reason in [author?.inference.reason, standardised?.inference.reason].compactMap({ $0 }) where !reasons.contains(reason) {
      reasons.append(reason)
    }
    let absent = SweepPlan.playOutcomes.filter { !games.isEmpty && games[$0] == nil }.map(\.rawValue)
    if !absent.isEmpty { reasons.append("no turn of the kind in play: \(absent.joined(separator: ", "))") }
    var cells: [String: Cell] = [
      "epoch": .integer(epoch), "validation_loss": .number(validationLoss), "accuracy": .number(accuracy), "help_share": .number(helpShare),
      "live_units": .integer(liveUnits), "states_sha256": .string(statesSHA256), "hidden_units": .integer(hiddenUnits),
      "test_states": .integer(testStates), "cmni": .number(author?.index.value), "cmni_crossfit": .number(author?.inference.crossFit),
      "standardised": .number(standardised?.index.value), "least_overlap_excess": .number(standardised?.inference.leastOverlapExcess),
      "p_overlap": .number(standardised?.inference.pOverlap), "reason": .string(reasons.isEmpty ? nil : reasons.joined(separator: "; ")),
    ]
    if let allRows = standardisedAllRows, isAlive {
      cells["standardised_all_rows"] = .number(allRows.index.value)
      cells["least_overlap_excess_all_rows"] = .number(allRows.inference.leastOverlapExcess)
    }
    for (outcome, value) in games { cells[outcome.rawValue] = .number(value) }
    return cells.filter { $0.value != .missing }
  }
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

  /// - Returns: nil for text that is no cell, or one of another kind.
  init?(text: String, kind: Column.Kind) {
    let rest = String(text.dropFirst())
    switch (text.first, kind) {
    case (nil, _): self = .missing
    case ("s", .string): self = .string(rest)
    case ("i", .integer):
      guard let value = Int(rest) else { return nil }
      self = .integer(value)
    case ("n", .number):
      guard let value = Double(rest) else { return nil }
      self = .number(value)
    case ("b", .boolean):
      guard let value = Bool(rest) else { return nil }
      self = .boolean(value)
    default: return nil
    }
  }
}
