import ArgumentParser
import Logging
import Parallelism
import Tabular

/// Options of every command.
public struct CommonOptions: ParsableArguments, Sendable {
  @Flag(name: .long, help: "Print no progress and no notes on standard error.")
  public var quiet = false

  @Option(count: 1...4096, help: "Threads to use; results are the same for any number.")
  public var threads = availableThreads

  @Option(
    name: .long, help: ArgumentHelp("Most memory to take for rows at a time, such as 2G.", valueName: "size"),
    completion: .list(["512M", "1G", "2G", "4G", "8G"]))
  public var maxMemory: MemorySize?

  public init() {}

  /// Notes and progress for people, on standard error.
  public var logger: Logger { standardErrorLogger(quiet: quiet) }

  /// Names the command that is sensible after this one, on standard error.
  public func suggest(_ program: String, _ words: [NextCommand.Word]) { NextCommand(program, words).suggest(to: logger) }
}

extension TableFormat: ExpressibleByArgument {}

/// Where a result goes.
public struct OutputOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("File to write; - is standard output.", valueName: "path|-"), completion: .file())
  public var output = "-"

  @Flag(name: .long, help: "Replace the output if it exists.")
  public var force = false

  public init() {}

  /// - Parameter beginning: what the output always begins with.
  public func open(beginning: String = "") throws -> OutputFile {
    try OutputFile(path: output, overwrite: force, beginning: beginning)
  }
}

/// Where a table goes, and how it is written.
public struct TableOptions: ParsableArguments {
  @OptionGroup public var destination: OutputOptions

  @Option(name: .long, help: "Format of the table: csv, tsv or json. (default: what the output's name ends in, else csv)")
  public var format: TableFormat?

  public init() {}

  /// The format asked for, or that which the output's name says.
  public var chosenFormat: TableFormat {
    format ?? TableFormat.allCases.first { destination.output.lowercased().hasSuffix("." + $0.rawValue) } ?? .csv
  }

  /// Writes a table: the body gets a function that takes rows as they come.
  public func write<Row: TableRow>(_ type: Row.Type, body: (_ take: ([Row]) throws -> Void) throws -> Void) throws {
    try write(Row.schema) { writer in try body { rows in try writer.write(rows) } }
  }

  /// Writes a table whose columns are known only now.
  public func write(_ schema: TableSchema, body: (_ writer: inout TableWriter) throws -> Void) throws {
    let file = try destination.open(beginning: TableWriter.beginning(of: schema, as: chosenFormat))
    var writer = try TableWriter(schema: schema, format: chosenFormat, sink: file.write)
    try body(&writer)
    try writer.finish()
    try file.finish()
  }
}
