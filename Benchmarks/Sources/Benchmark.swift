import ActivationRecording
import ArgumentParser
import CBLAS
import DenseNetwork
import Foundation
import FrogAndToad
import Games
import MirrorAnalysis
import Parallelism
import Statistics

/// One timed piece of work per call, printed as JSON: `scripts/benchmark` runs these and their peers in turn.
@main
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "One timed piece of work, for scripts/benchmark.",
    subcommands: [
      Generate.self, Train.self, Record.self, Inflate.self, Read.self, Moments.self, ToIndex.self, Correlate.self, Checksums.self,
      Ceilings.self, PlayGames.self,
    ])
}

/// What every piece of work takes.
struct WorkOptions: ParsableArguments {
  @Option(name: .long) var threads = availableThreads
}

/// Runs the work, prints its seconds and what else is known of it.
private func report(_ facts: [String: Double] = [:], _ work: () throws -> Void) rethrows {
  let clock = ContinuousClock()
  let duration = try clock.measure(work)
  var facts = facts
  facts["seconds"] = seconds(duration)
  let text = facts.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
  print("{\(text)}")
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// Raw float32 values of a file.
func floats(_ path: String) throws -> [Float] {
  try Data(contentsOf: URL(filePath: path)).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}

/// The phase of each row, as the peers have it.
private func phases(rows: Int) -> [Phase] { (0..<rows).map { Phase.allCases[$0 % 4] } }

struct Generate: ParsableCommand {
  @Option(name: .long) var states: Int
  @OptionGroup var work: WorkOptions

  func run() throws {
    try report(["rows": Double(states)]) { _ = try generateStates(count: states, testCount: 0, seed: 1, threads: work.threads) }
  }
}

/// One epoch on one core.
struct Train: ParsableCommand {
  @Argument var states: String
  @Option(name: .long) var rows: Int

  func run() throws {
    var rows = try StatesFile(states).rows(.train, 0..<self.rows)
    Veil.ofIgnorance.apply(to: &rows.states, scenarios: [])
    let training = try TrainingSet(states: rows.states, labels: rows.labels)
    let validation = try TrainingSet(states: Array(rows.states.prefix(100 * 1000)), labels: Array(rows.labels.prefix(1000)))
    let trainer = try Trainer(
      hyperparameters: Hyperparameters(learningRate: 1e-4, maximumEpochs: 1, seed: 1), training: training, validation: validation)
    let untrained = try trainer.untrained(hidden: [17, 17])
    try report(["rows": Double(self.rows)]) { _ = try trainer.train(from: untrained) { _ in } }
  }
}

/// Records rows of one layer.
///
/// - Parameter copies: how often the rows are appended.
private func record(_ values: [Float], units: Int, copies: Int = 1, to output: String, threads: Int) throws {
  let rows = values.count / units
  let phase = phases(rows: rows)
  let layer = LayerDescription(name: "layer", unitCount: units, activationFunction: "relu", isOutput: false)
  let recorder = try Recorder(
    path: output, layers: [layer], columns: Recorder.Columns(), description: RecordingDescription(), overwrite: true, threads: threads)
  for _ in 0..<copies {
    for start in stride(from: 0, to: rows, by: 4096) {
      let range = start..<min(start + 4096, rows)
      try recorder.append(
        RowBatch(phases: Array(phase[range]), activations: [Array(values[range.lowerBound * units..<range.upperBound * units])]))
    }
  }
  try recorder.finish()
}

/// All moments of all phases, and CMNI with them.
private func moments(of path: String, threads: Int) throws {
  let moments = try RecordingMoments(of: RecordingView(path: path), threads: threads)
  _ = try moments.cmniRows()
  _ = moments.statsRows
}

struct Record: ParsableCommand {
  @Argument var raw: String
  @Argument var output: String
  @Option(name: .long) var units: Int
  @Option(name: .long) var copies = 1
  @OptionGroup var work: WorkOptions

  func run() throws {
    let values = try floats(raw)
    try report(["rows": Double(values.count / units * copies)]) {
      try record(values, units: units, copies: copies, to: output, threads: work.threads)
    }
  }
}

/// Records rows and takes CMNI from the recording: the median of several times in one process, as its peer takes it in one that has
/// loaded its libraries.
struct ToIndex: ParsableCommand {
  @Argument var raw: String
  @Argument var output: String
  @Option(name: .long) var units: Int
  @OptionGroup var work: WorkOptions

  func run() throws {
    let values = try floats(raw)
    let times = try (0..<9).map { _ in
      let clock = ContinuousClock()
      // Replacing a file makes the file system write it to the disk at once.
      try? FileManager.default.removeItem(atPath: output)
      let recording = try clock.measure { try record(values, units: units, to: output, threads: work.threads) }
      return (recording: recording, analysing: try clock.measure { try moments(of: output, threads: work.threads) })
    }.sorted { $0.recording + $0.analysing < $1.recording + $1.analysing }
    let median = times[times.count / 2]
    print(
      "{\"seconds\": \(seconds(median.recording + median.analysing)), \"recording\": \(seconds(median.recording)), "
        + "\"analysing\": \(seconds(median.analysing))}")
  }
}

/// Decodes every chunk and does nothing with it: the floor of everything that reads.
struct Inflate: ParsableCommand {
  @Argument var recording: String
  @OptionGroup var work: WorkOptions

  func run() throws {
    try report {
      let recording = try RecordingView(path: self.recording)
      for layer in recording.layers {
        try recording.mapBlocks(of: layer, threads: work.threads) { (_, _: UnsafeBufferPointer<Float>) in
        } take: { _ in
        }
      }
    }
  }
}

/// Reads all activations into memory.
struct Read: ParsableCommand {
  @Argument var recording: String
  @OptionGroup var work: WorkOptions

  func run() throws {
    try report {
      let recording = try RecordingView(path: self.recording)
      for layer in recording.layers { _ = try recording.values(of: [layer], as: Float.self, threads: work.threads) }
    }
  }
}

/// Reads and takes all moments of all phases, CMNI with them.
struct Moments: ParsableCommand {
  @Argument var recording: String
  @OptionGroup var work: WorkOptions

  func run() throws {
    try report { try moments(of: recording, threads: work.threads) }
  }
}

struct Correlate: ParsableCommand {
  @Argument var raw: String
  @Option(name: .long) var units: Int
  @OptionGroup var work: WorkOptions

  func run() throws {
    let values = try floats(raw)
    let rows = values.count / units
    try report(["rows": Double(rows)]) {
      var accumulator = CorrelationAccumulator(
        units: units, precision: ProductPrecision.suited(rows: rows, pairs: units * (units + 1) / 2))
      try accumulator.add(values, threads: work.threads)
      _ = try accumulator.finish(threads: work.threads).correlations()
    }
  }
}

/// A network plays both sides on one core, without a screen.
struct PlayGames: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "games")

  @Argument var checkpoint: String
  @Option(name: .long) var games: Int
  @Option(name: .long) var turns = 1000

  func run() throws {
    let network = try Checkpoint.open(checkpoint).network
    var plan = GamesPlan()
    (plan.games, plan.replicates, plan.options.turns) = (games, 0, turns)
    let experiment = GamesExperiment(
      network, veil: .ofIgnorance, partner: .network(network, .ofIgnorance), plan: plan, threads: 1)
    try report(["turns": Double(games * turns)]) {
      _ = try experiment.rows(of: GamesSubject(checkpoint: checkpoint, network: nil, epoch: nil, partner: "self"))
    }
  }
}

/// What the machine can do at most: reading memory, and single-precision products on all cores.
struct Ceilings: ParsableCommand {
  @OptionGroup var work: WorkOptions

  func run() throws {
    let count = 1 << 28
    let values = [Float](repeating: 1, count: count)
    let parts = work.threads * 8
    try report(["bytes": Double(count * 4)]) {
      _ = try mapBlocks(count: parts, threads: work.threads) { part in
        values.withUnsafeBufferPointer { buffer in
          var sums = SIMD16<Float>()
          let pointer = UnsafeRawPointer(buffer.baseAddress.unsafelyUnwrapped + part * (count / parts))
          for offset in stride(from: 0, to: count / parts * 4, by: 64) {
            sums += pointer.load(fromByteOffset: offset, as: SIMD16<Float>.self)
          }
          return sums.sum()
        }
      }
    }
    let n = 2048
    let a = [Float](repeating: 0.5, count: n * n)
    var c = a
    mirrorscope_blas_threads(Int32(work.threads))
    report(["operations": 2 * Double(n * n * n)]) {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(n), Int32(n), Int32(n), 1, a, Int32(n), a, Int32(n), 0, &c, Int32(n))
    }
  }
}
