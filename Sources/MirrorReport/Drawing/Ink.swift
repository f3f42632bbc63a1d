import ActivationRecording
import MirrorAnalysis

/// What a mark is drawn in: one colour on light ground and one on dark. Both keep a contrast of 3:1 at least, text of 4.5:1.
///
/// Classes and phases also differ by shape or letter, so that nothing is told by colour alone. The hues follow Okabe and Ito, darkened for white paper.
enum Ink: String, CaseIterable {
  case text, muted, axis, grid, ground
  case mirror, differentiating, suppressed, opposite, unresponsive, unresolved
  case first, second, third

  var light: String {
    switch self {
    case .text: "#1b1f24"
    case .muted: "#57606a"
    case .axis: "#6e7781"
    case .grid: "#d8dee4"
    case .ground: "#ffffff"
    case .mirror: "#b04a00"
    case .differentiating: "#0b63a5"
    case .suppressed: "#5f6368"
    case .opposite: "#007a55"
    case .unresponsive: "#696e76"
    case .unresolved: "#98538c"
    case .first: "#0b63a5"
    case .second: "#b04a00"
    case .third: "#007a55"
    }
  }

  var dark: String {
    switch self {
    case .text: "#e6edf3"
    case .muted: "#a6b0bb"
    case .axis: "#8b949e"
    case .grid: "#30363d"
    case .ground: "#14181d"
    case .mirror: "#f2a25c"
    case .differentiating: "#6cb6f5"
    case .suppressed: "#b6bdc6"
    case .opposite: "#4ccb9f"
    case .unresponsive: "#939ba5"
    case .unresolved: "#d9a0cf"
    case .first: "#6cb6f5"
    case .second: "#f2a25c"
    case .third: "#4ccb9f"
    }
  }

  /// Rules for dark ground: presentation attributes hold the light colours, so that a chart that is saved needs no style.
  static var darkRules: String {
    allCases.map { ".f-\($0.rawValue){fill:\($0.dark)}.s-\($0.rawValue){stroke:\($0.dark)}" }.joined()
  }
}

extension EvidenceClass {
  var ink: Ink {
    switch self {
    case .mirror: .mirror
    case .suppressed: .suppressed
    case .opposite: .opposite
    case .differentiating: .differentiating
    case .unresponsive: .unresponsive
    case .unresolved: .unresolved
    }
  }

  /// What stands for the class where there is no room for its name.
  var letter: String {
    switch self {
    case .mirror: "M"
    case .suppressed: "S"
    case .opposite: "O"
    case .differentiating: "D"
    case .unresponsive: "–"
    case .unresolved: "?"
    }
  }

  var shape: MarkShape {
    switch self {
    case .mirror: .disc
    case .suppressed: .downTriangle
    case .opposite: .diamond
    case .differentiating: .square
    case .unresponsive: .ring
    case .unresolved: .cross
    }
  }
}

extension Phase {
  var shape: MarkShape {
    switch self {
    case .neither: .ring
    case .own: .upTriangle
    case .other: .square
    case .both: .diamond
    }
  }
}
