internal import CBLAS
internal import CKernels

/// Floats and doubles, of which BLAS forms matrix products. The loops over many values are here, so that each is compiled for either type.
public protocol MatrixScalar: BinaryFloatingPoint, Sendable {
  /// By how much rounding may part two equal sums, against the sum of the magnitudes.
  static var rounding: Double { get }

  /// Adds A·B to `sums`, row-major: A `[m × k]`, B `[k × n]` in rows of `stride` values, sums `[m × n]`.
  ///
  /// - Parameter scratch: `[m × n]`, for a product that is formed before it is added.
  static func addProduct(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, stride: Int, m: Int, n: Int, k: Int, scratch: UnsafeMutablePointer<Self>,
    to sums: UnsafeMutablePointer<Double>)

  /// Units of a tile of `addLabelSums`.
  static var labelTile: Int { get }

  /// Adds, for each label, the rows that it marks; see `mirrorscope_label_sums_float`.
  static func addLabelSums(
    _ rows: UnsafePointer<Self>, batches: Int, marks: UnsafePointer<UInt64>, stride: Int, labels: Int, to sums: UnsafeMutablePointer<Self>)

  /// Adds the first values of rows to rows of doubles that lie `stride` apart, and leaves 0.
  static func move(
    _ values: UnsafeMutablePointer<Self>, rows: Int, width: Int, to sums: UnsafeMutablePointer<Double>, count: Int, stride: Int)

  static func squares(_ values: [Self]) -> [Self]

  /// Replaces each value x of rows by (x/2 − origin) × factor, in double precision.
  static func shift(
    _ values: UnsafeMutablePointer<Self>, rows: Int, units: Int, halfOrigins: UnsafePointer<Double>, factors: UnsafePointer<Double>)

  /// Adds a row to one set of sums and its squares to another, in double precision.
  static func addRow(
    _ row: UnsafePointer<Self>, units: Int, to sums: UnsafeMutablePointer<Double>, squares: UnsafeMutablePointer<Double>)

  /// Sums of treated rows by cluster; see `mirrorscope_cluster_sums_float`.
  static func addClusterSums(
    _ rows: UnsafePointer<Self>, treated: UnsafePointer<UInt32>, ends: UnsafePointer<UInt32>, begin: UInt32, count: Int,
    shifts: UnsafePointer<Self>, alpha: UnsafePointer<Self>, beta: UnsafePointer<Self>, scale: Self, to sums: UnsafeMutablePointer<Double>)

  /// Σ x·w over the units of a row, for four sets of weights at once.
  static func weigh(_ row: UnsafePointer<Self>, units: Int, by weights: UnsafePointer<SIMD4<Double>>) -> SIMD4<Double>
}

extension MatrixScalar {
  public static func move(
    _ values: UnsafeMutablePointer<Self>, rows: Int, width: Int, to sums: UnsafeMutablePointer<Double>, count: Int, stride: Int
  ) {
    for row in 0..<rows {
      let (own, target) = (values + row * width, sums + row * stride)
      for place in 0..<count { target[place] += Double(own[place]) }
      for place in 0..<width { own[place] = 0 }
    }
  }

  public static func squares(_ values: [Self]) -> [Self] { values.map { $0 * $0 } }

  public static func shift(
    _ values: UnsafeMutablePointer<Self>, rows: Int, units: Int, halfOrigins: UnsafePointer<Double>, factors: UnsafePointer<Double>
  ) {
    for row in 0..<rows {
      let own = values + row * units
      for unit in 0..<units { own[unit] = Self((Double(own[unit]) * 0.5 - halfOrigins[unit]) * factors[unit]) }
    }
  }

  public static func addRow(
    _ row: UnsafePointer<Self>, units: Int, to sums: UnsafeMutablePointer<Double>, squares: UnsafeMutablePointer<Double>
  ) {
    for unit in 0..<units {
      let value = Double(row[unit])
      sums[unit] += value
      squares[unit] += value * value
    }
  }

  public static func weigh(_ row: UnsafePointer<Self>, units: Int, by weights: UnsafePointer<SIMD4<Double>>) -> SIMD4<Double> {
    // Four sums at a time, so that none waits for the one before it.
    var (first, second, third, fourth) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
    let whole = units & ~3
    var unit = 0
    while unit < whole {
      first += Double(row[unit]) * weights[unit]
      second += Double(row[unit + 1]) * weights[unit + 1]
      third += Double(row[unit + 2]) * weights[unit + 2]
      fourth += Double(row[unit + 3]) * weights[unit + 3]
      unit += 4
    }
    while unit < units {
      first += Double(row[unit]) * weights[unit]
      unit += 1
    }
    return (first + second) + (third + fourth)
  }
}

extension Float: MatrixScalar {
  public static var labelTile: Int { Int(MIRRORSCOPE_LABEL_FLOATS) }

  public static func addLabelSums(
    _ rows: UnsafePointer<Float>, batches: Int, marks: UnsafePointer<UInt64>, stride: Int, labels: Int, to sums: UnsafeMutablePointer<Float>
  ) {
    mirrorscope_label_sums_float(rows, batches, marks, stride, labels, sums)
  }

  public static var rounding: Double { 0x1p-18 }

  public static func addClusterSums(
    _ rows: UnsafePointer<Float>, treated: UnsafePointer<UInt32>, ends: UnsafePointer<UInt32>, begin: UInt32, count: Int,
    shifts: UnsafePointer<Float>, alpha: UnsafePointer<Float>, beta: UnsafePointer<Float>, scale: Float,
    to sums: UnsafeMutablePointer<Double>
  ) {
    mirrorscope_cluster_sums_float(rows, treated, ends, begin, count, shifts, alpha, beta, scale, sums)
  }

  public static func addProduct(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, m: Int, n: Int, k: Int, scratch: UnsafeMutablePointer<Float>,
    to sums: UnsafeMutablePointer<Double>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(stride), 0, scratch, Int32(n))
    for index in 0..<m * n { sums[index] += Double(scratch[index]) }
  }
}

extension Double: MatrixScalar {
  public static var labelTile: Int { Int(MIRRORSCOPE_LABEL_DOUBLES) }

  public static func addLabelSums(
    _ rows: UnsafePointer<Double>, batches: Int, marks: UnsafePointer<UInt64>, stride: Int, labels: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    mirrorscope_label_sums_double(rows, batches, marks, stride, labels, sums)
  }

  public static var rounding: Double { 0x1p-44 }

  public static func addClusterSums(
    _ rows: UnsafePointer<Double>, treated: UnsafePointer<UInt32>, ends: UnsafePointer<UInt32>, begin: UInt32, count: Int,
    shifts: UnsafePointer<Double>, alpha: UnsafePointer<Double>, beta: UnsafePointer<Double>, scale: Double,
    to sums: UnsafeMutablePointer<Double>
  ) {
    mirrorscope_cluster_sums_double(rows, treated, ends, begin, count, shifts, alpha, beta, scale, sums)
  }

  public static func addProduct(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, stride: Int, m: Int, n: Int, k: Int, scratch: UnsafeMutablePointer<Double>,
    to sums: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(stride), 1, sums, Int32(n))
  }
}
