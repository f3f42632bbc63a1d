/// An estimate of bytes as a whole number; `Int.max` for all that is larger. A file of a few kB may declare more rows than an `Int` holds bytes.
package func byteCount(_ estimate: Double) -> Int { Int(exactly: estimate.rounded(.up)) ?? .max }
