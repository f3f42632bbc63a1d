import ActivationRecording
import DenseNetwork
import FrogAndToad
import HDF5
import Statistics
import Terminal

extension Failure {
  /// The exit code and sentence of an error of the libraries, which know facts and no options; nil for an error that is not theirs.
  init?(ofLibrary error: any Error) {
    switch error {
    case let error as RecordingError: self.init(error) { $0 == .replace ? "--force, --output" : nil }
    case let error as StatesFileError: self.init(error)
    case let error as CheckpointError: self.init(error)
    case let error as HDF5Error: self.init(error.isAboutOutput ? .failed : .badFile, error.description)
    case let error as CSVError: self.init(.badFile, error.description)
    case let error as GenerationError: self.init(error.isTooFew ? .notEnoughData : .failed, error.description)
    case let error as NetworkError: self.init(.failed, error.description)
    case let error as StatisticsError: self.init(.failed, error.description)
    default: return nil
    }
  }

  private init(_ error: CheckpointError) {
    // Nothing is wrong with the file where there is no room to unpack it to.
    let code = error.fault == .noRoom ? ExitStatus.failed : .badFile
    self.init(code, error.description + (error.needsArchitecture ? " See --architecture." : ""))
  }

  private init(_ error: StatesFileError) {
    if case .unusableRows = error { self.init(.failed, error.description) } else { self.init(.badFile, error.description) }
  }
}

extension HDF5Error {
  /// Whether a file could not be written, as opposed to read.
  fileprivate var isAboutOutput: Bool {
    switch kind {
    case .noSpace, .writeFailed, .fileExists, .objectExists: true
    default: ["create", "write", "flush", "close"].contains(operation)
    }
  }
}

extension GenerationError {
  fileprivate var isTooFew: Bool {
    switch self {
    case .tooFewForTest, .exhausted: true
    case .unusableCount: false
    }
  }
}
