/// A piece of a section.
enum PageBlock {
  /// A term, and what there is to say of it.
  typealias Fact = (term: String, text: String)

  case paragraph(String)
  case facts([Fact])
  case list([String])
  case table(PageTable)
  case figure(PageFigure)
  case heading(String)
  /// Data without a figure.
  case downloads([Download])
  /// Why a section has no figure or table.
  case absent(what: String, reason: String)
  /// Text to be copied.
  case quote(String)
}

/// A chart with its caption, its numbers as a table, and its data.
struct PageFigure {
  let title: String
  let caption: String
  let drawing: SVGDrawing
  var table: PageTable?
  var downloads: [Download] = []
  /// What the chart's file is called when it is saved.
  let fileName: String
}

/// A part of the page under a heading of its own.
struct PageSection {
  let title: String
  var blocks: [PageBlock]
}

/// The sections of one network, or those of the whole page.
struct PagePart {
  /// Nil where the page is about one network alone.
  let title: String?
  var sections: [PageSection]
}
