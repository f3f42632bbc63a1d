import ActivationRecording
import Testing

@Suite("Rows by phase")
struct PhaseRowsTests {
  private static let phases: [Phase] = [.neither, .own, .own, .other, .other, .both, .neither]

  @Test("The partner filter drops self and other rows in which the partner is not seen acting, and no others")
  func partnerFilter() {
    let rows = PhaseRows(phases: Self.phases, partnerActing: [false, true, false, false, true, false, true])
    #expect(rows.counts == [2, 1, 1, 1])
    #expect(rows.codes == [0, 1, PhaseRows.excluded, PhaseRows.excluded, 2, 3, 0])
    #expect(rows.isFiltered)
  }

  @Test("Without it every row counts")
  func unfiltered() {
    let rows = PhaseRows(phases: Self.phases)
    #expect(rows.counts == [2, 2, 2, 1])
    #expect(!rows.isFiltered)
  }

  @Test("A phase without rows is named, with the filter as a possible cause")
  func emptyPhase() {
    let rows = PhaseRows(phases: [.neither, .own, .other], partnerActing: [true, true, false])
    let error = #expect(throws: RecordingError.self) { try rows.require([.neither, .own, .other], in: "a.h5") }
    #expect(
      error?.description
        == "a.h5: phase other has no rows after the partner filter. Record states in which it occurs, or turn the partner filter off.")
    #expect(error?.kind == .notEnoughData)
  }
}
