import ArgumentParser
import MirrorAnalysis
import Terminal

struct CMNICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cmni",
    abstract: "The Checkpoint Mirror Neuron Index: one row per recording and variant.",
    discussion: """
      EXAMPLE
        mirrorscope cmni demo/recordings/2x17/*.h5 --output cmni.csv

      Δself and Δother are the changes of a unit's mean activation from the none phase to the self and other phases. The index sums \
      min(Δself, Δother) over the units and divides by their number. Variants: author (0 unless both are above 0), formula (the minimum \
      alone), hidden (author's, without the output layer), standardised (each Δ as Cohen's d).
      """)

  @OptionGroup var recordings: RecordingOptions
  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let partnerFilter = recordings.partnerFilter
    try table.write(CMNIRow.self) { take in
      try recordings.forEachRecording(threads: common.threads) { recording, threads in
        try RecordingMoments(of: recording, partnerFilter: partnerFilter, threads: threads).cmniRows()
      } take: { rows in
        try take(rows)
      }
    }
  }
}
