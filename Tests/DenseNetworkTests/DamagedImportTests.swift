import DenseNetwork
import Foundation
import HDF5
import Statistics
import Testing

/// Archives and tensor files that lie about themselves: each a sentence, never a trap.
@Suite struct DamagedImportTests {
  /// A `.safetensors` file with this header before these bytes.
  private func tensors(_ header: String, data: Int, length: UInt64? = nil) -> Data {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: data)
  }

  private func sentence(_ name: String, _ content: Data, architecture: String?) throws -> String {
    var found = ""
    try withTemporaryFile(name, content) { path in
      let error = #expect(throws: CheckpointError.self) {
        try Checkpoint.open(path, architecture: architecture.map { fixture($0).path })
      }
      found = error?.description.replacing("\(path): ", with: "") ?? ""
    }
    return found
  }

  private static let architecture = #"[{"name": "a", "activation": "linear"}]"#

  @Test(
    "Headers of tensors that are not true",
    arguments: [
      (#"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 20]}}"#, 16, "data_offsets [0, 20], and there are 16 bytes"),
      (#"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [16, 0]}}"#, 16, "data_offsets [16, 0], and there are 16 bytes"),
      (#"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [-16, 0]}}"#, 16, "data_offsets [-16, 0], and there are 16 bytes"),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 16]}}"#, 16,
        "16 bytes, which are not those of shape [2, 3] as F32"
      ),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 16]}}"#, 16,
        "16 bytes, which are not those of shape [4611686018427387904, 4] as F32"
      ),
      (#"{"a.weight": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}"#, 16, "has no dtype, shape and data_offsets"),
      (#"{"a.weight": {"dtype": "F32", "shape": [2, 2]}}"#, 16, "has no dtype, shape and data_offsets"),
      (#"{"a.weight": 3}"#, 16, "has no dtype, shape and data_offsets"),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "a.bias": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}"#,
        16, "tensor a.bias overlaps the one before it"
      ),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "a.bias": {"dtype": "F32", "shape": [2], "data_offsets": [20, 28]}}"#,
        28, "tensor a.bias has a gap before it"
      ),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}"#, 20,
        "4 bytes at the end of the file belong to no tensor"
      ),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, "a.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}"#,
        8, #"it has two members "a.weight""#
      ),
      (
        #"{"a.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, "\u0061.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}"#,
        8, #"it has two members "a.weight""#
      ),
      (#"{"a.weight": {"dtype": "I32", "shape": [2, 2], "data_offsets": [0, 16]}}"#, 16, "tensor a.weight is stored as I32, not as floats"),
      (#"{"a.weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}"#, 16, "layer a has a kernel of shape [4]"),
      (#"{"b.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}"#, 16, "tensor b.weight belongs to no layer"),
      (#"{}"#, 0, "tensor a.weight is missing"),
      (#"{"a.weight": "#, 16, "it is no JSON object"), (#"[]"#, 16, "it is no JSON object"),
    ])
  func header(header: String, data: Int, reason: String) throws {
    try withTemporaryFile("a.json", Data(Self.architecture.utf8)) { architecture in
      try withTemporaryFile("a.safetensors", tensors(header, data: data)) { path in
        let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path, architecture: architecture) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
      }
    }
  }

  @Test("A header whose length is that of a giant, or more than the file, and a file of nothing")
  func length() throws {
    for length in [UInt64.max, UInt64(Int.max), 4_194_305] {
      #expect(
        try sentence("a.safetensors", tensors("{}", data: 0, length: length), architecture: nil)
          == "its header can't be used: its first eight bytes are not the length of a header of at most 4194304 bytes. "
          + "Use another copy of the file or train again.")
    }
    #expect(
      try sentence("a.safetensors", tensors("{}", data: 0, length: 1 << 22), architecture: nil)
        == "the file ends too early, after 10 bytes. Use another copy of the file.")
    #expect(try sentence("a.safetensors", Data(), architecture: nil).hasPrefix("its header can't be used: its first eight bytes"))
    #expect(try sentence("a.safetensors", Data([1, 0]), architecture: nil).hasPrefix("its header can't be used: its first eight bytes"))
  }

  @Test("NaN among tensors is named")
  func notFinite() throws {
    var content = try Data(contentsOf: fixture("torch_float32.safetensors"))
    content.replaceSubrange(content.count - 4..<content.count, with: [0, 0, 0xc0, 0x7f])
    let found = try sentence("a.safetensors", content, architecture: "torch_float32.json")
    #expect(found.contains("holds NaN or infinity (value "), "\(found)")
  }

  @Test("An archive that is cut anywhere is refused", arguments: ["keras3_chain.keras", "keras3_chain_deflated.keras"])
  func cutArchive(name: String) throws {
    let whole = try Data(contentsOf: fixture(name))
    for count in stride(from: 4, to: whole.count, by: max(1, whole.count / 40)) {
      #expect(try sentence("a.keras", whole.prefix(count), architecture: nil).contains("the zip archive can't be used: "))
    }
  }

  @Test("Parts of an archive that are missing, encrypted, or of another kind are named")
  func parts() throws {
    let whole = try Data(contentsOf: fixture("keras3_graph.keras"))
    let directory = try #require(whole.firstRange(of: Data([0x50, 0x4b, 1, 2]))).lowerBound
    func changed(_ offset: Int, _ bytes: [UInt8]) throws -> String {
      var content = whole
      content.replaceSubrange(directory + offset..<directory + offset + bytes.count, with: bytes)
      return try sentence("a.keras", content, architecture: nil)
    }
    // The first entry of the directory is metadata.json, the second config.json.
    let second = 46 + 13
    #expect(try changed(second + 46, Array("konfig".utf8)).hasPrefix("config.json in the archive is missing."))
    #expect(try changed(second + 46 - 46, [0]).contains("entry 1 of its directory is damaged"))
    #expect(try changed(second + 8, [1]).hasPrefix("config.json is encrypted"))
    #expect(try changed(second + 10, [12]).hasPrefix("config.json is compressed by method 12"))
    #expect(try changed(second + 16, [0, 0, 0, 0]).contains("it fails its checksum"))
    #expect(try changed(second + 20, [0xff, 0xff, 0xff, 0xff]).hasPrefix("the zip archive has parts of 4 GiB or more."))
    #expect(try changed(second + 24, [0xfe, 0xff, 0xff, 0xff]).contains("and at most 4194304 are read"))
    #expect(try changed(second + 42, [0xff, 0xff, 0xff, 0x7f]).contains("the file ends too early"))
    #expect(try changed(second + 42, [1]).contains("it is not where the directory says"))
  }

  @Test(
    "Bytes changed at random are a sentence or a network, never a trap",
    arguments: [
      ("keras3_graph.keras", nil, 150), ("keras3_chain_deflated.keras", nil, 300), ("torch_float32.safetensors", "torch_float32.json", 500),
      ("torch_stack.safetensors", "torch_stack.json", 500), ("keras3_chain.weights.h5", "keras3_chain.json", 60),
      ("keras2_chain_weights.h5", "keras2_chain.json", 60), ("keras3_graph.h5", nil, 60),
    ] as [(String, String?, Int)])
  func flips(name: String, architecture: String?, count: Int) throws {
    let whole = try Data(contentsOf: fixture(name))
    let architecture = architecture.map { fixture($0).path }
    var refused = 0
    for index in 0..<count {
      var stream = RandomStream(seed: 7, purpose: "flips", index: UInt64(index))
      var content = whole
      // Headers are at the beginning of some and at the end of others.
      let begins = [0, 0, max(0, whole.count - 400)][index % 3]
      let width = [whole.count, min(whole.count, 700), whole.count - begins][index % 3]
      for _ in 0..<1 + stream.uniform(below: 3) {
        content[begins + stream.uniform(below: width)] = UInt8(truncatingIfNeeded: stream.uniform(below: 256))
      }
      try withTemporaryFile(name, content) { path in
        do {
          _ = try Checkpoint.open(path, architecture: architecture)
        } catch let error as CheckpointError {
          refused += 1
          #expect(error.description.hasSuffix("."))
        } catch is HDF5Error {
          refused += 1
        }
      }
    }
    #expect(refused > count / 5)
  }

  @Test("The same for an architecture")
  func flippedArchitecture() throws {
    let whole = try Data(contentsOf: fixture("keras3_chain.json"))
    for index in 0..<400 {
      var stream = RandomStream(seed: 8, purpose: "flips", index: UInt64(index))
      var content = whole
      for _ in 0..<1 + stream.uniform(below: 2) {
        content[stream.uniform(below: whole.count)] = UInt8(truncatingIfNeeded: stream.uniform(below: 256))
      }
      try withTemporaryFile("architecture.json", content) { path in
        do {
          _ = try Checkpoint.open(fixture("torch_float32.safetensors").path, architecture: path)
        } catch is CheckpointError {}
      }
    }
  }
}
