import Foundation
import HDF5

/// Every fault of a recording against the schema, each a sentence that names the part; empty for a valid one.
///
/// Everything is read: the structure, the codes of all columns, every chunk and every activation, so damage anywhere is found.
///
/// - Throws: `HDF5Error` when the file cannot be opened at all, and `RecordingError` when it is no recording or of a newer schema; what
///   else is wrong is returned.
public func recordingFaults(path: String, threads: Int) throws -> [RecordingError] {
  var faults: [RecordingError] = []
  let file = try File.open(path)
  let layout = try RecordingLayout(of: file, isWanted: { _ in true }, report: { faults.append($0) })
  let root = try file.root
  if try !root.contains("sample") {
    faults.append(.missingPart(file: path, part: "/sample", advice: "Write the row numbers as an int64 dimension scale."))
  } else if case let shape = try root.dataset("sample").shape, shape != [layout.rowCount] {
    faults.append(
      .invalid(
        file: path,
        fault: "/sample has shape \(shape.map { grouped($0) }.joined(separator: " × ")) but /phase has "
          + "\(grouped(layout.rowCount)) rows."))
  }
  // With a broken structure the values cannot be trusted to belong to what they seem to.
  guard faults.isEmpty, let recording = try openForReading(path, &faults) else { return faults }

  collect(&faults, path) { _ = try recording.phases() }
  collect(&faults, path) { _ = try recording.split() }
  collect(&faults, path) { _ = try recording.strata() }
  collect(&faults, path) { _ = try recording.partnerActing() }
  for (name, read) in [("label", recording.labels), ("prediction", recording.predictions)] {
    collect(&faults, path) {
      guard let values = try read(), let actionCount = recording.actionNames?.count else { return }
      if let row = values.firstIndex(where: { Int($0) >= actionCount }) {
        throw RecordingError.invalid(
          file: path, fault: "/\(name) holds \(values[row]) at row \(row), but there are \(actionCount) actions.")
      }
    }
  }
  for layer in recording.layers {
    collect(&faults, path) { _ = try recording.kernel(of: layer) }
    collect(&faults, path) { _ = try recording.bias(of: layer) }
    collect(&faults, path) {
      try recording.mapBlocks(of: layer, threads: threads) { (range, block: UnsafeBufferPointer<Float>) in
        if let position = block.firstIndex(where: { !$0.isFinite }) {
          throw RecordingError.notFinite(
            file: path, layer: layer.name, unit: position % layer.unitCount, row: range.lowerBound + position / layer.unitCount,
            value: Double(block[position]))
        }
      } take: { _ in
      }
    }
  }
  return faults
}

private func openForReading(_ path: String, _ faults: inout [RecordingError]) throws -> Recording? {
  do {
    return try Recording(path: path)
  } catch let error as RecordingError {
    faults.append(error)
    return nil
  }
}

/// Runs one check; what it throws becomes a fault, so that the next check still runs.
private func collect(_ faults: inout [RecordingError], _ path: String, _ check: () throws -> Void) {
  do {
    try check()
  } catch let error as RecordingError {
    faults.append(error)
  } catch {
    let sentence = "\(error)"
    faults.append(.invalid(file: path, fault: sentence.hasPrefix("\(path): ") ? String(sentence.dropFirst(path.count + 2)) : sentence))
  }
}
