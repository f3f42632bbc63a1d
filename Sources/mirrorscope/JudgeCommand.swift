import ArgumentParser
import Files
import Foundation
import MirrorAnalysis
import Statistics
import Tabular
import Terminal

struct JudgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge",
    abstract: "What a plan's ablations did in the model, against its references.",
    discussion: """
      EXAMPLE
        mirrorscope judge plan.json outcomes.csv -o ablate.csv

      Outcomes have the columns arm, example, outcome and value, as mirrorscope.run_plan writes them: every arm of the plan, and each outcome for the \
      same examples in every arm. The table is that of ablate: paired effects with intervals over examples (strata whole), p against the \
      references, one primary outcome, q over all others.
      """)

  @Argument(help: "The plan.", completion: .file(extensions: ["json"]))
  var plan: String

  @Argument(help: "Its outcomes (CSV, TSV).", completion: .file(extensions: ["csv", "tsv"]))
  var outcomes: String

  @Option(
    name: .long, help: ArgumentHelp("Primary outcome of a plan that names none. (default: the only one)", valueName: "name"))
  var outcome: String?

  @Option(count: 0...1_000_000, help: "Bootstrap replicates of the paired effects; 0 leaves out the interval.")
  var bootstrap = 1000

  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws { InputFiles.declare([plan, outcomes]) }

  func run() throws {
    func size(_ path: String) -> Int { (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0 }
    // Its text and what is parsed of it. Measured, rounded up.
    let (planBytes, overflows) = size(plan).multipliedReportingOverflow(by: 12)
    try common.requireMemory(
      bytes: overflows ? .max : planBytes, for: "\(plan): the plan", alternative: "plan fewer targets or references")
    try common.requireMemory(
      bytes: TextTable.byteCount(fileBytes: size(outcomes)), for: "\(outcomes): its cells", alternative: "take fewer outcomes")
    let judged = try InterventionPlan(path: plan)
    let judgement = try PlanJudgement(
      of: judged, outcomes: try TextTable(path: outcomes), outcome: outcome, replicates: bootstrap, threads: common.threads)
    if judgement.primaryOutcome == nil {
      common.logger.info("No outcome is primary: name the one that decides with --outcome, here or in the plan.")
    }
    let bar = ProgressBar("judge", unit: "targets", quiet: common.quiet)
    defer { bar.finish() }
    try table.write(RecordingRow<AblationRow>.self) { take in
      do {
        let rows = try judgement.rows { bar.update(done: $0, total: $1) }
        bar.finish()
        try take(rows)
      } catch let error as StatisticsError {
        throw PlanError(file: outcomes, fault: error.description)
      }
    }
  }
}

extension Failure {
  init(_ error: PlanError) {
    let status: ExitStatus =
      switch error.kind {
      case .notThere: .failed
      case .badFile: .badFile
      case .notEnoughData: .notEnoughData
      }
    self.init(status, error.description)
  }
}
