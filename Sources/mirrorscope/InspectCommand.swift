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

  @Option(name: .long, help: "Format of the output.")
  var format = Format.text

  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try destination.open()
    var writer = try TableFormat(rawValue: format.rawValue).map { format in
      try TableWriter(schema: InspectionRow.schema, format: format, sink: file.write)
    }
    for path in recordings.recordings {
      let rows = try inspectionRows(of: recordings.open(path))
      if writer != nil {
        try writer?.write(rows)
      } else {
        let width = rows.map(\.item.count).max() ?? 0
        try file.write("\(path)\n")
        for row in rows { try file.write("  \(row.item.padding(toLength: width)) \(row.value)\n") }
      }
    }
    try writer?.finish()
    try file.finish()
  }
}

extension String {
  fileprivate func padding(toLength length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
