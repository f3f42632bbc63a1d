import Foundation

/// A number for people: four significant digits, a true minus. Downloads hold all digits.
func numberText(_ value: Double?, digits: Int = 4) -> String {
  guard let value, value.isFinite else { return "–" }
  if value == 0 { return "0" }
  return signed(String(format: "%.\(digits)g", value))
}

/// A p- or q-value: three significant digits.
func pText(_ value: Double?) -> String { numberText(value, digits: 3) }

/// An interval as `[low, high]`.
func intervalText(_ low: Double?, _ high: Double?) -> String {
  guard let low, let high else { return "–" }
  return "[\(numberText(low)), \(numberText(high))]"
}

/// A count with its thousands set off.
func countText(_ value: Int) -> String {
  var (digits, groups) = (String(abs(value)), [String]())
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
}

/// `1 unit`, `2 units`.
func countText(_ value: Int, _ one: String, _ many: String) -> String { "\(countText(value)) \(value == 1 ? one : many)" }

private func signed(_ text: String) -> String { text.replacingOccurrences(of: "-", with: "−") }

/// A tick of an axis whose ticks are so far apart.
func tickText(_ value: Double, step: Double) -> String {
  if abs(value) < step / 1000 { return "0" }
  let magnitude = max(abs(value), step)
  guard magnitude < 1e5, step >= 1e-4 else { return signed(String(format: "%.3g", value)) }
  let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
  return signed(String(format: "%.\(decimals)f", value))
}
