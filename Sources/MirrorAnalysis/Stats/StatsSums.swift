import ActivationRecording

extension StatsAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] { [:] }

  public init(accumulated header: AccumulatorHeader) throws { self.init() }

  public func obstacle(to place: AccumulatorPlace) -> String? { place.kind == .share ? "moments have no permutations to share" : nil }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> MomentSums {
    try MomentSums(of: recording, threads: context.threads)
  }

  public func rows(of sums: MomentSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [StatsRow] {
    sums.moments(header).statsRows
  }
}
