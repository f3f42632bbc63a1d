import ActivationRecording
import Foundation
import Testing

#if os(Linux)
  /// What analyses take of memory within --max-memory, as Linux counts it.
  @Suite("Peak memory")
  struct PeakMemoryTests {
    private let workplace: Workplace

    init() throws {
      workplace = try Workplace()
    }

    /// Twelve recordings of 4,000 rows of 512 units: 100 MB of activations in all.
    private func makeRecordings() throws -> [String] {
      for arguments in [
        ["generate", "--states", "4000", "--test", "200", "--output", "s.h5"],
        ["train", "s.h5", "--hidden", "256,256", "--epochs", "1", "--output", "net"],
        ["record", "net", "--states", "s.h5", "--output", "recordings"],
      ] {
        let run = try workplace.run("frogtoad", arguments)
        #expect(run.status == 0, run.transcript)
      }
      let recording = try #require(workplace.names().last { $0.hasPrefix("recordings/") && $0.hasSuffix(".h5") })
      return try (0..<12).map { number in
        let copy = workplace.path("copy-\(number).h5")
        try FileManager.default.copyItem(atPath: workplace.path(recording), toPath: copy)
        return copy
      }
    }

    /// Runs a program without its output, from a small process: what the system says of a child begins with what its parent had.
    private func peak(_ program: String, _ arguments: [String]) throws -> (status: Int, bytes: Int) {
      let script = """
        import resource, subprocess, sys
        status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
        """
      let run = try workplace.run(executable: try #require(python), ["-c", script, program] + arguments)
      let numbers = run.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      try #require(numbers.count == 2, run.transcript)
      return (numbers[0], numbers[1])
    }

    @Test(
      "Many recordings at once stay within --max-memory and 100 MB, or are refused",
      .enabled(if: python != nil, "no Python: run scripts/test"))
    func peaks() throws {
      let recordings = try makeRecordings()
      let program = try #require(workplace.program("mirrorscope"))
      let limit = 150 << 20
      for command in [["stats"], ["cmni", "--permutations", "50"], ["validate"]] {
        let (status, bytes) = try peak(program, command + recordings + ["--max-memory", "150M", "--threads", "16"])
        #expect(status == 0, "\(command)")
        #expect(bytes <= limit + 100 << 20, "\(command) took \(bytes >> 20) MB")
      }
    }

    @Test("Recovering thousands of layers keeps no chunk of each in memory", .enabled(if: python != nil, "no Python: run scripts/test"))
    func layers() throws {
      let (layerCount, rowCount) = (2000, 100)
      let layers = (0..<layerCount).map { LayerDescription(name: "x\($0)", unitCount: 6, activationFunction: "relu", isOutput: false) }
      let recorder = try Recorder(
        path: workplace.path("x.h5"), layers: layers, columns: Recorder.Columns(), description: RecordingDescription())
      try recorder.append(
        RowBatch(
          phases: [Phase](repeating: .own, count: rowCount),
          activations: layers.map { _ in .floats([Float](repeating: 0.5, count: 6 * rowCount)) }))
      #expect(try recorder.interrupt() == rowCount)
      let program = try #require(workplace.program("mirrorscope"))
      let (status, bytes) = try peak(program, ["recover", workplace.path("x.h5.partial")])
      #expect(status == 0)
      // A chunk of 4,096 rows and the memory to encode it were half a megabyte for each layer, 1 GB together.
      #expect(bytes <= 400 << 20, "took \(bytes >> 20) MB")
    }

    @Test("A recording that takes more to check than is allowed is refused with the size that it needs")
    func refusal() throws {
      let recordings = try makeRecordings()
      let run = try workplace.run("mirrorscope", ["validate", recordings[0], "--max-memory", "1M"])
      #expect(run.status == 1, run.transcript)
      #expect(run.errors.contains("checking its largest layers needs ") && run.errors.contains("(--max-memory)"), run.transcript)
    }
  }
#endif
