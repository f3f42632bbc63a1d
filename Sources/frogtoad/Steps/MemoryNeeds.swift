import DenseNetwork
import Foundation
import FrogAndToad
import Terminal

/// What a command takes beside its rows: code, libraries, HDF5's caches, and for each thread a stack and a chunk that is being packed.
///
/// Measured as the peak of small runs, rounded up.
func ownMemory(threads: Int) -> Int { (48 + 4 * threads) << 20 }

extension CommonOptions {
  /// Ends the command before it takes more memory than the user allows or the machine has.
  ///
  /// - Parameters:
  ///   - bytes: for rows and tables; `ownMemory` is added.
  ///   - what: names what needs it, in the plural: "4,000 states".
  ///   - alternative: what to do other than to raise the limit.
  func requireRoom(bytes: Int, for what: String, alternative: String) throws {
    let (need, overflow) = bytes.addingReportingOverflow(ownMemory(threads: threads))
    try requireMemory(bytes: overflow ? .max : need, for: what, alternative: alternative)
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard need > machine || overflow else { return }
    throw Failure(
      .failed,
      "\(what) need \(MemorySize(bytes: need).description), and this machine has \(MemorySize(bytes: machine).description). "
        + "\(alternative.prefix(1).uppercased() + alternative.dropFirst()).")
  }

  /// What --max-memory leaves for rows and tables; nil without it. The least is a megabyte.
  var memoryForRows: Int? {
    maxMemory.map { max(1 << 20, $0.bytes - ownMemory(threads: threads)) }
  }
}

extension TrainingData {
  /// Bytes of the veiled states and labels of all sets, and of the order of rows of each training at the same time.
  ///
  /// - Parameter others: states of the validation and the test set.
  static func memory(training: Int, others: Int, networks: Int) -> Int {
    let row = StateIndex.count + 1
    return training * (row + networks * MemoryLayout<UInt32>.stride) + others * (row + networks)
  }
}

extension RecordStep {
  /// Bytes for one network while it records: the rows that the recorder has not flushed, with their states as read, as shown and as
  /// recorded, and the activations of a block from the forward pass to the packed chunk. Measured on networks of 38 to 4,100 units.
  static func memory(for network: Network) -> Int {
    let rows = 4 * StatesFile.blockRows * (StateIndex.count + 20) * 4
    let units = network.layers.reduce(0) { $0 + $1.unitCount }
    let weights = network.layers.reduce(0) { $0 + $1.kernel.count + $1.bias.count }
    return rows + (Network.forwardBlockRows * units * 8 + weights * 3) * MemoryLayout<Float>.stride
  }
}

extension ImportCommand {
  /// Bytes for the text and the rows of a block, from the file to the packed chunk; measured.
  static let memory = 20 << 20
}
