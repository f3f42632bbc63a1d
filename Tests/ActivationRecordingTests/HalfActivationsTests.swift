#if !(os(macOS) && arch(x86_64))
  import ActivationRecording
  import CKernels
  import Foundation
  import HDF5
  import Testing

  @Suite("Activations in float16")
  struct HalfActivationsTests {
    @Test("Each of the 65,536 numbers is widened as the processor does it")
    func everyNumber() {
      let bits = (0..<(1 << 16)).map { UInt16($0) }
      let floats = [Float](unsafeUninitializedCapacity: bits.count) { target, count in
        if let target = target.baseAddress { mirrorscope_widen_float16(bits, bits.count, target) }
        count = bits.count
      }
      for (number, float) in zip(bits, floats) {
        let expected = Float(Float16(bitPattern: number))
        #expect(expected.isNaN ? float.isNaN : float.bitPattern == expected.bitPattern, "\(number)")
      }
    }

    @Test("Every finite number is read from a recording as HDF5 reads it, deflated and not", arguments: [0, 1])
    func asHDF5(level: Int) throws {
      let path = FileManager.default.temporaryDirectory.appending(path: "halves-\(UUID().uuidString).h5").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      let halves = (0..<(1 << 16)).map { Float16(bitPattern: UInt16($0)) }.filter(\.isFinite)
      var layer = LayerDescription(name: "a", unitCount: 32, activationFunction: "linear", isOutput: true)
      layer.storage = .float16
      let rows = halves.count / 32
      let recorder = try Recorder(
        path: path, layers: [layer], columns: Recorder.Columns(), description: RecordingDescription(), compressionLevel: level)
      try recorder.append(RowBatch(phases: (0..<rows).map { _ in .own }, activations: [halves.map { Float($0) }]))
      try recorder.finish()
      let view = try RecordingView(path: path)
      let stored = try File.open(path).root.dataset("layers/a/activations").read(as: Float.self)
      #expect(stored.map(\.bitPattern) == halves.map { Float($0).bitPattern })
      #expect(
        try view.values(of: view.layers, where: { _ in true }, as: Float.self, threads: 2).map(\.bitPattern) == stored.map(\.bitPattern))
      #expect(try view.values(of: view.layers, where: { _ in true }, threads: 2) == stored.map { Double($0) })
    }
  }
#endif
