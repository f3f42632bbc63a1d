import ArgumentParser
import MirrorAnalysis
import Tabular
import Terminal

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "What is in a recording: origin, model, rows by phase, layers, and which optional parts are missing.",
    discussion: """
      EXAMPLE
        mirrorscope inspect demo/recordings/2x17/epoch-000.h5
      """)

  /// A table has its formats; people read aligned text.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, csv, tsv, json
  }

  @OptionGroup var recordings: RecordingOptions

  @Option(name: .long, help: "Format of the output. (default: what the output's name ends in, else text)")
  var format: Format?

  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try destination.open()
    let named = Format.allCases.first { $0 != .text && destination.output.lowercased().hasSuffix("." + $0.rawValue) }
    var writer = try TableFormat(rawValue: (format ?? named ?? .text).rawValue).map { format in
      try TableWriter(schema: RecordingRow<InspectionRow>.schema, format: format, sink: file.write)
    }
    try AnalysisRunner(recordings, common).run(InspectionAnalysis(), on: recordings.groups) { rows in
      if writer != nil { try writer?.write(rows) } else { try write(rows, to: file) }
    }
    try writer?.finish()
    try file.finish()
    recordings.suggest("audit", table: "audit.csv", beside: destination.output, common)
  }

  private func write(_ rows: [RecordingRow<InspectionRow>], to file: OutputFile) throws {
    guard let recording = rows.first?.identity.recording else { return }
    try file.write("\(recording)\n")
    let width = rows.map(\.row.item.count).max() ?? 0
    for row in rows { try file.write("  \(row.row.item.padding(toLength: width)) \(row.row.value)\n") }
  }
}

extension String {
  fileprivate func padding(toLength length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
