/// A Swift number that data sets are read into and written from.
///
/// The memory layout that HDF5 is told follows from the type, so that a read converts or throws and never overruns its buffer.
public protocol Element: Numeric, BitwiseCopyable, Sendable {
  /// The stored type that holds this one bit for bit; one of the plain integer and float cases.
  static var datatype: Datatype { get }
}

extension Int8: Element {
  public static var datatype: Datatype { .int8 }
}

extension Int16: Element {
  public static var datatype: Datatype { .int16 }
}

extension Int32: Element {
  public static var datatype: Datatype { .int32 }
}

extension Int64: Element {
  public static var datatype: Datatype { .int64 }
}

extension Int: Element {
  public static var datatype: Datatype { .int64 }
}

extension UInt8: Element {
  public static var datatype: Datatype { .uint8 }
}

extension UInt16: Element {
  public static var datatype: Datatype { .uint16 }
}

extension UInt32: Element {
  public static var datatype: Datatype { .uint32 }
}

extension UInt64: Element {
  public static var datatype: Datatype { .uint64 }
}

extension Float: Element {
  public static var datatype: Datatype { .float32 }
}

extension Double: Element {
  public static var datatype: Datatype { .float64 }
}

// Swift has no Float16 on Macs with Intel's processors.
#if !(os(macOS) && arch(x86_64))
  extension Float16: Element {
    public static var datatype: Datatype { .float16 }
  }
#endif
