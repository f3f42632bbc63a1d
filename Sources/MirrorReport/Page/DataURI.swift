/// A text as a data URI, without base64: what is harmless in a URI stays as it is, so that tables of numbers grow by a fiftieth.
func dataURI(_ text: String, type: String) -> String {
  var bytes: [UInt8] = Array("data:\(type);charset=utf-8,".utf8)
  bytes.reserveCapacity(text.utf8.count + text.utf8.count / 8)
  for byte in text.utf8 {
    if isHarmless[Int(byte)] {
      bytes.append(byte)
    } else {
      bytes += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

private let hexadecimal = Array("0123456789ABCDEF".utf8)

private let isHarmless: [Bool] = {
  var harmless = [Bool](repeating: false, count: 256)
  for byte in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,;:/()!*$@".utf8 { harmless[Int(byte)] = true }
  return harmless
}()
