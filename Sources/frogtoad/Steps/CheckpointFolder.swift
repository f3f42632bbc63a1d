import DenseNetwork
import Foundation

/// The checkpoints of a folder, ours and those of Keras and PyTorch, by epoch as far as they or their names say it, then by name.
///
/// Files of something else are left out; what can't be read is kept, for the sentence that reading it gives.
func checkpointPaths(in folder: String) -> [String] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let candidates = names.filter { name in networkFileEndings.contains { name.lowercased().hasSuffix("." + $0) } }
  let found = candidates.compactMap { name -> (name: String, epoch: Int?)? in
    switch Checkpoint.candidate(folder + "/" + name) {
    case .checkpoint(let epoch): (name, epoch)
    case .unreadable: (name, nil)
    case .other: nil
    }
  }
  return found.sorted { one, other in
    if one.epoch != other.epoch { return one.epoch ?? .max < other.epoch ?? .max }
    return one.name.compare(other.name, options: .numeric) == .orderedAscending
  }.map { folder + "/" + $0.name }
}

/// Of files that networks are read from.
let networkFileEndings = ["h5", "hdf5", "keras", "safetensors"]
