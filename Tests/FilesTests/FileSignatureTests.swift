import Files
import Foundation
import Testing

@Suite struct FileSignatureTests {
  @Test("A Git LFS pointer is told from the file that it stands for")
  func pointer() throws {
    let text = "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0a", count: 32))\nsize 123456\n"
    let signature = try #require(FileSignature(Array(text.utf8), path: "states.tgz"))
    #expect(signature == .gitLFSPointer)
    #expect("\(signature): \(signature.remedy ?? "")" == "a Git LFS pointer: git lfs pull, or download the file itself")
  }

  @Test(
    "Compressed files and archives are told apart by their first bytes, and by their names where those say more",
    arguments: [
      ([0x1f, 0x8b, 8, 0], "a.csv.gz", "compressed with gzip: unpack it with gunzip"),
      ([0x1f, 0x8b, 8, 0], "a.TGZ", "a tar archive, compressed with gzip: unpack it with tar xzf"),
      (
        [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3] + Array("a.tar".utf8) + [0], "a",
        "a tar archive, compressed with gzip: unpack it with tar xzf"
      ),
      (Array("BZh9".utf8), "a.csv.bz2", "compressed with bzip2: unpack it with bunzip2"),
      (Array("BZh9".utf8), "a.tar.bz2", "a tar archive, compressed with bzip2: unpack it with tar xjf"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "a.csv.xz", "compressed with xz: unpack it with unxz"),
      ([0x28, 0xb5, 0x2f, 0xfd], "a.csv.zst", "compressed with zstd: unpack it with unzstd"),
      ([UInt8](repeating: 0x61, count: 257) + Array("ustar\u{0}00".utf8), "a", "a tar archive: unpack it with tar xf"),
      ([0x50, 0x4b, 3, 4], "a.zip", "a zip archive: unpack it with unzip"),
    ] as [([UInt8], String, String)])
  func wrappings(bytes: [UInt8], name: String, sentence: String) throws {
    let signature = try #require(FileSignature(bytes, path: name))
    #expect("\(signature): \(signature.remedy ?? "")" == sentence)
  }

  @Test("Text, an empty file and one that is not there are nothing of the kind; the first name in a zip archive is read")
  func others() {
    #expect(FileSignature([], path: "a.tgz") == nil)
    #expect(FileSignature(Array("1,2,3\n".utf8), path: "a.tar") == nil)
    #expect(FileSignature(path: "/nowhere/a.csv") == nil)
    let entry = [0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 22) + [6, 0, 0, 0] + Array("a.jsonrest".utf8)
    #expect(FileSignature(entry, path: "model.keras") == .zip(firstEntry: "a.json"))
  }
}
