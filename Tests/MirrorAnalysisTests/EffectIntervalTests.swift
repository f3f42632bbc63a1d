import ActivationRecording
import Foundation
import HDF5
import Statistics
import Testing

@testable import MirrorAnalysis

/// Intervals of g of 600 units whose truth is known.
@Suite("Coverage of the intervals of g")
struct EffectIntervalTests {
  enum Design: String, CaseIterable {
    /// 60 none rows of which 84 % are 0, and 600 of each other phase.
    case skewed
    /// 25 blocks that hold all phases, whose rows hang together by half, and an effect of two standard deviations.
    case blocks
    /// Such that hold one phase.
    case wholeBlocks
    /// The exponential of normal values that are two apart: a pooled variance that few rows decide.
    case heavyTails

    var rows: [Int] { self == .blocks || self == .wholeBlocks ? [100, 100, 100] : [60, 600, 600] }
    /// What g estimates.
    var effect: Double {
      switch self {
      case .skewed: 0.0
      case .blocks, .wholeBlocks: 2.0
      case .heavyTails: Self.ofLogNormal
      }
    }

    /// With 59 and 599 degrees of freedom of the variances.
    private static var ofLogNormal: Double {
      let (none, other) = ((exp(1.0) - 1) * exp(1.0), (exp(1.0) - 1) * exp(5.0))
      let variance = (59 * none + 599 * other) / 658
      return (exp(2.5) - exp(0.5)) / variance.squareRoot()
    }

    func stratum(_ row: Int) -> Int32? {
      switch self {
      case .skewed, .heavyTails: nil
      case .blocks: Int32(row % 25)
      case .wholeBlocks: Int32(row / 5)
      }
    }
  }

  @Test("95 % intervals hold the truth", arguments: Design.allCases)
  func coverage(design: Design) throws {
    let (units, phase) = (600, design.rows.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) })
    var stream = RandomStream(seed: 3, purpose: "intervals")
    let offsets = (0..<60 * units).map { _ in stream.normal() * 0.5.squareRoot() }
    let values = phase.indices.flatMap { row in
      (0..<units).map { unit in
        let noise = stream.normal()
        guard let stratum = design.stratum(row) else {
          return Float(design == .skewed ? max(noise - 1, 0) : exp(noise + (phase[row] > 0 ? 2 : 0)))
        }
        return Float(noise * 0.5.squareRoot() + offsets[Int(stratum) * units + unit] + (phase[row] > 0 ? design.effect : 0))
      }
    }
    let path = FileManager.default.temporaryDirectory.appending(path: "intervals-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try HandMadeFile(path: path, phases: phase)
    if design.stratum(0) != nil { _ = try file.root.write("stratum", phase.indices.map { design.stratum($0) ?? 0 }) }
    try file.write("dense_1", values, units: units, isOutput: false)
    try file.finish()
    let rows = try UnitsAnalysis(permutations: 19).rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    for contrast in [rows.map(\.own), rows.map(\.other)] {
      let held = contrast.count { ($0.low ?? .infinity) <= design.effect && design.effect <= ($0.high ?? -.infinity) }
      // .93 less two standard errors of 600 units.
      #expect(Double(held) / Double(units) >= 0.91, "\(held) of \(units)")
    }
  }
}
