import ActivationRecording
import DenseNetwork
import Foundation
import FrogAndToad
import Terminal

extension Network {
  /// Its layers as a recording declares them.
  var layerDescriptions: [LayerDescription] {
    layers.enumerated().map { index, layer in
      LayerDescription(
        name: layer.name, unitCount: layer.unitCount, activationFunction: layer.activation.rawValue, isOutput: index == layers.count - 1,
        kernel: layer.kernel, bias: layer.bias)
    }
  }
}

extension RecordingDescription {
  /// What a recording says of a checkpoint that is run under a veil; where the rows come from is left to the caller.
  init(of checkpoint: Checkpoint, at path: String, under veil: Veil, seed: UInt64?) throws {
    self.init()
    writer = "frogtoad \(toolkitVersion)"
    commandLine = frogtoad.commandLine
    self.seed = seed.map { Int(truncatingIfNeeded: $0) }
    model.architecture = try checkpoint.network.architectureJSON
    model.network = networkName(ofCheckpoint: path)
    model.checkpointID = checkpoint.checkpointID
    model.epoch = checkpoint.epoch
    model.validationLoss = checkpoint.validationLoss
    model.hyperparameters = try checkpoint.hyperparameters?.json
    model.weightsSHA256 = checkpoint.network.weightsSHA256
    provenance = [
      "checkpoint_file": URL(filePath: path).lastPathComponent, "veil": veil.sentence, "mirrorscope_version": toolkitVersion,
    ]
    if !checkpoint.foldedLayers.isEmpty { provenance["folded_layers"] = checkpoint.foldedLayers.joined(separator: ", ") }
    provenance["architecture_sha256"] = checkpoint.architectureSHA256
  }
}

/// A name that the checkpoints of a training share: that of their folder.
func networkName(ofCheckpoint path: String) -> String { URL(filePath: path).deletingLastPathComponent().lastPathComponent }
