import Foundation
import HDF5
import Testing

/// `mirrorscope direction --write` end to end.
@Suite("direction --write")
struct DirectionCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
  }

  @Test("The file holds what stats says of each unit, the mean direction of both, and the sum of the recording")
  func content() throws {
    let run = try workplace.run("mirrorscope", "direction", "planted.h5", "--write", "d.h5", "--seed", "3")
    #expect(run.status == 0, run.transcript)
    let table = Table(run.output)
    let root = try File.open(workplace.path("d.h5")).root
    #expect(try root.attributes.string("schema") == "mirrorscope-directions" && root.attributes.string("schema_version") == "1.0")
    #expect(try root.attributes.integer("complete") == 1)
    #expect(try root.attributes.string("recording") == "planted.h5" && root.attributes.strings("files") == ["planted.h5"])
    #expect(try root.attributes.string("command") == "direction planted.h5 --write d.h5 --seed 3")
    let sum = try workplace.shell("sha256sum planted.h5 || shasum -a 256 planted.h5").output.prefix(64)
    #expect(try root.attributes.strings("files_sha256") == [String(sum)])
    let stats = Table(try workplace.run("mirrorscope", "stats", "planted.h5", "--quiet").output)
    var means: [String: [Int: [String: Double]]] = [:]
    for (place, layer) in stats["layer"].enumerated() {
      let (unit, phase, mean) = (try #require(Int(stats["unit"][place])), stats["phase"][place], try #require(Double(stats["mean"][place])))
      means[layer, default: [:]][unit, default: [:]][phase] = mean
    }
    for (number, name) in table["layer"].enumerated() {
      let group = try root.group("layers").group(name)
      #expect(try group.attributes.integer("layer_index") == number)
      #expect(try group.attributes.integer("n") == Int(table["n"][number]))
      let (own, other) = (try group.dataset("delta_self").read(as: Double.self), try group.dataset("delta_other").read(as: Double.self))
      let units = try #require(means[name])
      #expect(own.count == units.count && other.count == units.count)
      for (unit, known) in units {
        let none = try #require(known["none"])
        #expect(abs(own[unit] - (try #require(known["self"]) - none)) <= 1e-9)
        #expect(abs(other[unit] - (try #require(known["other"]) - none)) <= 1e-9)
      }
      func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let mean = try group.dataset("direction").read(as: Double.self)
      let sum = zip(own, other).map { $0 / length(own) + $1 / length(other) }
      #expect(abs(length(mean) - 1) <= 1e-12)
      for (value, part) in zip(mean, sum) { #expect(abs(value - part / length(sum)) <= 1e-12) }
      for dataset in ["delta_self", "delta_other", "direction"] { #expect(try group.dataset(dataset).verifyContent() == true) }
    }
  }

  @Test("Its name is that of no table, no recording that is read and, unless forced, of no file")
  func names() throws {
    let table = try workplace.run("mirrorscope", "direction", "planted.h5", "-o", "x", "--write", "x", "--quiet")
    #expect(table.status == 64 && table.errors.contains("--write and --output name the same file."), table.transcript)
    let before = try Data(contentsOf: URL(fileURLWithPath: workplace.path("planted.h5")))
    let over = try workplace.run("mirrorscope", "direction", "planted.h5", "--write", "planted.h5", "--quiet", "--force")
    #expect(over.status == 1, over.transcript)
    #expect(try Data(contentsOf: URL(fileURLWithPath: workplace.path("planted.h5"))) == before)
    _ = try workplace.shell("echo precious > d.h5")
    let refused = try workplace.run("mirrorscope", "direction", "planted.h5", "--write", "d.h5", "--quiet")
    #expect(refused.status == 1 && refused.output.isEmpty, refused.transcript)
    #expect(try workplace.text("d.h5") == "precious\n")
  }

  @Test("Joined recordings are named and summed one by one")
  func joined() throws {
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "again.h5")
    let run = try workplace.run("mirrorscope", "direction", "planted.h5", "again.h5", "--join", "--write", "d.h5", "--quiet")
    #expect(run.status == 0, run.transcript)
    let attributes = try File.open(workplace.path("d.h5")).root.attributes
    let sums = try attributes.strings("files_sha256")
    #expect(try attributes.strings("files") == ["planted.h5", "again.h5"] && sums?.count == 2 && sums?[0] == sums?[1])
  }
}
