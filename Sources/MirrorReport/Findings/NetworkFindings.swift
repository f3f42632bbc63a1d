import MirrorAnalysis

/// One network of a report: the recording that is gone through in full and, where several checkpoints were given, the index of each.
public struct NetworkFindings: Sendable {
  /// A checkpoint of the curves.
  struct Checkpoint: Sendable {
    let identity: RecordingIdentity
    let epoch: Int
    let validationLoss: Double?
    let index: [CMNIRow]

    func index(_ variant: CMNIVariant) -> CMNIRow? { index.first { $0.index.variant == variant } }
  }

  let detailed: RecordingFindings
  /// How many checkpoints were given.
  var givenCount = 1
  /// By epoch; one alone is no curve, and not listed.
  var checkpoints: [Checkpoint] = []
  /// Why this one of the checkpoints is gone through.
  var choice: String?
  /// Losses over the epochs of its training, drawn beside the curves.
  var training: TrainingHistory?
  /// Why there are no curves though several recordings were given.
  var curvesReason: String?

  var name: String { detailed.identity.network ?? detailed.identity.recording }
}

/// Which recordings are checkpoints of one network.
struct RecordedCheckpoint {
  let paths: [String]
  let network: String?
  let epoch: Int?
  let validationLoss: Double?
}

extension RecordedCheckpoint {
  /// Groups of recordings, in the order of the first of each: checkpoints of one network are those of one name with different epochs. Where an
  /// epoch comes twice there are two networks of that name, and checkpoints of one are those in one folder; any other recording, and a second one
  /// of an epoch in a folder, is alone.
  static func groups(_ recordings: [RecordedCheckpoint]) -> [[RecordedCheckpoint]] {
    func areDistinct(_ numbers: [Int]) -> Bool { Set(numbers.map { recordings[$0].epoch }).count == numbers.count }
    let named = Dictionary(grouping: recordings.indices.filter { recordings[$0].network != nil && recordings[$0].epoch != nil }) {
      recordings[$0].network
    }
    let groups = named.values.flatMap { members -> [[Int]] in
      guard !areDistinct(members) else { return [members] }
      let byFolder = Dictionary(grouping: members) { recordings[$0].folder }
      return byFolder.values.flatMap { members in
        var epochs: Set<Int?> = []
        let first = members.filter { epochs.insert(recordings[$0].epoch).inserted }
        return [first] + members.filter { !first.contains($0) }.map { [$0] }
      }
    }
    let alone = recordings.indices.filter { recordings[$0].network == nil || recordings[$0].epoch == nil }.map { [$0] }
    return (groups + alone).sorted { ($0.first ?? 0) < ($1.first ?? 0) }.map { group in
      group.map { recordings[$0] }.sorted { ($0.epoch ?? 0) < ($1.epoch ?? 0) }
    }
  }

  /// What stands before the file's name.
  private var folder: Substring { paths.first.flatMap { path in path.lastIndex(of: "/").map { path[..<$0] } } ?? "" }

  /// The checkpoint of a group that is gone through: that of the lowest validation loss, of equal ones the first; where one has none, the last.
  static func detailed(of group: [RecordedCheckpoint]) -> (index: Int, reason: String)? {
    guard group.count > 1 else { return nil }
    let losses = group.map(\.validationLoss)
    if losses.allSatisfy({ $0?.isFinite == true }), let best = losses.indices.min(by: { (losses[$0] ?? 0, $0) < (losses[$1] ?? 0, $1) }) {
      return (best, "it has the lowest validation loss of the checkpoints given")
    }
    return (group.count - 1, "it is the last of the checkpoints given, and not all of them say a validation loss")
  }
}
