import Foundation

/// The files that this program reads. None of them may become an output, whether it may be replaced or not: `FileUnderWay` refuses it.
public enum InputFiles {
  private static let declared = DeclaredFiles()

  /// Says which files are read: from then on no file can be begun in their place, under whatever name. What is not there is left out.
  public static func declare(_ paths: [String]) {
    for path in paths {
      if let identity = FileIdentity(path: path) { declared.add(identity, path) }
    }
  }

  /// - Throws: `FileError` where the name stands for a file that is read.
  public static func refuse(_ path: String) throws {
    guard let identity = FileIdentity(path: path) else { return }
    try refuse(identity, for: path)
  }

  static func refuse(_ identity: FileIdentity, for path: String) throws {
    // The number of a file that is gone may be another's by now.
    if let input = declared.name(of: identity), FileIdentity(path: input) == identity {
      throw FileError(file: path, fault: .isInput(input))
    }
  }
}

private final class DeclaredFiles: @unchecked Sendable {
  // Sendable because `names` is touched under `lock` only.
  private let lock = NSLock()
  private var names: [FileIdentity: String] = [:]

  func add(_ identity: FileIdentity, _ name: String) {
    lock.withLock { names[identity] = names[identity] ?? name }
  }

  func name(of identity: FileIdentity) -> String? {
    lock.withLock { names[identity] }
  }
}
