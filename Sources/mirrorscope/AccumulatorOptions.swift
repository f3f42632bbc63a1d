import ActivationRecording
import ArgumentParser
import Files
import HDF5
import MirrorAnalysis
import Terminal

/// What a command takes that several machines can do together.
struct AccumulatorOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Write what this machine adds, for 'mirrorscope merge', in place of the table.", valueName: "path"))
  var accumulator: String?

  @Option(name: .long, help: ArgumentHelp("Which of how many shards of the rows this recording is, such as 3/10.", valueName: "k/n"))
  var shard: PartOfWhole?

  @Option(name: .long, help: ArgumentHelp("Which of how many shares of the permutations to take, of all rows.", valueName: "k/n"))
  var share: PartOfWhole?

  func validate() throws {
    guard accumulator == nil else {
      if shard != nil && share != nil { throw ValidationError("Give --shard (of the rows) or --share (of the permutations), not both.") }
      return
    }
    if shard != nil { throw ValidationError("--shard goes with --accumulator.") }
    if share != nil { throw ValidationError("--share goes with --accumulator.") }
  }

  /// Runs an analysis and writes its table, or what this machine adds to it.
  ///
  /// - Parameter suggest: names the command that may follow the table; an accumulator awaits those of other machines.
  func run<A: AccumulatedAnalysis>(
    _ analysis: A, _ options: AnalysisOptions, seed: SeedOptions? = nil, echoesSeed: Bool = true, suggest: () -> Void
  ) throws {
    guard let accumulator else {
      try options.run(analysis, seed: seed, echoesSeed: echoesSeed)
      return suggest()
    }
    let place =
      share.map { AccumulatorPlace(.share, $0.number, of: $0.count) }
      ?? AccumulatorPlace(.shard, shard?.number ?? 1, of: shard?.count ?? 1)
    if let obstacle = analysis.obstacle(to: place) {
      let canShare = place.kind == .shard && analysis.obstacle(to: AccumulatorPlace(.share, 1, of: 2)) == nil
      throw Failure(.usage, "--\(share == nil ? "accumulator" : "share"): \(obstacle)\(canShare ? " (--share)" : "").")
    }
    let destination = options.table.destination
    guard destination.output == "-", options.table.format == nil else {
      throw Failure(.usage, "--accumulator writes no table: leave --output and --format to 'mirrorscope merge'.")
    }
    if place.kind == .shard, options.recordings.joinStrata {
      throw Failure(.usage, "--join-strata has no shards: strata and pairs of each shard are its own. Leave it out, or take --share.")
    }
    let groups = options.recordings.groups
    guard groups.count == 1, place.kind == .share || groups[0].count == 1 else {
      throw Failure(
        .usage, "--accumulator takes one recording\(place.kind == .share ? ", or several with --join" : "; write one for each").")
    }
    if echoesSeed { seed?.echo(to: options.common.logger) }
    try AccumulatorFile.write(to: accumulator, overwrite: destination.force) {
      try options.runner(seed: seed).accumulate(analysis, groups[0], as: place, program: AccumulatorFile.program)
    }
  }
}

/// 3/10: the third of ten.
struct PartOfWhole: ExpressibleByArgument, Sendable {
  let number: Int
  let count: Int

  init?(argument: String) {
    let sides = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let number = sides[0], let count = sides[1], (1...1_000_000).contains(count), (1...count).contains(number)
    else {
      return nil
    }
    (self.number, self.count) = (number, count)
  }
}
