/// What the template takes: names that no level shares with another, since a name that a level lacks is looked up in the one around it.
struct RenderedPage {
  let title: String
  let parts: [RenderedPart]
  let origin: String
  let style: String
  let script: String
  let scriptHash: String
  let contents: [RenderedLink]
}

struct RenderedLink {
  let address: String
  let text: String
}

struct RenderedPart {
  let partTitle: String
  let hasTitle: Bool
  let sections: [RenderedSection]

  init(_ part: PagePart, numbering: inout FigureNumbering) {
    partTitle = part.title ?? ""
    hasTitle = part.title != nil
    var sections: [RenderedSection] = []
    for section in part.sections { sections.append(RenderedSection(section, isBelowPart: part.title != nil, numbering: &numbering)) }
    self.sections = sections
  }

  var links: [RenderedLink] {
    sections.map { RenderedLink(address: $0.address, text: hasTitle ? "\(partTitle): \($0.sectionTitle)" : $0.sectionTitle) }
  }
}

struct RenderedSection {
  let sectionTitle: String
  let address: String
  let level: Int
  let body: String

  init(_ section: PageSection, isBelowPart: Bool, numbering: inout FigureNumbering) {
    numbering.sections += 1
    sectionTitle = section.title
    address = "section-\(numbering.sections)"
    level = isBelowPart ? 3 : 2
    var body = ""
    for block in section.blocks { body += block.markup(headingLevel: level + 1, numbering: &numbering) + "\n" }
    self.body = body
  }
}

extension PageBlock {
  fileprivate func markup(headingLevel: Int, numbering: inout FigureNumbering) -> String {
    switch self {
    case .paragraph(let text): "<p>\(text.markup)</p>"
    case .list(let items): "<ul>" + items.map { "<li>\($0.markup)</li>" }.joined() + "</ul>"
    case .facts(let facts): "<dl>" + facts.map { "<dt>\($0.term.markup)</dt><dd>\($0.text.markup)</dd>" }.joined() + "</dl>"
    case .table(let table): table.markup
    case .heading(let text): "<h\(headingLevel)>\(text.markup)</h\(headingLevel)>"
    case .absent(let what, let reason): "<p class=\"absent\"><strong>\(what.markup): not computed.</strong> \(reason.markup)</p>"
    case .downloads(let downloads): "<p class=\"tools\">Data: \(downloads.map(\.link).joined(separator: ", "))</p>"
    case .quote(let text): "<blockquote tabindex=\"0\" aria-label=\"Methods paragraph\"><p>\(text.markup)</p></blockquote>"
    case .figure(let figure): figure.markup(numbering: &numbering)
    }
  }
}

extension PageFigure {
  /// The picture with its caption is one image to a screen reader, named by the caption's title; what can be used is outside of it.
  fileprivate func markup(numbering: inout FigureNumbering) -> String {
    numbering.figures += 1
    let number = numbering.figures
    let (name, description) = ("figure-\(number)-title", "figure-\(number)-text")
    let links = downloads.map(\.link).joined(separator: ", ")
    let details = table.map { "<details><summary>Figure \(number) as a table</summary>\($0.markup)</details>" } ?? ""
    return """
      <div class="figure" id="figure-\(number)">
      <div class="scroll" tabindex="0" role="group" aria-label="Figure \(number)">
      <figure role="img" aria-labelledby="\(name)" aria-describedby="\(description)">\(drawing.markup)
      <figcaption><span id="\(name)"><b>Figure \(number).</b> \(title.markup)</span> <span id="\(description)">\(caption.markup)</span></figcaption>
      </figure></div>
      <p class="tools"><button type="button" class="save" data-name="\(fileName.markup).svg" \
      aria-label="Save figure \(number) as SVG">Save as SVG</button>\(links.isEmpty ? "" : " Data: " + links)</p>
      \(details)</div>
      """
  }
}
