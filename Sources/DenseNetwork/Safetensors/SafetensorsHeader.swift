import Foundation

/// What a `.safetensors` file says of its tensors (github.com/huggingface/safetensors): eight bytes with the header's length, the header as
/// JSON, the tensors without a gap.
struct SafetensorsHeader {
  struct Tensor {
    /// "F32", "BF16", …
    let type: String
    let shape: [Int]
    /// In the file.
    let bytes: Range<Int>
  }

  let tensors: [String: Tensor]

  /// The header of a network of 16 layers has a few thousand. The format's own reader takes 100,000,000.
  static let mostBytes = 1 << 22

  /// Whether a file begins as one of these does.
  ///
  /// - Parameters:
  ///   - bytes: the first nine or more.
  ///   - byteCount: of the file.
  static func looksLike(_ bytes: [UInt8], byteCount: Int) -> Bool {
    guard bytes.count > 8, bytes[8] == UInt8(ascii: "{"), let length = bytes.littleEndian(at: 0, count: 8) else { return false }
    return length >= 2 && length <= mostBytes && length <= byteCount - 8
  }

  /// Whether there is a kernel among the tensors, by name and shape.
  var hasKernels: Bool { tensors.contains { $0.key.hasSuffix(".weight") && $0.value.shape.count == 2 } }

  /// - Throws: `CheckpointError` for a header that is cut, no JSON, or does not say of each tensor one place of its own.
  init(_ file: ByteFile) throws {
    func damaged(_ reason: String) -> CheckpointError {
      CheckpointError(file: file.path, fault: .invalid(part: "its header", reason: reason))
    }
    let start = try file.bytes(at: 0, count: min(8, file.byteCount))
    guard let length = start.littleEndian(at: 0, count: 8), length <= Self.mostBytes else {
      throw damaged("its first eight bytes are not the length of a header of at most \(Self.mostBytes) bytes")
    }
    guard length <= file.byteCount - 8 else { throw CheckpointError(file: file.path, fault: .truncated(byteCount: file.byteCount)) }
    let text = try file.bytes(at: 8, count: length)
    guard text.first == UInt8(ascii: "{"), String(bytes: text, encoding: .utf8) != nil,
      let members = (try? JSONSerialization.jsonObject(with: Data(text))) as? [String: Any]
    else { throw damaged("it is no JSON object") }
    if let name = firstRepeatedName(inJSON: text) { throw damaged("it has two members \"\(name)\"") }

    let dataStart = 8 + length
    let dataCount = file.byteCount - dataStart
    var tensors: [String: Tensor] = [:]
    for (name, member) in members where name != "__metadata__" {
      guard let member = member as? [String: Any], let type = member["dtype"] as? String, let shape = member["shape"] as? [Int],
        let offsets = member["data_offsets"] as? [Int], offsets.count == 2, shape.allSatisfy({ $0 >= 0 })
      else { throw damaged("tensor \(name) has no dtype, shape and data_offsets of two numbers") }
      guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= dataCount else {
        throw damaged("tensor \(name) has data_offsets \(offsets), and there are \(dataCount) bytes of tensors")
      }
      if let size = Self.sizes[type] {
        let due = shape.reduce(size as Int?) { product, count in
          guard let product else { return nil }
          let (next, overflow) = product.multipliedReportingOverflow(by: count)
          return overflow ? nil : next
        }
        guard due == offsets[1] - offsets[0] else {
          throw damaged("tensor \(name) has \(offsets[1] - offsets[0]) bytes, which are not those of shape \(shape) as \(type)")
        }
      }
      tensors[name] = Tensor(type: type, shape: shape, bytes: dataStart + offsets[0]..<dataStart + offsets[1])
    }
    var end = dataStart
    for (name, tensor) in tensors.sorted(by: {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key) < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key)
    }) {
      guard tensor.bytes.lowerBound == end else {
        throw damaged("tensor \(name) \(tensor.bytes.lowerBound < end ? "overlaps the one before it" : "has a gap before it")")
      }
      end = tensor.bytes.upperBound
    }
    guard end == file.byteCount else { throw damaged("\(file.byteCount - end) bytes at the end of the file belong to no tensor") }
    self.tensors = tensors
  }

  /// Bytes of a number; types of other sizes than whole bytes are not known here.
  private static let sizes: [String: Int] = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4,
    "I64": 8, "U64": 8, "F64": 8, "C64": 8,
  ]
}
