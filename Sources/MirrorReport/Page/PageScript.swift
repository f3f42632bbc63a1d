import Crypto
import Foundation

/// Saves a chart as an SVG file; nothing else on the page needs a script.
enum PageScript {
  static let source = """
    document.querySelectorAll('button.save').forEach(function (button) {
      button.addEventListener('click', function () {
        var chart = button.closest('.figure').querySelector('svg').cloneNode(true);
        chart.removeAttribute('aria-hidden');
        var text = '<?xml version="1.0" encoding="UTF-8"?>\\n' + new XMLSerializer().serializeToString(chart);
        var address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
        var link = document.createElement('a');
        link.href = address;
        link.download = button.dataset.name;
        link.click();
        setTimeout(function () { URL.revokeObjectURL(address); }, 1000);
      });
    });
    """

  /// What the page's policy lets run: this script, and none that a name in a recording could bring along.
  static var sourceHash: String { "sha256-" + Data(SHA256.hash(data: Data(element.utf8))).base64EncodedString() }

  /// What stands between the tags.
  static var element: String { "\n\(source)\n" }
}
