import HDF5

/// What a reader can do about a fault that is not the file's alone: whoever offers it says how it is asked for.
public enum Remedy: Sendable, Equatable, CaseIterable {
  case leaveLayerOut, turnFilterOff, replace, useSameRows, chooseUnits, moreMemory, compareByCKA, namePhases, allowRounding

  /// As the end of a sentence.
  public var phrase: String {
    switch self {
    case .leaveLayerOut: "or leave the layer out"
    case .turnFilterOff: "or turn the partner filter off"
    case .replace: "Replace it, or choose another name"
    case .useSameRows: "or use the same rows for both"
    case .chooseUnits: "Choose units by name, or each unit alone"
    case .moreMemory: "or allow more memory"
    case .compareByCKA: "or compare by CKA"
    case .namePhases: "or name a column that tells the phases"
    case .allowRounding: "or allow for more rounding"
    }
  }
}

/// Why a recording cannot be read or written. `description` is one sentence: which file, which part, what is wrong, what to do.
public enum RecordingError: Error, Sendable, CustomStringConvertible {
  /// The file is not a recording, or breaks the schema.
  case invalid(file: String, fault: String, remedy: Remedy? = nil)
  /// The file is a recording of a schema that this version does not know.
  case newerSchema(file: String, version: String)
  /// The recorder did not finish.
  case incomplete(file: String)
  /// A part that the work at hand needs is absent; `advice` says how to get it.
  case missingPart(file: String, part: String, advice: String, remedy: Remedy? = nil)
  /// An activation is NaN or infinite.
  case notFinite(file: String, layer: String, unit: Int, row: Int, value: Double)
  /// Too few rows for the work at hand.
  case notEnoughRows(file: String, fault: String, remedy: Remedy? = nil)
  /// More memory is needed than is allowed.
  case tooLarge(file: String, what: String, bytes: Int, allowed: Int, alternative: String)
  /// What is asked for is not in the file, or a batch or description handed to the recorder does not fit.
  case badInput(file: String, fault: String, remedy: Remedy? = nil)
  /// The output exists and may not be replaced.
  case exists(file: String)
  /// The file could not be begun; nothing of it is left.
  case cannotBegin(file: String, cause: String)
  /// Writing failed part way; what is on disk stays under the partial name, and so many rows of it can be recovered.
  case writeFailed(file: String, partial: String, rows: Int, cause: String)

  public var description: String { sentence { _ in nil } }

  /// The sentence.
  ///
  /// - Parameter option: how a remedy is asked for, such as `--layers`; nil leaves the remedy without it.
  public func sentence(option: (Remedy) -> String?) -> String {
    func ending(_ remedy: Remedy?) -> String {
      guard let remedy else { return "" }
      return " \(remedy.phrase)\(option(remedy).map { " (\($0))" } ?? "")."
    }
    switch self {
    case .invalid(let file, let fault, let remedy), .notEnoughRows(let file, let fault, let remedy),
      .badInput(let file, let fault, let remedy):
      return "\(file): \(fault)\(ending(remedy))"
    case .newerSchema(let file, let version):
      return "\(file): has recording schema \(version), newer than the \(RecordingSchema.version) that this program reads. "
        + "Update Mirrorscope."
    case .incomplete(let file):
      return "\(file): the recording was not finished (attribute complete is 0). Recover its rows with 'mirrorscope recover \(file)'."
    case .missingPart(let file, let part, let advice, let remedy): return "\(file): has no \(part). \(advice)\(ending(remedy))"
    case .notFinite(let file, let layer, let unit, let row, let value):
      return "\(file): /layers/\(layer)/activations holds \(value) at row \(row), unit \(unit). Record finite values,"
        + ending(.leaveLayerOut)
    case .tooLarge(let file, let what, let bytes, let allowed, let alternative):
      return "\(file): \(what) needs \(byteText(bytes)), more than the \(byteText(allowed)) that are allowed. \(alternative)"
        + ending(.moreMemory)
    case .exists(let file): return "\(file): exists already.\(ending(.replace))"
    case .cannotBegin(let file, let cause):
      return "\(file): the recording cannot be begun (\(cause)). Check the folder and the space left on the disk."
    case .writeFailed(let file, let partial, 0, let cause):
      return "\(file): writing failed (\(cause)). No row of it can be recovered from \(partial); free some space and record again."
    case .writeFailed(let file, let partial, let rows, let cause):
      return "\(file): writing failed (\(cause)). The \(rows) rows flushed before stay in \(partial); free some space and record again."
    }
  }
}

extension RecordingError {
  /// What kind of trouble an error is, for whoever turns it into an exit code.
  public enum Kind: Sendable {
    case badFile, notEnoughData, failed
  }

  public var kind: Kind {
    switch self {
    case .invalid, .newerSchema, .incomplete, .missingPart, .notFinite: .badFile
    case .notEnoughRows: .notEnoughData
    case .tooLarge, .badInput, .exists, .cannotBegin, .writeFailed: .failed
    }
  }
}

/// A number of bytes for people: 1.5 GB, 1 KB being 1,024 bytes.
public func byteText(_ bytes: Int) -> String {
  for (unit, shift) in [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)] where bytes >= 1 << shift {
    return "\((Double(bytes) / Double(1 << shift) * 10).rounded() / 10) \(unit)"
  }
  return "\(bytes) bytes"
}
