import Foundation
import Testing

@testable import HDF5

@Suite struct MissingDataTests {
  @Test("A chunk that was never written is missing data, however it is read", arguments: ["filtered", "plain"])
  func chunk(name: String) throws {
    let file = try fixture("missing.h5")
    let dataset = try file.root.dataset(name)
    func missing(_ body: () throws -> Void) throws {
      let error = try hdf5Error(body)
      #expect(error.kind == .missingData)
      #expect(error.description == "\(file.path): cannot read /\(name): its rows 10 to 14 were never written")
    }
    try missing { _ = try dataset.read(as: Float.self) }
    try missing { _ = try dataset.read(as: Double.self) }
    try missing { _ = try dataset.read(rows: 12..<13, as: Float.self) }
    try missing { _ = try dataset.read(rows: 0..<20, as: Float.self, threads: 2) }
    try missing { _ = try dataset.mapRowBlocks(blockRows: 3, as: Float.self, threads: 2) { $0.count + $1.count } }
    try missing { _ = try dataset.mapRowBlocks(blockRows: 20, as: Double.self, threads: 1) { $0.count + $1.count } }
    #expect(try dataset.read(rows: 0..<10, as: Float.self).count == 60)
    #expect(try dataset.read(rows: 15..<20, as: Double.self, threads: 2) == (0..<30).map { Double($0) })
  }

  @Test("A missing chunk among the columns is named by its rows")
  func columns() throws {
    let dataset = try fixture("missing.h5").root.dataset("columns")
    #expect(try dataset.read(rows: 0..<5, as: Float.self) == [Float](repeating: 2, count: 30))
    for read in [{ try dataset.read(as: Float.self) }, { try dataset.read(as: Float.self, threads: 1) }] {
      #expect(try hdf5Error { _ = try read() }.reason == "its rows 5 to 9 were never written")
    }
  }

  @Test("A value that the writer set stands for what was not written")
  func fillValue() throws {
    let root = try fixture("missing.h5").root
    let dataset = try root.dataset("filled")
    #expect(try dataset.read(rows: 10..<15, as: Float.self) == [Float](repeating: 7, count: 30))
    #expect(try dataset.read(rows: 10..<15, as: Float.self, threads: 2) == [Float](repeating: 7, count: 30))
    #expect(try root.dataset("filled_contiguous").read(as: Float.self) == [2.5, 2.5, 2.5, 2.5])
  }

  @Test("Data in one piece that were never written")
  func contiguous() throws {
    let root = try fixture("missing.h5").root
    #expect(try hdf5Error { _ = try root.dataset("contiguous").read(as: Float.self) }.reason == "its rows from 0 on were never written")
    #expect(try hdf5Error { _ = try root.dataset("contiguous").read(as: Float.self, threads: 2) }.kind == .missingData)
    #expect(try hdf5Error { _ = try root.dataset("value").read(as: Float.self) }.reason == "its value was never written")
    #expect(try hdf5Error { _ = try root.dataset("text").readStrings() }.kind == .missingData)
    #expect(try root.dataset("empty").read(as: Float.self) == [])
  }

  @Test("Data that reach beyond the end of the file are named before memory is taken for them")
  func beyondTheEnd() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/HDF5/beyond_the_end.h5").path
    let error = try hdf5Error { _ = try File.open(path).root.dataset("x").read(as: Double.self) }
    #expect(error.kind == .truncatedFile)
  }
}
