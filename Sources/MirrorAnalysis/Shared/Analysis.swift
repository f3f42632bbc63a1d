import ActivationRecording
import Tabular

/// An analysis: a value that says what it needs and makes rows of a table of each recording. `AnalysisRunner` gives it what it needs.
///
/// How to add one: docs/architecture.md.
public protocol Analysis: Sendable {
  associatedtype Row: TableRow

  /// What has to be opened and counted of a recording.
  var needs: RecordingNeeds { get }

  /// Bytes that the analysis takes beside the blocks of rows that are read, its rows included; asked before anything is read.
  func memory(_ shape: RecordingShape, threads: Int) -> Int

  /// The layers that are read at once, by their numbers in the shape; by default as `needs` says.
  func layersReadAtOnce(_ shape: RecordingShape) -> [[Int]]

  /// What a user can do where that is too much, as a sentence: "Take fewer permutations,".
  var smallerAlternative: String { get }

  /// The rows of a recording.
  ///
  /// - Throws: `RecordingError` where the recording does not hold what the analysis rests on; what reading throws.
  func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [Row]

  /// Hands on the rows piece by piece, where all of them at once would fill the memory. By default all of `rows(of:in:)`.
  func forEachRows(of recording: RecordingView, in context: AnalysisContext, take: ([Row]) throws -> Void) throws
}

extension Analysis {
  public var smallerAlternative: String { "Choose fewer layers," }

  public func layersReadAtOnce(_ shape: RecordingShape) -> [[Int]] {
    needs.reading == .inStep ? [Array(shape.layers.indices)] : shape.layers.indices.map { [$0] }
  }

  public func forEachRows(of recording: RecordingView, in context: AnalysisContext, take: ([Row]) throws -> Void) throws {
    try take(rows(of: recording, in: context))
  }
}

/// What an analysis needs of a recording.
public struct RecordingNeeds: Sendable {
  /// How activations are read.
  public enum Reading: Sendable {
    /// No activations are read, or layers one after the other.
    case layerByLayer
    /// Several layers are read at once.
    case inStep
  }

  /// Which layers are opened.
  public enum Opening: Sendable {
    /// The layers that the user chose.
    case chosen
    /// The lowest of these that the analysis looks at, as it says by name, and every layer above it: to replay what follows from it.
    case upwardFrom(@Sendable (String) -> Bool)
  }

  public var reading: Reading
  /// What is wrong with layers that are not opened is no fault.
  public var opens: Opening
  /// Whether a recording without `/phase` is refused.
  public var phase: Bool
  /// Whether rows are handed on piece by piece, so that a table may outgrow the memory: recordings then come one after the other.
  public var handsOnPieces = false
  /// Columns whose values decide how much memory is needed.
  public var counted: Set<RecordingView.CountedColumn>

  public init(
    reading: Reading = .layerByLayer, opens: Opening = .chosen, phase: Bool = true,
    counting counted: Set<RecordingView.CountedColumn> = [.phase]
  ) {
    self.phase = phase
    self.reading = reading
    self.opens = opens
    self.counted = counted
  }
}

/// What the runner gives an analysis beside the recording.
public struct AnalysisContext: Sendable {
  public var threads: Int
  /// Of everything that is drawn at random.
  public var seed: UInt64
  /// Says by name which layers the user asked for.
  public var isChosen: @Sendable (String) -> Bool
  /// Tells the user something that is no error.
  public var note: @Sendable (String) -> Void
  /// Throws where the work is to end.
  public var checkCancellation: @Sendable () throws -> Void
  /// The work that is done in this context, and how it says how far it is.
  public var progress: WorkShare

  public init(
    threads: Int = 1, seed: UInt64 = 1, isChosen: @escaping @Sendable (String) -> Bool = { _ in true },
    note: @escaping @Sendable (String) -> Void = { _ in }, checkCancellation: @escaping @Sendable () throws -> Void = {},
    progress: WorkShare = .unheard
  ) {
    self.threads = threads
    self.seed = seed
    self.isChosen = isChosen
    self.note = note
    self.checkCancellation = checkCancellation
    self.progress = progress
  }

  /// The same, for work between two shares of this one.
  public func part(_ from: Double, _ to: Double) -> AnalysisContext {
    var context = self
    context.progress = progress.part(from, to)
    return context
  }

  /// The same for each of some pieces of work that follow on one another.
  public func parts(_ weights: [Int]) -> [AnalysisContext] {
    progress.parts(weights).map { share in
      var context = self
      context.progress = share
      return context
    }
  }
}
