import Foundation
import Testing

@testable import MirrorReport

@Suite("Text in the page")
struct MarkupEscapingTests {
  @Test("What could end an element or an attribute is spelled out, and control characters are replaced")
  func escaping() {
    let text = "</script><b a=\"1\" c='2'>&\u{0}\u{1B}é"
    #expect(text.markup == "&lt;/script&gt;&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{FFFD}\u{FFFD}é")
  }

  @Test("A file's name keeps letters, digits, dots and hyphens of what a layer is called")
  func fileNames() {
    #expect(fileName("stats-../block.0/<mlp>", nil, "epoch-3") == "stats-..-block.0--mlp--epoch-3")
  }

  @Test("A data URI gives back the text, byte by byte")
  func dataURIs() {
    let text = "layer,\"mean\"\nñ#%?&,−0.5\n"
    let uri = dataURI(text, type: "text/csv")
    #expect(uri.hasPrefix("data:text/csv;charset=utf-8,layer,%22mean%22%0A") && !uri.contains("#") && !uri.contains("\n"))
    #expect(uri.split(separator: ",", maxSplits: 1).last?.removingPercentEncoding == text)
  }
}
