import ActivationRecording
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Parallelism
import Terminal

/// Runs states through checkpoints and records every layer.
struct RecordStep: Sendable {
  struct Pair: Sendable {
    let checkpoint: String
    let recording: String
  }

  var split = FrogAndToad.Split.test
  /// Of those checkpoints that are weights alone.
  var architecture: String?
  /// Nil takes that of each checkpoint.
  var veil: Veil?
  /// Whether a checkpoint may be recorded under another veil than its own.
  var forcesVeil = false
  var recordsInputs = true
  var overwrite = false
  /// Whether the rows of a recording that a signal ends are kept in its partial file.
  var keepsPartials = true

  /// Records several checkpoints at once, one per thread as far as memory allows; a single one compresses on all threads. Nothing is
  /// recorded before every checkpoint has been read once.
  ///
  /// - Parameter progress: gets the rows that are recorded and those of all recordings, from any thread.
  func run(
    _ plan: [Pair], states path: String, common: CommonOptions, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) throws {
    let states = try StatesFile(path, threads: common.threads)
    guard states.count(split) > 0 else {
      throw Failure(.notEnoughData, "\(path): has no \(split.rawValue) states to record. Choose another --split.")
    }
    var largest = 0
    var veils: [Veil] = []
    var needsArchitecture = false
    for pair in plan {
      try requireAbsent(pair.recording, overwrite: overwrite)
      let checkpoint = try Checkpoint.open(pair.checkpoint, architectureIfNeeded: architecture)
      if checkpoint.architectureSHA256 != nil { needsArchitecture = true }
      let network = checkpoint.network
      try network.requireStatesAndActions(in: pair.checkpoint)
      for note in checkpoint.importNotes(for: pair.checkpoint) { common.logger.warning("\(note)") }
      largest = max(largest, Self.memory(for: network))
      let own = try checkpoint.veil(self.veil, isForced: forcesVeil, at: pair.checkpoint, to: "record it")
      if case .hidingIdentity = own, split != .train, !veils.contains(own) { veils.append(own) }
    }
    if architecture != nil, !needsArchitecture, let first = plan.first {
      throw CheckpointError(file: first.checkpoint, fault: .architectureKnown)
    }
    let heldRows = veils.isEmpty ? 0 : states.looksTrainedMemory(split) + veils.count * states.count(split)
    try common.requireRoom(
      bytes: largest + heldRows, for: "\(path): the activations of a network",
      alternative: veils.isEmpty ? "use fewer threads with --threads" : "record fewer states or veils at a time")
    let twins = try veils.map { veil in
      let isSeen = try states.looksTrained(split, under: veil)
      common.noteTwins(isSeen.count { $0 }, of: isSeen.count, split, in: path, under: veil)
      guard isSeen.contains(false) else {
        throw Failure(.notEnoughData, "\(path): under the veil \(veil.name) every \(split.rawValue) state looks like a training state.")
      }
      return (veil, isSeen)
    }
    let atOnce = max(
      1,
      min(common.threads, common.memoryForRows.map { max(0, $0 - veils.count * states.count(split)) / max(largest, 1) } ?? common.threads))
    let inner = plan.count == 1 || atOnce == 1 ? common.threads : 1
    let (counter, total) = (SharedCounter(), plan.count * states.count(split))
    progress(0, total)
    for start in stride(from: 0, to: plan.count, by: atOnce) {
      let window = plan[start..<min(start + atOnce, plan.count)]
      do {
        try Interruption.shared.gracefully {
          _ = try mapBlocks(count: window.count, threads: atOnce) {
            try record(window[start + $0], states: states, twins: twins, threads: inner) { progress(counter.add($0), total) }
          }
        }
      } catch is Interrupted {
        throw Interruption.shared.failure(plan.count == 1 ? "." : "; the first \(start) of \(plan.count) recordings are complete.")
      }
    }
  }

  /// A signal ended the work.
  private struct Interrupted: Error {}

