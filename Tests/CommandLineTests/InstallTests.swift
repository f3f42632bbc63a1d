import Foundation
import Testing

/// What `scripts/install` puts into a folder and takes out of it, with the programs that are built.
@Suite("Installing")
struct InstallTests {
  private static let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts").standardizedFileURL
  private static let shells = ["bash", "zsh", "fish"]

  private let workplace: Workplace

  init() throws { workplace = try Workplace() }

  private var programs: String {
    get throws { (try #require(workplace.program("mirrorscope")) as NSString).deletingLastPathComponent }
  }

  private func install(_ arguments: String..., prefix: String = "there") throws -> ProgramRun {
    try workplace.run(
      executable: Self.scripts.appending(path: "install"), ["--prefix", workplace.path(prefix)] + arguments)
  }

  /// The names of a program's commands, from its help.
  private func commands(of program: String) throws -> [String] {
    let lines = try workplace.run(program, "--help").output.split(separator: "\n")
    return lines.drop { $0 != "SUBCOMMANDS:" }.compactMap { $0.prefixMatch(of: /\ \ ([a-z]+)/).map { String($0.1) } }
  }

  private static func has(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  @Test(
    "Programs, completions and a manual page of every command are installed, and exactly these are removed again",
    .enabled(if: has("python3"), "no python3"))
  func whole() throws {
    let run = try install("--programs", programs)
    #expect(run.status == 0 && run.output.isEmpty && run.errors.contains("is not on PATH"), run.transcript)
    for program in ["frogtoad", "mirrorscope"] {
      let version = try workplace.run(executable: workplace.folder.appending(path: "there/bin/\(program)"), ["--version"])
      #expect(version.status == 0, version.transcript)
      for command in try [""] + commands(of: program).map({ "-" + $0 }) {
        let page = "there/share/man/man1/\(program)\(command).1"
        try #require(workplace.exists(page), "no \(page)")
        #expect(try workplace.text(page).contains("\n.SH EXAMPLES\n"), "\(page) has no examples")
        guard Self.has("groff") else { continue }
        let groff = try workplace.shell("groff -man -Kutf8 -Tutf8 -ww -z \(page)")
        #expect(groff.status == 0 && groff.errors.isEmpty, groff.transcript)
      }
      let completions = [
        "bash": "share/bash-completion/completions/\(program)", "zsh": "share/zsh/site-functions/_\(program)",
        "fish": "share/fish/vendor_completions.d/\(program).fish",
      ]
      for (shell, file) in completions {
        try #require(workplace.exists("there/\(file)"), "no \(file)")
        guard Self.has(shell) else { continue }
        let check = try workplace.shell("\(shell) -n there/\(file)")
        #expect(check.status == 0 && check.errors.isEmpty, check.transcript)
      }
    }
    try workplace.write("there/bin/mine", "")
    try workplace.write("there/share/man/man1/frogtoad.1", "changed")
    let removal = try install("--uninstall")
    #expect(
      removal.status == 0 && removal.errors.contains("frogtoad.1 was changed since it was installed, and is left."), removal.transcript)
    let left = try workplace.names().filter { $0.hasPrefix("there/") && !$0.hasSuffix("/bin") && !$0.contains(/(share|man|man1)$/) }
    #expect(left == ["there/bin/mine", "there/share/man/man1/frogtoad.1"])
    let again = try install("--uninstall")
    #expect(again.status == 1 && again.errors.contains("has nothing that was installed from here"), again.transcript)
  }

  @Test("A file that was not installed from here is not replaced, and nothing else is put there")
  func stranger() throws {
    try FileManager.default.createDirectory(atPath: workplace.path("there/bin"), withIntermediateDirectories: true)
    try workplace.write("there/bin/mirrorscope", "another program")
    let run = try install("--programs", programs)
    #expect(run.status == 1 && run.errors.contains("not from here, and in the way:"), run.transcript)
    #expect(try workplace.text("there/bin/mirrorscope") == "another program")
    #expect(try workplace.names() == ["there", "there/bin", "there/bin/mirrorscope"])
  }

  @Test("bash completes commands, options, values, and the layers of the recording on the line", .enabled(if: has("bash"), "no bash"))
  func completion() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "golden.h5")
    /// What is offered for the last word.
    func offered(_ words: String...) throws -> [String] {
      let list = words.map { "'\($0)'" }.joined(separator: " ")
      let line = words.joined(separator: " ")
      try workplace.write(
        "complete.bash",
        """
        source <(mirrorscope --generate-completion-script bash)
        COMP_WORDS=(\(list)) COMP_CWORD=\(words.count - 1) COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count)
        $(complete -p mirrorscope | sed 's/.*-F \\([^ ]*\\).*/\\1/') mirrorscope '\(words.last ?? "")' '\(words.dropLast().last ?? "")'
        printf '%s\\n' "${COMPREPLY[@]}"
        """)
      let run = try workplace.shell("bash complete.bash")
      #expect(run.status == 0, run.transcript)
      return run.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(try offered("mirrorscope", "cm") == ["cmni"])
    #expect(try offered("mirrorscope", "cmni", "--perm") == ["--permutations"])
    #expect(try offered("mirrorscope", "cmni", "--exchange", "w") == ["within", "whole"])
    #expect(try offered("mirrorscope", "cmni", "golden.h5", "--layers", "dense").first == "dense_1")
  }
}
