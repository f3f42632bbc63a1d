import CKernels
import HDF5

/// A number that activations are read as: Float, or Double where a Float would round them.
public protocol ActivationValue: Element, BinaryFloatingPoint {}

extension Float: ActivationValue {}
extension Double: ActivationValue {}

/// The activations of one layer of one file in fixed blocks of rows, for several threads to read at once.
///
/// What is stored is taken as it is meant (`ActivationEncoding`), and a number that marks a missing activation is refused. Doubles are
/// never read as Float.
struct ActivationBlocks<Value: ActivationValue>: Sendable {
  private enum Source {
    case same(RowBlocks<Value>)
    case floats(RowBlocks<Float>)
    #if !(os(macOS) && arch(x86_64))
      case halves(RowBlocks<Float16>)
    #endif
    case bits(RowBlocks<UInt16>)
    case integers(RowBlocks<Int64>, scale: Double, offset: Double)
  }

  /// The number of blocks.
  let count: Int
  private let source: Source
  private let layer: RecordedLayer
  private let file: String

  init(_ layer: RecordedLayer, of file: String, blockRows: Int) throws {
    guard Value.self == Double.self || !layer.storesDoubles else {
      throw RecordingError.invalid(file: file, fault: "\(layer.path)/activations would be rounded to single precision.")
    }
    let dataset = layer.activations
    self.layer = layer
    self.file = file
    switch layer.stored.encoding {
    case .floats where Value.self == Double.self:
      let blocks = try RowBlocks<Float>(dataset, blockRows: blockRows)
      (source, count) = (.floats(blocks), blocks.count)
    #if !(os(macOS) && arch(x86_64))
      case .halves:
        let blocks = try RowBlocks<Float16>(dataset, blockRows: blockRows)
        (source, count) = (.halves(blocks), blocks.count)
    #else
      // No file is said to hold them where Swift has no Float16.
      case .halves: fallthrough
    #endif
    case .floats, .doubles:
      let blocks = try RowBlocks<Value>(dataset, blockRows: blockRows)
      (source, count) = (.same(blocks), blocks.count)
    case .bfloat16Bits:
      let blocks = try RowBlocks<UInt16>(dataset, blockRows: blockRows)
      (source, count) = (.bits(blocks), blocks.count)
    case .scaledIntegers(let scale, let offset):
      let blocks = try RowBlocks<Int64>(dataset, blockRows: blockRows)
      (source, count) = (.integers(blocks, scale: scale, offset: offset), blocks.count)
    }
  }

  /// Lends one block to `body`: its rows and `[rows × units]`, valid until `body` returns.
  func withBlock<Result>(_ number: Int, _ body: (Range<Int>, UnsafeBufferPointer<Value>) throws -> Result) throws -> Result {
    switch source {
    case .same(let blocks):
      return try blocks.withBlock(number) { rows, values in
        try refuseMissing(values, rows) { Double($0) }
        return try body(rows, values)
      }
    case .floats(let blocks):
      return try blocks.withBlock(number) { rows, values in
        try refuseMissing(values, rows) { Double($0) }
        return try converted(values, rows, body) { Value($0) }
      }
    #if !(os(macOS) && arch(x86_64))
      case .halves(let blocks):
        return try blocks.withBlock(number) { rows, values in
          try widened(values) { floats in
            try refuseMissing(floats, rows) { Double($0) }
            if let floats = floats as? UnsafeBufferPointer<Value> { return try body(rows, floats) }
            return try converted(floats, rows, body) { Value($0) }
          }
        }
    #endif
    case .bits(let blocks):
      return try blocks.withBlock(number) { rows, values in
        try refuseMissing(values, rows) { Double(Float(bfloat16Bits: $0)) }
        return try converted(values, rows, body) { Value(Float(bfloat16Bits: $0)) }
      }
    case .integers(let blocks, let scale, let offset):
      return try blocks.withBlock(number) { rows, values in
        try refuseMissing(values, rows) { Double($0) }
        return try converted(values, rows, body) { Value(Double($0) * scale + offset) }
      }
    }
  }

  #if !(os(macOS) && arch(x86_64))
    private func widened<Result>(
      _ halves: UnsafeBufferPointer<Float16>, _ body: (UnsafeBufferPointer<Float>) throws -> Result
    ) throws -> Result {
      let floats = [Float](unsafeUninitializedCapacity: halves.count) { target, count in
        if let source = halves.baseAddress, let target = target.baseAddress {
          source.withMemoryRebound(to: UInt16.self, capacity: halves.count) { mirrorscope_widen_float16($0, halves.count, target) }
        }
        count = halves.count
      }
      return try floats.withUnsafeBufferPointer(body)
    }
  #endif

  private func converted<Stored, Result>(
    _ stored: UnsafeBufferPointer<Stored>, _ rows: Range<Int>, _ body: (Range<Int>, UnsafeBufferPointer<Value>) throws -> Result,
    _ convert: (Stored) -> Value
  ) throws -> Result {
    let values = [Value](unsafeUninitializedCapacity: stored.count) { target, count in
      for index in stored.indices { target[index] = convert(stored[index]) }
      count = stored.count
    }
    return try values.withUnsafeBufferPointer { try body(rows, $0) }
  }

  /// - Throws: `RecordingError.invalid` for the first number that marks a missing activation.
  private func refuseMissing<Stored>(_ values: UnsafeBufferPointer<Stored>, _ rows: Range<Int>, _ number: (Stored) -> Double) throws {
    guard let missing = layer.stored.firstMissing(in: values, number: number) else { return }
    let width = max(1, layer.unitCount)
    throw RecordingError.invalid(
      file: file,
      fault: "\(layer.path)/activations is missing at row \(rows.lowerBound + missing.position / width), unit "
        + "\(missing.position % width): it holds the fill value \(missing.number). Record every activation,", remedy: .leaveLayerOut)
  }
}
