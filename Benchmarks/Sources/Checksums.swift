import ArgumentParser
import Foundation
import HDF5

/// What checksums cost: the data set of a layer's activations, written and read as recordings have it, in turn with and without them.
///
/// With: Fletcher-32 of every chunk, and `content_sha256` over those sums. Each is read back; which comes first changes each time. What else a
/// recording checks is timed apart: the child that reads headers before a file is opened, and putting the file on the disk.
struct Checksums: ParsableCommand {
  @Argument var raw: String
  @Argument var output: String
  @Option(name: .long) var units: Int
  @Option(name: .long) var repeats = 9
  @OptionGroup var work: WorkOptions

  func run() throws {
    let values = try floats(raw)
    var taken: [String: [Spent]] = [:]
    for number in 0..<repeats {
      for hasSums in number % 2 == 0 ? [true, false] : [false, true] {
        let name = hasSums ? "with" : "without"
        try? FileManager.default.removeItem(atPath: output)
        taken["writing_\(name)", default: []].append(try Spent { try write(values, hasSums: hasSums) })
        taken["sync", default: []].append(try Spent { try synchronise() })
        var file: File?
        taken["opening", default: []].append(try Spent { file = try File.open(output) })
        let dataset = try file?.root.dataset("activations")
        taken["reading_\(name)", default: []].append(try Spent { _ = try dataset?.read(as: Float.self, threads: work.threads) })
      }
    }
    let facts = taken.sorted { $0.key < $1.key }.flatMap { name, times in
      ["\"\(name)\": \(median(times.map(\.clock)))", "\"\(name)_processor\": \(median(times.map(\.processor)))"]
    }
    print("{\(facts.joined(separator: ", "))}")
  }

  private func write(_ values: [Float], hasSums: Bool) throws {
    let file = try File.create(output)
    let dataset = try file.root.createDataset(
      "activations", type: .float32, shape: [0, units], maximumShape: [nil, units], chunk: [4096, units],
      filters: hasSums ? .standard(level: 1) : FilterPipeline([.shuffle, .deflate(level: 1)]))
    let writer = try RowWriter(dataset, as: Float.self, workers: ChunkWorkers(threads: work.threads))
    let batch = 4096 * units
    try values.withUnsafeBufferPointer { values in
      for start in stride(from: 0, to: values.count, by: batch) {
        try writer.append(UnsafeBufferPointer(rebasing: values[start..<min(start + batch, values.count)]))
      }
    }
    try writer.finish()
    if hasSums { try writer.seal() }
    try file.close()
  }

  private func synchronise() throws {
    let file = try FileHandle(forUpdating: URL(filePath: output))
    try file.synchronize()
    try file.close()
  }

  private func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }
}

/// Seconds on the clock and of processors, those of children included.
private struct Spent {
  let clock: Double
  let processor: Double

  init(_ work: () throws -> Void) rethrows {
    let before = Self.processorSeconds()
    let start = ContinuousClock.now
    try work()
    clock = seconds(start.duration(to: .now))
    processor = Self.processorSeconds() - before
  }

  private static func processorSeconds() -> Double {
    // RUSAGE_SELF and RUSAGE_CHILDREN, whose types differ between systems.
    [Int32(0), -1].reduce(0) { sum, who in
      var usage = rusage()
      getrusage(who, &usage)
      return [usage.ru_utime, usage.ru_stime].reduce(sum) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }
  }
}
