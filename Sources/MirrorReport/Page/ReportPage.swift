import Mustache

/// The page: one HTML file that asks for nothing from anywhere.
public struct ReportPage: Sendable {
  /// What every page begins with.
  public static let beginning = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"

  private let contents: ReportContents
  private let plan: ReportPlan
  private let origin: ReportOrigin

  public init(_ contents: ReportContents, plan: ReportPlan, origin: ReportOrigin) {
    (self.contents, self.plan, self.origin) = (contents, plan, origin)
  }

  /// - Throws: only where the template is at fault.
  public func html() throws -> String {
    let parts = contents.networks.map {
      NetworkPart($0, plan: plan, origin: origin, isAlone: contents.networks.count == 1)
    }
    var numbering = FigureNumbering()
    let overview = contents.networks.count > 1 ? [ComparisonPart(contents.networks).part] : []
    let rendered = (overview + parts.map(\.part)).map { RenderedPart($0, numbering: &numbering) }
    let page = RenderedPage(
      title: title, parts: rendered,
      origin: "Made by mirrorscope \(origin.version): \(origin.command)", style: PageStyle.css, script: PageScript.element,
      scriptHash: PageScript.sourceHash,
      contents: rendered.flatMap(\.links))
    let template = try MustacheTemplate(string: PageTemplate.text)
    return Self.beginning + template.render(page)
  }

  private var title: String {
    contents.networks.count == 1 ? "Mirror units of \(contents.networks[0].name)" : "Mirror units of \(contents.networks.count) networks"
  }
}

/// Where a report comes from.
public struct ReportOrigin: Sendable {
  /// Of the toolkit.
  public let version: String
  /// As it was given, for a shell, the program's name first.
  public let command: String
  public let seed: UInt64
  /// What of the recordings is left out, such as a condition on rows or layers; sentences.
  public let selection: [String]

  public init(version: String, command: String, seed: UInt64, selection: [String] = []) {
    (self.version, self.command, self.seed, self.selection) = (version, command, seed, selection)
  }
}

/// Figures are numbered through the page, and sections have addresses of their own.
struct FigureNumbering {
  var figures = 0
  var sections = 0
}
