import ActivationRecording
import DenseNetwork
import FrogAndToad

/// Records what Frog's network does while it plays: a row a turn, with the phase as it comes.
///
/// The stratum is the game's number and `/rows/turn` the turn, from 0. Games that are played side by side lie turn by turn.
public final class GamesRecording {
  private let recorder: Recorder
  private var phases: [Phase] = []
  private var activations: [[Float]]
  private var labels: [UInt8] = []
  private var predictions: [UInt8] = []
  private var partnerActing: [Bool] = []
  private var strata: [Int32] = []
  private var turns: [Int] = []
  private var inputs: [UInt8] = []

  /// Rows that go to the recorder at a time, at least.
  private static let batchRows = 4096

  /// - Parameter layers: as the recording declares them, one for each of the network.
  /// - Throws: what `Recorder.init` throws.
  public init(
    path: String, layers: [LayerDescription], description: RecordingDescription, overwrite: Bool = false, threads: Int = 1
  ) throws {
    var columns = Recorder.Columns()
    columns.actionNames = Action.allCases.map(\.description)
    columns.hasLabels = true
    columns.hasPredictions = true
    columns.hasPartnerActing = true
    columns.hasStrata = true
    columns.inputs = (StateIndex.count, true)
    columns.coordinates = [Recorder.Columns.Coordinate("turn", .integers)]
    recorder = try Recorder(
      path: path, layers: layers, columns: columns, description: description, overwrite: overwrite, threads: threads)
    activations = layers.map { _ in [] }
  }

  func add(_ turn: ChosenTurn, _ batch: BatchForward) throws {
    for place in turn.labels.indices {
      phases.append(Phase(rawValue: turn.scenario(place).rawValue) ?? .neither)
      partnerActing.append(turn.partnerIsActing(place))
      strata.append(Int32(clamping: turn.games.lowerBound + place))
      turns.append(turn.turn)
    }
    labels += turn.labels
    predictions += turn.actions
    inputs += turn.views
    for layer in activations.indices { activations[layer] += batch.activations(ofLayer: layer) }
    if phases.count >= Self.batchRows { try append() }
  }

  private func append() throws {
    var batch = RowBatch(phases: phases, activations: activations)
    batch.labels = labels
    batch.predictions = predictions
    batch.partnerActing = partnerActing
    batch.strata = strata
    batch.inputs = .bytes(inputs)
    batch.coordinates = ["turn": .integers(turns)]
    try recorder.append(batch)
    phases.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    predictions.removeAll(keepingCapacity: true)
    partnerActing.removeAll(keepingCapacity: true)
    strata.removeAll(keepingCapacity: true)
    turns.removeAll(keepingCapacity: true)
    inputs.removeAll(keepingCapacity: true)
    for layer in activations.indices { activations[layer].removeAll(keepingCapacity: true) }
  }

  /// Writes what is left and gives the recording its name.
  func finish() throws {
    try append()
    try recorder.finish()
  }

  /// Drops the recording.
  func cancel() { recorder.cancel() }
}
