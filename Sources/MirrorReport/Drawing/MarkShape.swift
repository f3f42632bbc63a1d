/// The shape of a mark, told apart without colour.
enum MarkShape: CaseIterable {
  case disc, ring, square, diamond, upTriangle, downTriangle, cross

  /// Outlines have no fill.
  var isOutline: Bool { self == .ring || self == .cross }

  /// The mark as path data about a centre; `radius` is that of the disc, and the other shapes look about as large.
  func path(x: Double, y: Double, radius r: Double) -> String {
    func point(_ dx: Double, _ dy: Double) -> String { "\(coordinate(x + dx)) \(coordinate(y + dy))" }
    switch self {
    case .disc, .ring:
      let size = coordinate(r)
      return "M\(point(-r, 0))a\(size) \(size) 0 1 0 \(coordinate(2 * r)) 0a\(size) \(size) 0 1 0 \(coordinate(-2 * r)) 0z"
    case .square:
      let half = 0.88 * r
      return "M\(point(-half, -half))L\(point(half, -half))L\(point(half, half))L\(point(-half, half))z"
    case .diamond:
      let half = 1.25 * r
      return "M\(point(0, -half))L\(point(half, 0))L\(point(0, half))L\(point(-half, 0))z"
    case .upTriangle: return "M\(point(0, -1.2 * r))L\(point(1.1 * r, 0.8 * r))L\(point(-1.1 * r, 0.8 * r))z"
    case .downTriangle: return "M\(point(0, 1.2 * r))L\(point(1.1 * r, -0.8 * r))L\(point(-1.1 * r, -0.8 * r))z"
    case .cross:
      let half = 0.85 * r
      return "M\(point(-half, -half))L\(point(half, half))M\(point(half, -half))L\(point(-half, half))"
    }
  }
}
