import Foundation
import Logging

/// A logger that writes bare sentences to standard error; `quiet` leaves warnings and errors.
public func standardErrorLogger(quiet: Bool) -> Logger {
  Logger(label: "mirrorscope") { _ in SentenceLogHandler(logLevel: quiet ? .warning : .info) }
}

/// Notes are read by people at a terminal: no time stamp, no label, the level only from warning upwards.
private struct SentenceLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let prefix = event.level >= .warning ? "\(event.level): " : ""
    writeToStandardError("\(prefix)\(onOneLine("\(event.message)"))\n")
  }
}
