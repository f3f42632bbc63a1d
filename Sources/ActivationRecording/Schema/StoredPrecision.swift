import HDF5

/// How far a stored number can be from the one that was to be stored.
public struct StoredPrecision: Sendable, Equatable {
  /// Half the distance of two neighbouring numbers, relative to the stored one: 2⁻⁸ for bfloat16, 2⁻¹¹ for float16, 2⁻²⁴ for float32,
  /// 2⁻⁵³ for float64.
  public let relative: Double
  /// The same for numbers next to 0, where the type's exponents end; for packed integers half a step of theirs.
  public let absolute: Double

  /// Types other than these count as float32; integers were stored without loss.
  init(of type: Datatype, encoding: ActivationEncoding? = nil) {
    switch (encoding, type) {
    case (.bfloat16Bits?, _): (relative, absolute) = (0x1p-8, 0x1p-134)
    case (.scaledIntegers(let scale, _)?, _): (relative, absolute) = (0x1p-53, abs(scale) / 2)
    case (_, .float16): (relative, absolute) = (0x1p-11, 0x1p-25)
    case (_, .bfloat16): (relative, absolute) = (0x1p-8, 0x1p-134)
    case (_, .float64): (relative, absolute) = (0x1p-53, 0x1p-1074)
    case (_, .float(let format)):
      let smallest = 1 - format.exponentBias - format.mantissaBits
      relative = Double(sign: .plus, exponent: -format.mantissaBits - 1, significand: 1)
      absolute = Double(sign: .plus, exponent: max(-1074, smallest - 1), significand: 1)
    case (_, let type) where type.isInteger: (relative, absolute) = (0, 0)
    default: (relative, absolute) = (0x1p-24, 0x1p-150)
    }
  }
}

/// Numbers of a recording as doubles, so that none is rounded, and the precision they are stored in.
public struct StoredParameters: Sendable, Equatable {
  public let values: [Double]
  public let precision: StoredPrecision
}
