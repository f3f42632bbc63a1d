import ActivationRecording

extension Failure {
  /// The exit code and sentence of an error about a recording, the same in both programs.
  public init(_ error: RecordingError) {
    let status: ExitStatus =
      switch error.kind {
      case .badFile: .badFile
      case .notEnoughData: .notEnoughData
      case .failed: .failed
      }
    self.init(status, error.description)
  }
}
