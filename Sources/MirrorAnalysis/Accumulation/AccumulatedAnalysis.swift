import ActivationRecording
import Files
import Statistics

/// What one machine adds to a table: sums over a shard of the rows, or what comes of a share of the permutations.
public protocol Accumulator: Sendable {
  /// - Throws: `AccumulatorFault` for arrays that are missing or are not of as many layers and units.
  init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws

  func write(to arrays: inout AccumulatorArrays)

  /// Joins what the next shard, or the next share, adds.
  ///
  /// - Throws: `AccumulatorFault` where the two do not go together; the sentence is about the next one.
  mutating func merge(_ next: Self) throws
}

/// An analysis that several machines can do together. What one of them adds is the same value whether it is merged with others here, as with
/// files that are joined, or is written and merged elsewhere: so both give the same digits.
public protocol AccumulatedAnalysis: Analysis {
  associatedtype Sums: Accumulator

  /// What changes numbers, by name.
  var accumulatorOptions: [String: String] { get }

  /// The analysis that those options stand for.
  ///
  /// - Throws: `AccumulatorFault` for options that are missing or none.
  init(accumulated header: AccumulatorHeader) throws

  /// Why it cannot be done shard by shard, or share by share; nil where it can.
  func obstacle(to place: AccumulatorPlace) -> String?

  /// What a recording adds, all of whose rows are one shard; or one share of the permutations, of all its rows.
  func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> Sums

  /// Bytes that the sums of all layers take beyond `memory`, until they are written. By default those of moments, which are copied.
  func keptBytes(_ shape: RecordingShape, as place: AccumulatorPlace) -> Double

  /// The rows of the table, once all are merged.
  ///
  /// - Parameters:
  ///   - sums: of all of them.
  ///   - header: of the first shard or share.
  ///   - context: as for the analysis of a recording.
  func rows(of sums: Sums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [Row]

  /// Hands on the rows piece by piece, where all of them at once would fill the memory. By default all of them.
  func forEachRows(of sums: Sums, _ header: AccumulatorHeader, in context: AnalysisContext, take: ([Row]) throws -> Void) throws
}

extension AccumulatedAnalysis {
  public func keptBytes(_ shape: RecordingShape, as place: AccumulatorPlace) -> Double { shape.momentSumBytes }

  public func forEachRows(
    of sums: Sums, _ header: AccumulatorHeader, in context: AnalysisContext, take: ([Row]) throws -> Void
  ) throws {
    try take(rows(of: sums, header, in: context))
  }
}

extension RecordingShape {
  /// The moments of all units in every phase, as they are written: seven numbers of each.
  var momentSumBytes: Double { 8 * 7 * Double(Phase.allCases.count) * Double(unitCount) }
}

extension AnalysisRunner {
  /// What one machine adds.
  ///
  /// - Parameters:
  ///   - analysis: what is done.
  ///   - paths: recordings that are taken as one.
  ///   - place: which shard, or which share.
  ///   - program: the program and version, which have to be those of the other machines.
  /// - Throws: what reading and the analysis throw.
  public func accumulate<A: AccumulatedAnalysis>(
    _ analysis: A, _ paths: [String], as place: AccumulatorPlace, program: String
  ) throws -> (header: AccumulatorHeader, arrays: AccumulatorArrays) {
    var result: (header: AccumulatorHeader, arrays: AccumulatorArrays)?
    var runner = self
    runner.selection.numbersGroups = place.kind == .shard
    func keptBytes(_ shape: RecordingShape) -> Double { analysis.keptBytes(shape, as: place) }
    try runner.lend(paths, to: analysis, keptBytes: keptBytes) { view, context in
      var arrays = AccumulatorArrays()
      try analysis.sums(of: view, as: place, in: context.part(0, 0.9)).write(to: &arrays)
      let hashing = context.progress.part(0.9, 1).parts(paths.map { _ in 1 })
      let files = try zip(zip(paths, view.files), hashing).map { file, progress in
        AccumulatedFile(
          name: file.0, sha256: try sha256(ofFile: file.0, finished: progress.tell), rowCount: file.1.rows.count)
      }
      result = (try AccumulatorHeader(of: view, analysis, as: place, seed: seed, program: program, files: files), arrays)
    }
    guard let result else { throw RecordingError.badInput(file: paths.first ?? "", fault: "was not read.") }
    return result
  }
}