  /// - Parameters:
  ///   - twins: under each veil that is in use, which states look like training states.
  ///   - finished: gets the number of states that were run since it was last called.
  private func record(
    _ pair: Pair, states: StatesFile, twins: [(Veil, [Bool])], threads: Int, finished: @Sendable (Int) -> Void
  ) throws {
    let checkpoint = try Checkpoint.open(pair.checkpoint, architectureIfNeeded: architecture)
    let veil = try checkpoint.veil(self.veil, isForced: forcesVeil, at: pair.checkpoint, to: "record it")
    // It may have been replaced since it was looked at.
    try checkpoint.network.requireStatesAndActions(in: pair.checkpoint)
    let isSeen = twins.first { $0.0 == veil }?.1
    try record(
      checkpoint, at: pair.checkpoint, to: pair.recording, under: veil, states: states, leavingOut: isSeen, threads: threads,
      finished: finished)
  }

  /// Records one network.
  ///
  /// - Parameters:
  ///   - checkpointPath: what the recording says of its origin.
  ///   - isSeen: rows that are left out; none without it.
  ///   - finished: gets the number of states that were run since it was last called.
  func record(
    _ checkpoint: Checkpoint, at checkpointPath: String, to path: String, under veil: Veil, states: StatesFile,
    leavingOut isSeen: [Bool]? = nil, threads: Int, finished: (Int) -> Void = { _ in }
  ) throws {
    let network = checkpoint.network
    let hasEpisodes = try states.rows(split, 0..<1).episodes != nil
    var columns = Recorder.Columns()
    columns.actionNames = Action.allCases.map(\.description)
    columns.hasLabels = true
    columns.hasPredictions = true
    columns.hasPartnerActing = true
    columns.hasStrata = hasEpisodes
    columns.inputs = recordsInputs ? (StateIndex.count, true) : nil
    let recorder = try Recorder(
      path: path, layers: network.layerDescriptions, columns: columns,
      description: try description(of: checkpoint, at: checkpointPath, under: veil, states: states), overwrite: overwrite, threads: threads)
    recorder.isKeptIfEnded = keepsPartials
    do {
      var first = 0
      try states.forEachBlock(of: split) { block in
        let rows = isSeen.map { isSeen in block.filtered(isSeen[first..<first + block.count].map { !$0 }) } ?? block
        first += block.count
        var seen = rows.states
        veil.apply(to: &seen, scenarios: rows.scenarios)
        try network.forward(rows: seen) { block in
          if Interruption.shared.isRequested { throw Interrupted() }
          try recorder.append(batch(block, rows: rows, seen: seen, network: network))
        }
        finished(block.count)
      }
      try recorder.finish()
    } catch let error as Interrupted {
      if keepsPartials { _ = try recorder.interrupt() } else { recorder.cancel() }
      throw error
    } catch let error as RecordingError {
      // What was flushed is worth keeping, and the sentence says where it is.
      throw error
    } catch {
      recorder.cancel()
      throw error
    }
  }

  private func batch(_ block: ActivationBlock, rows: StateRows, seen: [UInt8], network: Network) -> RowBatch {
    let range = block.rows
    var batch = RowBatch(
      phases: rows.scenarios[range].map { Phase(rawValue: $0) ?? .neither }, activations: block.activations)
    batch.labels = Array(rows.labels[range])
    batch.predictions = chosenActions(outputs: block.outputs, outputCount: network.outputCount)
    batch.partnerActing = rows.partnerActing[range].map { $0 == 1 }
    batch.strata = rows.episodes.map { Array($0[range]) }
    if recordsInputs {
      batch.inputs = .bytes(Array(seen[range.lowerBound * StateIndex.count..<range.upperBound * StateIndex.count]))
    }
    return batch
  }

  private func description(of checkpoint: Checkpoint, at path: String, under veil: Veil, states: StatesFile) throws -> RecordingDescription
  {
    var description = try RecordingDescription(
      of: checkpoint, at: path, under: veil, seed: checkpoint.hyperparameters?.seed ?? states.provenance.seed)
    description.title = "\(NetworkShape(checkpoint.network.hiddenUnitCounts).name), \(split.rawValue) states"
    description.provenance["states_sha256"] = states.hash
    description.provenance["states_file"] = URL(filePath: states.path).lastPathComponent
    description.provenance["split"] = split.rawValue
    description.provenance["game"] = states.provenance.game
    return description
  }
}
