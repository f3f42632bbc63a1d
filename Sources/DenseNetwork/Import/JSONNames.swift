import Foundation

/// The first name that an object in valid JSON has twice, which parsers pass over in silence; nil where there is none.
func firstRepeatedName(inJSON bytes: [UInt8]) -> String? {
  /// Of each object or list that is open, the names so far; nil for a list.
  var open: [Set<String>?] = []
  var isName = false
  var index = 0
  while index < bytes.count {
    switch bytes[index] {
    case UInt8(ascii: "{"):
      open.append([])
      isName = true
    case UInt8(ascii: "["):
      open.append(nil)
      isName = false
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      _ = open.popLast()
      isName = false
    case UInt8(ascii: ","): isName = open.last.map { $0 != nil } ?? false
    case UInt8(ascii: ":"): isName = false
    case UInt8(ascii: "\""):
      let start = index
      index += 1
      while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
      if isName, let last = open.indices.last, index < bytes.count {
        let text = bytes[start...index]
        let name =
          text.contains(UInt8(ascii: "\\"))
          ? (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) as? String
          : String(bytes: text.dropFirst().dropLast(), encoding: .utf8)
        if let name, open[last]?.insert(name).inserted == false { return name }
      }
    default: break
    }
    index += 1
  }
  return nil
}
