import ActivationRecording

extension Failure {
  /// The exit code and sentence of an error about a recording.
  ///
  /// - Parameter option: how a program's user asks for a remedy, such as `--layers`; nil where it has no option for it.
  public init(_ error: RecordingError, option: (Remedy) -> String?) {
    let status: ExitStatus =
      switch error.kind {
      case .badFile: .badFile
      case .notEnoughData: .notEnoughData
      case .failed: .failed
      }
    self.init(status, error.sentence(option: option))
  }
}
