import Foundation

/// Files under `Tests/Fixtures`.
enum Fixture {
  static func url(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/\(name)").standardizedFileURL
  }

  static func path(_ name: String) -> String { url(name).path }

  static func json<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: url(name)))
  }
}

/// |value − expected| relative to the expected value, or absolute where that is below `floor`.
func relativeError(_ value: Double?, _ expected: Double, floor: Double = 1e-9) -> Double {
  guard let value else { return .infinity }
  return abs(value - expected) / max(abs(expected), floor)
}
