/// The colours of a correlation: blue below 0, near white at 0, orange above; the darker the farther from 0, so that grey print tells sizes. Number 0
/// is a grey for what does not exist.
enum CorrelationColours {
  static let absent: (UInt8, UInt8, UInt8) = (128, 128, 128)

  static let palette: [(UInt8, UInt8, UInt8)] = [absent] + (0..<255).map { colour(of: Double($0) / 127 - 1) }

  static func number(of r: Double) -> UInt8 {
    guard r.isFinite else { return 0 }
    return UInt8(1 + Int((min(1, max(-1, r)) * 127 + 127).rounded()))
  }

  /// Between fixed colours at −1, −½, 0, ½ and 1.
  private static func colour(of r: Double) -> (UInt8, UInt8, UInt8) {
    let stops: [(Double, Double, Double)] = [(5, 48, 97), (87, 150, 200), (247, 247, 247), (235, 146, 77), (122, 40, 0)]
    let place = (r + 1) * 2
    let index = min(3, Int(place))
    let share = place - Double(index)
    func mixed(_ a: Double, _ b: Double) -> UInt8 { UInt8((a + (b - a) * share).rounded()) }
    let (low, high) = (stops[index], stops[index + 1])
    return (mixed(low.0, high.0), mixed(low.1, high.1), mixed(low.2, high.2))
  }
}
