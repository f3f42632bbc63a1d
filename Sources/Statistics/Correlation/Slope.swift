/// The slope of the least-squares line through points, Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²: that of `numpy.polyfit(x, y, 1)`. It does not depend on
/// their order.
///
/// Nil where fewer than two different x are there, where numbers of x and y differ, and where a double cannot hold it.
public func leastSquaresSlope(x: [Double], y: [Double]) -> Double? {
  guard x.count == y.count, let centreX = mean(ofSorted: x.sorted()), let centreY = mean(ofSorted: y.sorted()) else { return nil }
  let points = zip(x, y).map { (x: $0 - centreX, y: $1 - centreY) }.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
  guard let first = x.first, x.contains(where: { $0 != first }) else { return nil }
  let slope = points.reduce(0) { $0 + $1.x * $1.y } / points.reduce(0) { $0 + $1.x * $1.x }
  return slope.isFinite ? slope : nil
}
