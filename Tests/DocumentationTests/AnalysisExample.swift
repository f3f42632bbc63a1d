import MirrorAnalysis

// What stands between the marks is in the articles, word for word.

// example: analysis
/// The units of a recording that answer to self and to other, by evidence.
func mirrorUnits(of path: String) throws -> [String] {
  var runner = AnalysisRunner()
  runner.threads = 2
  runner.note = { print($0) }
  var found: [String] = []
  try runner.run(UnitsAnalysis(permutations: 999), on: [[path]]) { rows in
    for row in rows.map(\.row) where row.unitClass == .mirror { found.append("\(row.layer) \(row.unit)") }
  }
  return found
}
// end

// example: several
/// The index of several recordings, each variant beside what chance gives.
func indices(of paths: [String]) throws -> [String: Double] {
  var analysis = CMNIAnalysis(permutations: 99)
  analysis.variants = [.standardised]
  var excess: [String: Double] = [:]
  try AnalysisRunner().run(analysis, on: paths.map { [$0] }) { rows in
    for row in rows { excess[row.identity.recording] = row.row.inference.excess }
  }
  return excess
}
// end
