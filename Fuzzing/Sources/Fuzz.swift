import Foundation

/// One function per kind of input from outside, for libFuzzer: `fuzz TARGET [libFuzzer's options and corpora]`. `scripts/fuzz` builds and runs it.
@main
struct Fuzz {
  static func main() {
    let name = CommandLine.arguments.dropFirst().first ?? ""
    let rest = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
    switch name {
    case "chunk": run(rest) { fuzz($0, $1, decodeChunk) }
    case "recording": run(rest) { fuzz($0, $1, readRecording) }
    case "network": run(rest) { fuzz($0, $1, readStatesOrNetwork) }
    case "csv": run(rest) { fuzz($0, $1, importCSV) }
    default:
      FileHandle.standardError.write(Data("fuzz: name a target: chunk, recording, network or csv\n".utf8))
      exit(64)
    }
  }

  private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

  private static func run(_ arguments: [String], _ callback: Callback) {
    var count = CInt(arguments.count)
    var strings = arguments.map { strdup($0) } + [nil]
    strings.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      exit(runFuzzer(&count, &start, callback))
    }
  }
}

private func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> CInt {
  body(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ argumentCount: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Lends the path of a file that holds the bytes.
func withFile(_ bytes: UnsafeRawBufferPointer, suffix: String, _ body: (String) -> Void) {
  let path = "\(temporaryFolder)/mirrorscope-fuzz-\(getpid())\(suffix)"
  _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
  defer { unlink(path) }
  body(path)
}

/// Memory where there is such a folder.
private let temporaryFolder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
