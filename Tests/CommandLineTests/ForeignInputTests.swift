import Foundation
import HDF5
import Testing

/// What `frogtoad` makes of other programs' networks and states.
@Suite("Foreign inputs")
struct ForeignInputTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  private func makeStates(_ name: String = "states.h5") throws {
    let run = try workplace.run("frogtoad", "generate", "--states", "4000", "--test", "200", "--output", name)
    #expect(run.status == 0, run.transcript)
  }

  private func expectFailure(_ status: Int32, _ sentence: String, _ arguments: String...) throws {
    let run = try workplace.run("frogtoad", arguments)
    #expect(run.status == status, run.transcript)
    #expect(run.errors == "error: \(sentence)\n", run.transcript)
    #expect(run.output.isEmpty, run.transcript)
  }

  @Test("Every Keras checkpoint of a folder is recorded by epoch, with what its name says; other files are left alone")
  func folder() throws {
    try makeStates()
    try FileManager.default.createDirectory(atPath: workplace.path("networks"), withIntermediateDirectories: true)
    for name in ["checkpoint-0010-nn10-epoch10-valLoss0.0519.h5", "checkpoint-0002-nn10-epoch2-valLoss0.0734.h5"] {
      try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "networks/" + name)
    }
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "networks/recording.h5")
    try workplace.write("networks/notes.txt", "mine")
    // One at a time, so that the progress is in the order of the epochs.
    let record = try workplace.run("frogtoad", "record", "networks", "--states", "states.h5", "--output", "recordings", "--threads", "1")
    #expect(record.status == 0 && record.errors.contains("recordings: 2 recordings of the test states"), record.transcript)
    #expect(
      try workplace.names().filter { $0.hasPrefix("recordings/") } == [
        "recordings/checkpoint-0002-nn10-epoch2-valLoss0.0734.h5", "recordings/checkpoint-0010-nn10-epoch10-valLoss0.0519.h5",
      ])
    let cmni = try workplace.shell("mirrorscope cmni recordings/*epoch2-* recordings/*epoch10-*")
    let table = Table(cmni.output)
    #expect(Set(table["epoch"]) == ["2", "10"] && table["epoch"].first == "2", cmni.transcript)
    #expect(Set(table["validation_loss"]) == ["0.0734", "0.0519"], cmni.transcript)
  }

  @Test("A damaged file in a folder of checkpoints is named, and nothing is recorded; a folder without any says so")
  func badFolders() throws {
    try makeStates()
    try FileManager.default.createDirectory(atPath: workplace.path("networks"), withIntermediateDirectories: true)
    try expectFailure(
      2, "networks: the folder has no checkpoint (.h5, .keras, .safetensors). Train one, or name a file.", "record", "networks",
      "--states", "states.h5", "--output", "r")
    try workplace.copyFixture("Golden/keras_1x10_epoch04.h5", as: "networks/a-epoch1.h5")
    try workplace.write("networks/b.h5", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    try expectFailure(
      2, "networks/b.h5: the file is a Git LFS pointer: git lfs pull, or download the file itself.", "record", "networks", "--states",
      "states.h5", "--output", "r", "--quiet")
    #expect(try workplace.names().filter { $0.hasPrefix("r/") } == [])
  }

  @Test(
    "A network that takes no states or gives no actions is refused with the number that is wrong",
    arguments: [
      ("keras_same_dict", "the network takes 3 inputs, and a state has 100 values. Choose one trained on states."),
      (
        "keras_384_outputs",
        "the network has 384 outputs, and there are 4 actions (hop, jump, leap, help). Choose one trained on states."
      ),
    ])
  func otherNetworks(fixture: String, sentence: String) throws {
    try makeStates()
    try workplace.copyFixture("DenseNetwork/\(fixture).h5", as: "model.h5")
    try expectFailure(2, "model.h5: \(sentence)", "record", "model.h5", "--states", "states.h5", "--output", "out.h5")
    try expectFailure(2, "model.h5: \(sentence)", "play", "--checkpoint", "model.h5", "--turns", "1", "--delay", "0")
  }

  @Test("A network of float64 is recorded and played with a note that names the layer; one that float32 holds without")
  func rounding() throws {
    try makeStates()
    for (name, layers) in [("keras_100_digits", "layer b"), ("keras_100_inside", nil)] {
      try workplace.copyFixture("DenseNetwork/\(name).h5", as: "model.h5")
      let note = layers.map {
        "warning: model.h5: the weights of \($0) have more digits than float32, in which networks run here, and were rounded to it.\n"
      }
      let record = try workplace.run(
        "frogtoad", "record", "model.h5", "--states", "states.h5", "--output", "out.h5", "--force", "--quiet")
      #expect(record.status == 0 && record.errors == note ?? "", record.transcript)
      let play = try workplace.run("frogtoad", "play", "--checkpoint", "model.h5", "--turns", "1", "--delay", "0")
      #expect(play.status == 0 && play.errors == note ?? "", play.transcript)
      try FileManager.default.removeItem(atPath: workplace.path("model.h5"))
    }
  }

  @Test("A Keras 3 archive with batch normalisation and a leaky relu is recorded, and its recording validated and ablated")
  func kerasArchive() throws {
    try makeStates()
    try FileManager.default.createDirectory(atPath: workplace.path("networks"), withIntermediateDirectories: true)
    try workplace.copyFixture("DenseNetwork/keras3_100.keras", as: "networks/model-epoch03.keras")
    let note =
      "warning: networks/model-epoch03.keras: layer norm of batch normalisation became part of the dense layers beside, whose weights are "
      + "others here.\n"
    let record = try workplace.run("frogtoad", "record", "networks", "--states", "states.h5", "--output", "recordings", "--quiet")
    #expect(record.status == 0 && record.errors == note, record.transcript)
    let recording = "recordings/model-epoch03.keras.h5"
    let validate = try workplace.run("mirrorscope", "validate", recording)
    #expect(validate.status == 0, validate.transcript)
    let inspect = try workplace.run("mirrorscope", "inspect", recording)
    #expect(inspect.output.contains("leaky_relu(0.25)"), inspect.transcript)
    let ablate = try workplace.run("mirrorscope", "ablate", recording, "--units", "dense_1:0,1", "--quiet")
    #expect(ablate.status == 0 && Set(Table(ablate.output)["target"]) == ["dense_1"], ablate.transcript)
    let play = try workplace.run("frogtoad", "play", "--checkpoint", "networks/model-epoch03.keras", "--turns", "2", "--delay", "0")
    #expect(play.status == 0 && play.errors == note, play.transcript)
  }

  @Test("Weights alone are recorded with the architecture beside them, and asked for it without")
  func architecture() throws {
    try makeStates()
    try workplace.copyFixture("DenseNetwork/torch_100.safetensors", as: "model.safetensors")
    try workplace.write("model.json", #"[{"name": "0", "activation": "relu"}, {"name": "2", "activation": "linear"}]"#)
    let arguments = ["record", "model.safetensors", "--states", "states.h5", "--output", "out.h5", "--quiet"]
    let alone = try workplace.run("frogtoad", arguments)
    #expect(alone.status == 2 && alone.errors.hasPrefix("error: model.safetensors: the file has weights alone, "), alone.transcript)
    #expect(alone.errors.hasSuffix(" See --architecture.\n"), alone.transcript)
    let record = try workplace.run("frogtoad", arguments + ["--architecture", "model.json"])
    #expect(record.status == 0 && record.errors.isEmpty, record.transcript)
    #expect(try workplace.run("mirrorscope", "validate", "out.h5").status == 0)
    let games = try workplace.run(
      "frogtoad", "games", "--checkpoint", "model.safetensors", "--architecture", "model.json", "--partner", "model.safetensors",
      "--games", "2", "--turns", "5", "--bootstrap", "0", "--quiet")
    #expect(games.status == 0, games.transcript)
    try expectFailure(
      2, "out.h5: the file is a mirrorscope-recording, not a frogtoad-checkpoint. Give a file of that kind.", "record", "out.h5",
      "--architecture", "model.json", "--states", "states.h5", "--output", "again.h5")
    let needless = try workplace.run("frogtoad", "play", "--architecture", "model.json", "--turns", "1", "--delay", "0")
    #expect(needless.status != 0 && needless.errors.contains("--architecture needs a --checkpoint."), needless.transcript)
  }

  @Test("One architecture serves for those of several networks that need it, and is refused where none does; recordings say which it was")
  func mixed() throws {
    try makeStates()
    try FileManager.default.createDirectory(atPath: workplace.path("networks"), withIntermediateDirectories: true)
    try workplace.copyFixture("DenseNetwork/torch_100.safetensors", as: "networks/a-epoch1.safetensors")
    try workplace.copyFixture("DenseNetwork/keras3_100.keras", as: "networks/b-epoch2.keras")
    try workplace.write("model.json", #"[{"name": "0", "activation": "relu"}, {"name": "2", "activation": "linear"}]"#)
    let record = try workplace.run(
      "frogtoad", "record", "networks", "--architecture", "model.json", "--states", "states.h5", "--output", "recordings", "--quiet")
    #expect(record.status == 0, record.transcript)
    let hash = try workplace.shell("sha256sum < model.json").output.prefix(64)
    for (name, architecture, folded) in [("a-epoch1.safetensors", String(hash), nil), ("b-epoch2.keras", nil, "norm")] {
      let provenance = try File.open(workplace.path("recordings/\(name).h5")).root.group("provenance").attributes
      #expect(try provenance.string("architecture_sha256") == architecture)
      #expect(try provenance.string("folded_layers") == folded)
    }
    for (frog, toad) in [("a-epoch1.safetensors", "b-epoch2.keras"), ("b-epoch2.keras", "a-epoch1.safetensors")] {
      let games = try workplace.run(
        "frogtoad", "games", "--checkpoint", "networks/\(frog)", "--partner", "networks/\(toad)", "--architecture", "model.json", "--games",
        "2", "--turns", "5", "--bootstrap", "0", "--quiet")
      #expect(games.status == 0, games.transcript)
    }
    let needless = "networks/b-epoch2.keras: the file says itself how its layers are connected and activated. Leave the architecture out."
    let network = "networks/b-epoch2.keras"
    for arguments in [
      ["record", network, "--states", "states.h5", "--output", "r.h5"], ["play", "--checkpoint", network, "--turns", "1", "--delay", "0"],
      ["games", "--checkpoint", network, "--games", "2", "--turns", "5"],
    ] {
      let run = try workplace.run("frogtoad", arguments + ["--architecture", "model.json"])
      #expect(run.status == 2 && run.errors.hasSuffix("error: \(needless)\n"), run.transcript)
    }
  }

  @Test("An archive that there is no room to unpack is a failure, not a bad file")
  func noRoom() throws {
    try workplace.copyFixture("DenseNetwork/keras3_100.keras", as: "model.keras")
    let run = try workplace.shell("TMPDIR=/no/such/folder frogtoad play --checkpoint model.keras --turns 1 --delay 0")
    #expect(run.status == 1 && run.errors.contains("can't be unpacked to the folder for temporary files"), run.transcript)
  }

  @Test("A leaky relu by name alone is noted, with the slope that was taken")
  func unsaidSlope() throws {
    let file = try File.create(workplace.path("model.weights.h5"))
    for group in ["layers", "layers/dense", "layers/dense/vars"] { _ = try file.root.createGroup(group) }
    try file.root.write("layers/dense/vars/0", (0..<400).map { Float($0 % 7) }, shape: [100, 4]).seal()
    try file.close()
    let layer = #"{"class_name": "Dense", "config": {"name": "out", "units": 4, "use_bias": false, "activation": "leaky_relu"}}"#
    try workplace.write("model.json", #"{"class_name": "Sequential", "config": {"layers": [\#(layer)]}}"#)
    let run = try workplace.run(
      "frogtoad", "play", "--checkpoint", "model.weights.h5", "--architecture", "model.json", "--turns", "1", "--delay", "0")
    #expect(run.status == 0, run.transcript)
    #expect(
      run.errors
        == "warning: model.weights.h5: leaky_relu of layer out has no slope in the file; it was taken as leaky_relu(0.2), as Keras's function of "
        + "that name.\n", run.transcript)
  }

  @Test("Separate activations record what activations inside the layers do")
  func separateActivation() throws {
    try makeStates()
    for (number, name) in ["keras_100_inside", "keras_100_separate"].enumerated() {
      try workplace.copyFixture("DenseNetwork/\(name).h5", as: "model.h5")
      let record = try workplace.run("frogtoad", "record", "model.h5", "--states", "states.h5", "--output", "out\(number).h5")
      #expect(record.status == 0, record.transcript)
      try FileManager.default.removeItem(atPath: workplace.path("model.h5"))
    }
    let stats = try (0..<2).map { try workplace.run("mirrorscope", "stats", "out\($0).h5").output.replacing("out\($0).h5", with: "out.h5") }
    #expect(stats[0] == stats[1] && stats[0].contains("dense_1"))
  }

  @Test("An archive, as the paper's states come in, is told how to unpack")
  func archive() throws {
    try workplace.write("states.csv", "1,2\n")
    let tar = try workplace.shell("tar czf states.tgz states.csv && tar cf states.tar states.csv")
    #expect(tar.status == 0, tar.transcript)
    try expectFailure(
      2, "states.tgz is a tar archive, compressed with gzip: unpack it with tar xzf and import the CSV file that comes out.", "import",
      "states.tgz", "-o", "s.h5")
    try expectFailure(
      2, "states.tar is a tar archive: unpack it with tar xf and import the CSV file that comes out.", "import", "states.tar", "-o",
      "s.h5")
    try makeStates()
    try expectFailure(2, "states.h5 is an HDF5 file, not a CSV file.", "import", "states.h5", "-o", "s.h5")
    try expectFailure(
      2, "states.tgz is a tar archive, compressed with gzip, not a states file: unpack it with tar xzf.", "inspect", "states.tgz")
  }
}
