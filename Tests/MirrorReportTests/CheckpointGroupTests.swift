import Testing

@testable import MirrorReport

@Suite("Checkpoints of one network")
struct CheckpointGroupTests {
  private func checkpoint(_ path: String, _ network: String?, _ epoch: Int?, loss: Double? = nil) -> RecordedCheckpoint {
    RecordedCheckpoint(paths: [path], network: network, epoch: epoch, validationLoss: loss)
  }

  @Test("Recordings of one network at different epochs go together, by epoch; all others stay alone")
  func groups() {
    let groups = RecordedCheckpoint.groups([
      checkpoint("a2", "a", 2), checkpoint("x", nil, 1), checkpoint("b1", "b", 1), checkpoint("a0", "a", 0), checkpoint("y", nil, 2),
      checkpoint("a2 again", "a", 2), checkpoint("a without", "a", nil),
    ])
    #expect(groups.map { $0.map { $0.paths[0] } } == [["a0", "a2"], ["x"], ["b1"], ["y"], ["a2 again"], ["a without"]])
    // Of two networks of one name, a checkpoint of one is not a point on the curve of the other.
    let twins = RecordedCheckpoint.groups([
      checkpoint("one/2", "a", 2), checkpoint("two/0", "a", 0), checkpoint("one/0", "a", 0), checkpoint("two/1", "a", 1),
    ])
    #expect(twins.map { $0.map { $0.paths[0] } } == [["one/0", "one/2"], ["two/0", "two/1"]])
  }

  @Test("The one gone through has the lowest loss, the first of equal ones; without losses it is the last, and the page says so")
  func detailed() throws {
    let losses = [checkpoint("0", "a", 0, loss: 3), checkpoint("1", "a", 1, loss: 0.5), checkpoint("2", "a", 2, loss: 0.5)]
    let best = try #require(RecordedCheckpoint.detailed(of: losses))
    #expect(best.index == 1 && best.reason.contains("lowest validation loss"))
    let unknown = try #require(RecordedCheckpoint.detailed(of: losses + [checkpoint("3", "a", 3)]))
    #expect(unknown.index == 3 && unknown.reason.contains("not all of them say"))
    #expect(RecordedCheckpoint.detailed(of: [losses[0]]) == nil)
  }
}
