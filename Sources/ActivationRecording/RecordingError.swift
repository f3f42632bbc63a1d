import HDF5

/// Why a recording cannot be read or written. `description` is one sentence: which file, which part, what is wrong, what to do.
public enum RecordingError: Error, Sendable, CustomStringConvertible {
  /// The file is not a recording, or breaks the schema.
  case invalid(file: String, fault: String)
  /// The file is a recording of a schema that this version does not know.
  case newerSchema(file: String, version: String)
  /// The recorder did not finish.
  case incomplete(file: String)
  /// A part that the work at hand needs is absent; `advice` says how to get it.
  case missingPart(file: String, part: String, advice: String)
  /// An activation is NaN or infinite.
  case notFinite(file: String, layer: String, unit: Int, row: Int, value: Double)
  /// Too few rows for the work at hand.
  case notEnoughRows(file: String, fault: String)
  /// A batch or a description handed to the recorder does not fit.
  case badInput(file: String, fault: String)
  /// The output exists and may not be replaced.
  case exists(file: String)
  /// The file could not be begun; nothing of it is left.
  case cannotBegin(file: String, cause: String)
  /// Writing failed part way; what is on disk stays under the partial name.
  case writeFailed(file: String, partial: String, rows: Int, cause: String)

  public var description: String {
    switch self {
    case .invalid(let file, let fault): "\(file): \(fault)"
    case .newerSchema(let file, let version):
      "\(file): has recording schema \(version), newer than the \(RecordingSchema.version) that this program reads. Update Mirrorscope."
    case .incomplete(let file):
      "\(file): the recording was not finished (attribute complete is 0). Recover its rows with 'mirrorscope recover \(file)'."
    case .missingPart(let file, let part, let advice): "\(file): has no \(part). \(advice)"
    case .notFinite(let file, let layer, let unit, let row, let value):
      "\(file): /layers/\(layer)/activations holds \(value) at row \(row), unit \(unit). Record finite values, or drop the layer with --layers."
    case .notEnoughRows(let file, let fault): "\(file): \(fault)"
    case .badInput(let file, let fault): "\(file): \(fault)"
    case .exists(let file): "\(file): exists already. Give --force to replace it, or another --output."
    case .cannotBegin(let file, let cause):
      "\(file): the recording cannot be begun (\(cause)). Check the folder and the space left on the disk."
    case .writeFailed(let file, let partial, let rows, let cause):
      "\(file): writing failed (\(cause)). The \(rows) rows flushed before stay in \(partial); free some space and record again."
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
    case .badInput, .exists, .cannotBegin, .writeFailed: .failed
    }
  }
}
