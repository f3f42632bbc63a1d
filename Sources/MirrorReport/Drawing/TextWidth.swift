/// About how wide text is in the charts' font, in pixels: rather too wide than too narrow, since no font is at hand to measure in.
func textWidth(_ text: String, size: Double = SVGDrawing.fontSize) -> Double {
  text.unicodeScalars.reduce(0) { $0 + relativeWidth($1) } * size
}

private func relativeWidth(_ scalar: Unicode.Scalar) -> Double {
  switch scalar {
  case "i", "j", "l", "'", "|", ".", ",", ":", ";", "!", "I", "f", "t", "r", " ", "(", ")", "[", "]", "/": 0.38
  case "m", "w", "M", "W", "@", "%", "—": 0.95
  case _ where scalar.value < 0x250: scalar.properties.isUppercase ? 0.72 : 0.62
  case "−", "–", "Δ", "μ", "≤", "≥", "·", "…": 0.7
  default: 1.05
  }
}

/// Text that fits a width, its middle left out where it does not: names of layers differ at both ends.
func fitted(_ text: String, width: Double, size: Double = SVGDrawing.fontSize) -> String {
  guard textWidth(text, size: size) > width else { return text }
  let characters = Array(text)
  var kept = characters.count - 1
  while kept > 2 {
    let candidate = String(characters.prefix((kept + 1) / 2)) + "…" + String(characters.suffix(kept / 2))
    if textWidth(candidate, size: size) <= width { return candidate }
    kept -= 1
  }
  return String(characters.prefix(1)) + "…"
}
