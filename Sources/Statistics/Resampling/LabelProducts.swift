internal import CBLAS

/// The number types in which sums under permuted labels are formed, as products of matrices.
protocol LabelProductScalar: BinaryFloatingPoint, Sendable {
  /// By how much rounding may part two equal sums, against the sum of the magnitudes.
  static var rounding: Double { get }

  /// C = A B + β C, [lanes × columns], A [lanes × depth], B [depth × columns].
  static func multiply(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, lanes: Int, depth: Int, columns: Int, adding: Bool,
    into c: UnsafeMutablePointer<Self>)
}

extension Float: LabelProductScalar {
  static var rounding: Double { 0x1p-18 }

  static func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, lanes: Int, depth: Int, columns: Int, adding: Bool,
    into c: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(lanes), Int32(columns), Int32(depth), 1, a, Int32(depth), b, Int32(columns),
      adding ? 1 : 0, c, Int32(columns))
  }
}

extension Double: LabelProductScalar {
  static var rounding: Double { 0x1p-44 }

  static func multiply(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, lanes: Int, depth: Int, columns: Int, adding: Bool,
    into c: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(lanes), Int32(columns), Int32(depth), 1, a, Int32(depth), b, Int32(columns),
      adding ? 1 : 0, c, Int32(columns))
  }
}

/// Values and rows of one product.
enum LabelBlocks {
  static let unitsPerBlock = 256
  static let rowsPerBlock = 512
}

/// The matrices of one product.
struct LabelWorkspace<Value: LabelProductScalar> {
  /// [rows × units]
  var values: [Value]
  /// [lanes × rows]
  var labels: [Value]
  /// [lanes × units]
  var products: [Value]

  init(lanes: Int, width: Int) {
    values = [Value](repeating: 0, count: LabelBlocks.rowsPerBlock * width)
    labels = [Value](repeating: 0, count: lanes * LabelBlocks.rowsPerBlock)
    products = [Value](repeating: 0, count: lanes * width)
  }

  mutating func multiply(lanes: Int, depth: Int, width: Int, adding: Bool, squared: Bool) {
    if squared { for index in 0..<depth * width { values[index] *= values[index] } }
    Value.multiply(labels, values, lanes: lanes, depth: depth, columns: width, adding: adding, into: &products)
  }

  func add(to sums: inout [Double]) {
    products.withUnsafeBufferPointer { products in
      sums.withUnsafeMutableBufferPointer { sums in
        for index in sums.indices { sums[index] += Double(products[index]) }
      }
    }
  }

  func addColumns(depth: Int, width: Int, to totals: inout [Double]) {
    for row in 0..<depth { for unit in 0..<width { totals[unit] += Double(values[row * width + unit]) } }
  }
}
