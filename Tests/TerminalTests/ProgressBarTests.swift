import Foundation
import Testing

@testable import Terminal

/// A clock that is set by hand, and what was drawn.
private final class Scene: @unchecked Sendable {
  // Sendable because a test has one thread.
  var seconds = 1000.0
  private(set) var lines: [String] = []

  func bar(_ title: String = "rows", unit: ProgressBar.Unit = "rows", goesOn: Bool = false, mayEndEarly: Bool = false) -> ProgressBar {
    ProgressBar(
      title, unit: unit, goesOn: goesOn, mayEndEarly: mayEndEarly, clock: { [unowned self] in seconds },
      draw: { [unowned self] in lines.append($0) })
  }
}

@Suite("Progress bars")
struct ProgressBarTests {
  @Test("After 2 of 8 seconds a quarter is done, at an even rate, with 6 seconds left")
  func rateAndTimeLeft() {
    let scene = Scene()
    let bar = scene.bar()
    scene.seconds += 2
    bar.update(done: 50_000, total: 200_000)
    #expect(scene.lines == ["rows [######..................] 25 %  25,000 rows/s  6 s left"])
  }

  @Test("What an earlier run did is no part of the rate: epochs 200 to 210 in 5 seconds leave 145 seconds for the 290 to come")
  func goesOn() {
    let scene = Scene()
    let bar = scene.bar("2x17", unit: "epochs", goesOn: true, mayEndEarly: true)
    scene.seconds += 1
    bar.update(done: 200, total: 500)
    scene.seconds += 5
    bar.update(done: 210, total: 500)
    #expect(
      scene.lines == [
        "2x17 [#########...............] 40 %  1 s so far",
        "2x17 [##########..............] 42 %  2.0 epochs/s  at most 3 min left",
      ])
  }

  @Test("Nothing is drawn in the first half second, nor twice within a tenth of one, but the end is")
  func delays() {
    let scene = Scene()
    let bar = scene.bar()
    scene.seconds += 0.4
    bar.update(done: 1, total: 10)
    #expect(scene.lines.isEmpty)
    scene.seconds += 0.2
    bar.update(done: 2, total: 10)
    scene.seconds += 0.05
    bar.update(done: 3, total: 10)
    #expect(scene.lines.count == 1)
    bar.update(done: 10, total: 10)
    #expect(scene.lines.count == 2 && scene.lines[1].contains("] 100 %") && scene.lines[1].hasSuffix("  0 s left"))
  }

  @Test("While nothing is told the line comes again with the time as it is by then, and never after the end")
  func redrawing() {
    let scene = Scene()
    let bar = scene.bar(unit: "networks")
    bar.update(done: 0, total: 4)
    scene.seconds += 3
    bar.redraw()
    bar.redraw()
    scene.seconds += 1
    bar.update(done: 1, total: 4)
    scene.seconds += 4
    bar.redraw()
    #expect(
      scene.lines == [
        "rows [........................] 0 %  3 s so far", "rows [######..................] 25 %  0.3 networks/s  12 s left",
        "rows [######..................] 25 %  0.1 networks/s  24 s left",
      ])
    bar.finish()
    scene.seconds += 5
    bar.redraw()
    bar.update(done: 2, total: 4)
    #expect(scene.lines.count == 3)
  }

  @Test(
    "Rates have two digits at least, by the minute where they are slow, and bytes their unit",
    arguments: [
      (1, 20.0, ProgressBar.Unit.things("networks"), "3.0 networks/min"), (3, 2.0, .things("epochs"), "1.5 epochs/s"),
      (1234, 1.0, .things("rows"), "1,234 rows/s"), (3 << 20, 2.0, .bytes, "1.5 MB/s"), (0, 2.0, .things("rows"), "0.0 rows/min"),
    ])
  func rates(done: Int, seconds: Double, unit: ProgressBar.Unit, text: String) {
    #expect(Pace(done: done, seconds: seconds).text(unit) == text)
  }

  @Test("Nothing done, or no time gone, says nothing of the time left; more than all leaves none")
  func noPace() {
    #expect(Pace(done: 0, seconds: 5).secondsLeft(of: 10) == nil)
    #expect(Pace(done: 5, seconds: 0).secondsLeft(of: 10) == nil)
    #expect(Pace(done: 5, seconds: 1).secondsLeft(of: -1) == 0)
    #expect(Pace(done: 5, seconds: 2).secondsLeft(of: 10) == 4)
  }

  @Test(
    "Seconds, minutes and hours",
    arguments: [(0.0, "0 s"), (0.2, "1 s"), (100, "100 s"), (101, "2 min"), (6000, "100 min"), (6001, "1.7 h")])
  func durations(seconds: Double, text: String) { #expect(durationText(seconds) == text) }

  @Test("A total of nothing is done")
  func nothing() {
    let scene = Scene()
    let bar = scene.bar()
    scene.seconds += 1
    bar.update(done: 0, total: 0)
    #expect(scene.lines == ["rows [########################] 100 %  1 s so far"])
  }
}
