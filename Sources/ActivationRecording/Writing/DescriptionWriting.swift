import Foundation
import HDF5

extension RecordingDescription {
  /// Writes the attributes of the file, of `/model` and of `/provenance`.
  func write(to root: Group) throws {
    let attributes = root.attributes
    try attributes.set(RecordingSchema.identity)
    try attributes.set("created_utc", createdUTC.isEmpty ? Date().formatted(.iso8601) : createdUTC)
    try attributes.set("writer", writer)
    try attributes.set("command_line", commandLine)
    if let seed { try attributes.set("seed", seed) }
    try attributes.set("title", title)

    let model = try root.createGroup("model").attributes
    let described = self.model
    if let architecture = described.architecture { try model.set("architecture", architecture) }
    if let network = described.network { try model.set("network", network) }
    if let checkpointID = described.checkpointID { try model.set("checkpoint_id", checkpointID) }
    if let epoch = described.epoch { try model.set("epoch", epoch) }
    if let validationLoss = described.validationLoss { try model.set("validation_loss", validationLoss) }
    if let hyperparameters = described.hyperparameters { try model.set("hyperparameters", hyperparameters) }
    if let weights = described.weightsSHA256 { try model.set("weights_sha256", weights) }

    let provenance = try root.createGroup("provenance").attributes
    for (name, value) in self.provenance.sorted(by: { $0.key < $1.key }) { try provenance.set(name, value) }
  }
}
