import Foundation
import Testing

@testable import HDF5

/// The Python with h5py and xarray to test against, if there is one.
private let python = ProcessInfo.processInfo.environment["MIRRORSCOPE_PYTHON"]

@Suite(.enabled(if: python != nil, "set MIRRORSCOPE_PYTHON to a Python with numpy, h5py, xarray and h5netcdf"))
struct PythonTests {
  let scratch = try! Scratch()

  @Test("h5py reads our chunks bit for bit, and every attribute as it was set")
  func h5py() throws {
    try writeRecording(rows: 1003, chunkRows: 64)
    try run(
      """
      import h5py, numpy as np, sys
      f = h5py.File(sys.argv[1], "r")
      d = f["layers/dense_1/activations"]
      index = np.arange(1003 * 6)
      grid = np.where(index % 3 == 0, 0, (index * 7 % 101 - 50) * 0.25).astype("<f4").reshape(1003, 6)
      assert d.dtype == "<f4" and d.chunks == (64, 6) and d.maxshape == (None, 6), d
      assert d.shuffle and d.compression == "gzip" and d.compression_opts == 1 and d.fletcher32
      assert d[:].tobytes() == grid.tobytes()
      noise = f["noise"][:]
      assert (noise == (np.arange(1003, dtype="u4") * np.uint32(2654435769))).all(), noise[:9]
      assert (f["odd"][:] == np.arange(1003) % 7).all()
      assert h5py.check_enum_dtype(f["phase"].dtype) == {"none": 0, "self": 1, "other": 2, "both": 3}
      assert (f["phase"][:] == np.arange(1003) % 4).all()
      assert list(f["names"].asstr()[:]) == ["frog", "Kröte", ""] and list(f["fixed"].asstr()[:]) == ["frog", "Kröte", ""]
      assert f["half"].dtype == "<f2" and list(f["half"][:]) == [0.5, 2.0]
      a = f.attrs
      assert a["schema"] == "mirrorscope-recording" and a["complete"] == 1 and a["loss"] == 0.037
      assert list(a["sizes"]) == [17, 17, 4] and list(a["actions"]) == ["hop", "jump"] and list(a["rates"]) == [0.5]
      """)
  }

  @Test("xarray shows the dimensions sample and unit")
  func xarray() throws {
    try writeRecording(rows: 103, chunkRows: 64)
    try run(
      """
      import sys, xarray as xr
      tree = xr.open_datatree(sys.argv[1], engine="h5netcdf")
      activations = tree["layers/dense_1"]["activations"]
      assert activations.dims == ("sample", "unit"), activations.dims
      assert activations.shape == (103, 6)
      assert list(activations["sample"].values) == list(range(103))
      assert list(activations["unit"].values) == list(range(6))
      assert float(activations[1, 1]) == (7 * 7 % 101 - 50) * 0.25
      assert tree.attrs["schema"] == "mirrorscope-recording"
      assert tree["phase"].dims == ("sample",)
      """)
  }

  private func writeRecording(rows: Int, chunkRows: Int) throws {
    let file = try File.create(scratch.path("r.h5"))
    let root = try file.root
    let sample = try root.write("sample", (0..<rows).map { Int64($0) })
    let unit = try root.write("layers/dense_1/unit", [Int32](0..<6))
    try sample.makeScale()
    try unit.makeScale()
    let activations = try append(grid(rows: rows, units: 6), to: "layers/dense_1/activations", .float32, chunk: [chunkRows, 6], root)
    try activations.attachScale(sample, dimension: 0)
    try activations.attachScale(unit, dimension: 1)
    let phase = try append(
      (0..<rows).map { UInt8($0 % 4) }, to: "phase", .enumeration(["none", "self", "other", "both"]), chunk: [chunkRows], root)
    try phase.attachScale(sample, dimension: 0)
    // Bytes that deflate can't make smaller, and chunks of an odd number of bytes.
    try append((0..<rows).map { UInt32($0) &* 2_654_435_769 }, to: "noise", .uint32, chunk: [33], root)
    try append((0..<rows).map { UInt8($0 % 7) }, to: "odd", .uint8, chunk: [101], root)
    try root.writeStrings("names", ["frog", "Kröte", ""])
    try root.writeStrings("fixed", ["frog", "Kröte", ""], length: 7)
    try root.write("half", [0.5, 2.0], type: .float16)
    let attributes = root.attributes
    try attributes.set("schema", "mirrorscope-recording")
    try attributes.set("complete", 1)
    try attributes.set("loss", 0.037)
    try attributes.set("sizes", [17, 17, 4])
    try attributes.set("actions", ["hop", "jump"])
    try attributes.set("rates", [0.5])
    try file.close()
  }

  @discardableResult
  private func append<T: Element>(_ values: [T], to name: String, _ type: Datatype, chunk: [Int], _ root: Group) throws -> Dataset {
    let dataset = try root.createDataset(
      name, type: type, shape: [0] + chunk.dropFirst(), maximumShape: [nil] + chunk.dropFirst().map { $0 }, chunk: chunk,
      filters: .standard())
    let writer = try RowWriter(dataset, as: T.self)
    try writer.append(values)
    try writer.finish()
    return dataset
  }

  private func run(_ script: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments = ["-c", script, scratch.path("r.h5")]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
  }
}
