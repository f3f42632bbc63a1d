import Testing

@testable import HDF5

@Suite struct DimensionScaleTests {
  let scratch = try! Scratch()

  @Test("Dimensions carry the names of the scales attached to them, also after reopening")
  func scales() throws {
    let path = scratch.path("d.h5")
    let file = try File.create(path)
    let root = try file.root
    let sample = try root.write("sample", [Int64](0..<5))
    let unit = try root.write("layers/dense_1/unit", [Int32](0..<3))
    let activations = try root.createDataset("layers/dense_1/activations", type: .float32, shape: [5, 3])
    #expect(try !sample.isScale)
    #expect(try activations.dimensionNames() == [nil, nil])
    try sample.makeScale()
    try unit.makeScale()
    try activations.attachScale(sample, dimension: 0)
    try activations.attachScale(unit, dimension: 1)
    #expect(try hdf5Error { try activations.attachScale(unit, dimension: 2) }.kind == .outOfRange)
    try file.close()

    let opened = try File.open(path).root
    #expect(try opened.dataset("sample").isScale)
    #expect(try opened.dataset("layers/dense_1/activations").dimensionNames() == ["sample", "unit"])
    #expect(try opened.dataset("layers/dense_1/activations").scalePaths(dimension: 1) == ["/layers/dense_1/unit"])
  }
}
