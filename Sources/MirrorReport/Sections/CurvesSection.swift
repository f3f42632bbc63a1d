import MirrorAnalysis
import Tabular

extension NetworkPart {
  /// Index and loss over the epochs of the checkpoints; nil where there is one alone.
  var curves: PageSection? {
    let title = "Over training"
    if let reason = network.curvesReason {
      return PageSection(title: title, blocks: [.absent(what: "Index over epochs", reason: reason)])
    }
    let checkpoints = network.checkpoints
    guard checkpoints.count > 1 else { return nil }
    let figure = PageFigure(
      title: "Index and loss over epochs.",
      caption:
        "\(checkpoints.count) checkpoints. Epoch 0 is the untrained network. The mean under the null is that of the labels none, self and other "
        + "dealt anew together. The axis of losses is logarithmic where all are above 0.",
      drawing: LineChart(panels: curvePanels(checkpoints), xTitle: "epoch").drawing, table: curveTable(checkpoints),
      downloads: [
        Download(
          file("cmni-by-epoch") + ".csv", rows: checkpoints.flatMap { c in c.index.map { RecordingRow(c.identity, $0) } })
      ] + trainingDownload, fileName: file("cmni-by-epoch"))
    var blocks: [PageBlock] = [.figure(figure)]
    if !checkpoints.contains(where: { $0.validationLoss != nil }), network.training == nil {
      blocks.append(
        .absent(
          what: "Loss over epochs",
          reason:
            "The recordings do not say a validation loss (/model, validation_loss). --training takes a table with the columns epoch and "
            + "training_loss or validation_loss."))
    }
    return PageSection(title: title, blocks: blocks)
  }

  private func curvePanels(_ checkpoints: [NetworkFindings.Checkpoint]) -> [LineChart.Panel] {
    func points(_ value: (NetworkFindings.Checkpoint) -> Double?) -> [(x: Double, y: Double)] {
      checkpoints.compactMap { checkpoint in value(checkpoint).map { (Double(checkpoint.epoch), $0) } }
    }
    func series(_ name: String, _ ink: Ink, _ shape: MarkShape, dash: String? = nil, _ value: (NetworkFindings.Checkpoint) -> Double?)
      -> LineChart.Series
    {
      LineChart.Series(name: name, points: points(value), ink: ink, shape: shape, dash: dash)
    }
    func present(_ series: [LineChart.Series]) -> [LineChart.Series] { series.filter { !$0.points.isEmpty } }
    var losses = [series("validation loss of the checkpoints", .first, .disc) { $0.validationLoss }]
    if let training = network.training {
      losses.append(
        .init(
          name: "training loss", points: training.epochs.compactMap { e in e.trainingLoss.map { (e.number, $0) } }, ink: .third,
          shape: .diamond,
          dash: "2 3"))
      losses.append(
        .init(
          name: "validation loss", points: training.epochs.compactMap { e in e.validationLoss.map { (e.number, $0) } }, ink: .second,
          shape: .square, dash: "7 4"))
    }
    let panels = [
      LineChart.Panel(
        title: "Index in the scale of the activations", axis: "CMNI",
        series: present([
          series("author", .first, .disc) { $0.index(.author)?.index.value },
          series("hidden (without outputs)", .second, .square, dash: "7 4") { $0.index(.hidden)?.index.value },
          series("author, mean under the null", .muted, .ring, dash: "2 3") { $0.index(.author)?.inference.nullMean },
        ])),
      LineChart.Panel(
        title: "Index in each unit's standard deviations", axis: "CMNI",
        series: present([
          series("standardised", .first, .disc) { $0.index(.standardised)?.index.value },
          series("standardised, mean under the null", .muted, .ring, dash: "2 3") { $0.index(.standardised)?.inference.nullMean },
        ])),
      LineChart.Panel(title: "Loss", axis: "loss", series: present(losses), isLogarithmic: true),
    ]
    return panels.filter { !$0.series.isEmpty }
  }

  private func curveTable(_ checkpoints: [NetworkFindings.Checkpoint]) -> PageTable {
    PageTable(
      caption: "Checkpoints",
      columns: ["epoch", "CMNI", "p", "cross-fitted", "95 % interval", "hidden", "standardised", "validation loss"],
      rows: checkpoints.map { checkpoint in
        let author = checkpoint.index(.author)
        return [
          String(checkpoint.epoch), numberText(author?.index.value), pText(author?.inference.pValue),
          numberText(author?.inference.crossFit),
          intervalText(author?.inference.interval?.lowerBound, author?.inference.interval?.upperBound),
          numberText(checkpoint.index(.hidden)?.index.value), numberText(checkpoint.index(.standardised)?.index.value),
          numberText(checkpoint.validationLoss),
        ]
      }, numeric: [0, 1, 2, 3, 4, 5, 6, 7])
  }

  private var trainingDownload: [Download] {
    guard let training = network.training else { return [] }
    let schema = TableSchema(
      name: "training", title: "Losses of a training by epoch",
      columns: [
        Column("epoch", .number, "Epoch"), Column("training_loss", .number, "Training loss"),
        Column("validation_loss", .number, "Validation loss"),
      ])
    return [
      Download(
        file("training") + ".csv", schema: schema,
        cells: training.epochs.map { [.number($0.number), .number($0.trainingLoss), .number($0.validationLoss)] })
    ]
  }
}
