import Foundation
import Testing

private struct Golden: Decodable {
  struct Blinded: Decodable {
    let author, formula, hidden: Double
  }
  let blinded: Blinded
  let units: Int
}

/// Keras networks and states of an independent simulator (Fixtures/Golden), through the real programs, against an independent numpy
/// implementation and the figures of the paper's own script.
@Suite("Golden networks")
struct GoldenTests {
  @Test(
    "Imported states and kernels give the published indices to 1e-6",
    arguments: ["keras_1x10_epoch04", "keras_2x17_epoch10", "keras_1x10_epoch00"])
  func indices(model: String) throws {
    let workplace = try Workplace()
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/Golden")
    let expected = try #require(
      JSONDecoder().decode([String: Golden].self, from: Data(contentsOf: fixtures.appending(path: "expected.json")))[model])
    try workplace.copyFixture("Golden/states_test.csv.gz", as: "states.csv.gz")
    try workplace.copyFixture("Golden/\(model).h5", as: "model.h5")
    let gunzip = try workplace.run(executable: URL(filePath: "/usr/bin/env"), ["gzip", "-d", "states.csv.gz"])
    #expect(gunzip.status == 0, gunzip.transcript)
    let imported = try workplace.run("frogtoad", "import", "states.csv", "--output", "states.h5")
    #expect(imported.status == 0 && imported.errors.contains("20,000 test states"), imported.transcript)
    let record = try workplace.run("frogtoad", "record", "model.h5", "--states", "states.h5", "--output", "veiled.h5")
    #expect(record.status == 0, record.transcript)
    let run = try workplace.run("mirrorscope", "cmni", "veiled.h5")
    #expect(run.status == 0, run.transcript)
    let table = Table(run.output)
    let values = Dictionary(uniqueKeysWithValues: zip(table["variant"], table.numbers("cmni")))
    for (variant, value) in [
      ("author", expected.blinded.author), ("formula", expected.blinded.formula), ("hidden", expected.blinded.hidden),
    ] {
      let ours = try #require(values[variant] ?? nil)
      #expect(abs(ours - value) <= 1e-6, "\(variant)")
    }
    #expect(table["unit_count"].first == String(expected.units))
    #expect([table["n_none"][0], table["n_self"][0], table["n_other"][0]] == ["11925", "1531", "4297"])
  }

  @Test("With --reproduce-leak the untrained network gives the figure of the paper's script, which lost one row")
  func leak() throws {
    let workplace = try Workplace()
    try workplace.copyFixture("Golden/states_test.csv.gz", as: "states.csv.gz")
    try workplace.copyFixture("Golden/keras_1x10_epoch00.h5", as: "model.h5")
    _ = try workplace.run(executable: URL(filePath: "/usr/bin/env"), ["gzip", "-d", "states.csv.gz"])
    // The script read the first row as a header.
    let text = try workplace.text("states.csv")
    try workplace.write("shorter.csv", String(text[text.index(after: try #require(text.firstIndex(of: "\n")))...]))
    #expect(try workplace.run("frogtoad", "import", "shorter.csv", "--output", "states.h5").status == 0)
    let record = try workplace.run("frogtoad", "record", "model.h5", "--states", "states.h5", "--output", "leaky.h5", "--reproduce-leak")
    #expect(record.status == 0, record.transcript)
    #expect(record.errors.contains("warning: The network is shown the scenario"), record.transcript)
    let run = try workplace.run("mirrorscope", "cmni", "leaky.h5")
    let value = try #require(Table(run.output).numbers("cmni").first ?? nil)
    #expect(abs(value - 0.034568315900065615) <= 1e-6)
  }
}
