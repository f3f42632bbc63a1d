import Foundation

/// Reads `Tests/Fixtures/Statistics/NAME.json`, which `NAME.py` beside it made.
func fixture<Contents: Decodable>(_ name: String, as type: Contents.Type) throws -> Contents {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/Statistics")
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return try decoder.decode(type, from: Data(contentsOf: folder.appending(path: "\(name).json")))
}

/// Whether two numbers agree to `tolerance` of the expected one. A NaN on either side fails.
func agrees(_ value: Double?, _ expected: Double?, relative tolerance: Double) -> Bool {
  guard let value, let expected else { return value == nil && expected == nil }
  return abs(value - expected) <= tolerance * abs(expected)
}
