/// How the page looks: light or dark as the reader's system says, light on paper.
enum PageStyle {
  static let css = """
    :root { --ground: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --soft: #f3f5f8; --link: #0b57a4; --warn: #8a4500; }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 72rem; background: var(--ground); color: var(--text);
      font: 1rem/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.5rem 0 .5rem; }
    h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
    h2.part { font-size: 1.5rem; border-top-width: 3px; }
    h3 { font-size: 1.12rem; margin: 1.6rem 0 .5rem; }
    h4 { font-size: 1rem; margin: 1.3rem 0 .4rem; }
    p, li { max-width: 75ch; }
    dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1rem; max-width: 62rem; margin: .6rem 0; }
    dt { font-weight: 600; }
    dd { margin: 0; min-width: 0; }
    @media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: .1rem; } dd { margin-bottom: .6rem; } }
    a { color: var(--link); }
    a:focus-visible, button:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    .skip { position: absolute; left: -100rem; }
    .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .3rem .6rem; }
    .scroll { overflow-x: auto; max-width: 100%; }
    table { border-collapse: collapse; font-size: .9rem; margin: .4rem 0 1rem; font-variant-numeric: tabular-nums; }
    caption { text-align: left; color: var(--muted); padding: .2rem 0; }
    th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
      min-width: 3rem; max-width: 38ch; }
    td:last-child { max-width: 60ch; }
    thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
    tbody th { font-weight: 500; }
    @media (max-width: 40rem) { tbody th { max-width: 9rem; overflow-wrap: anywhere; } }
    .n { text-align: right; }
    td.n { white-space: nowrap; }
    .figure { margin: 1.2rem 0 1.8rem; }
    figure { margin: 0; width: max-content; }
    figure svg { display: block; height: auto; }
    figcaption { margin-top: .3rem; font-size: .92rem; color: var(--muted); max-width: min(75ch, calc(100vw - 2rem)); }
    figcaption b, figcaption span:first-child { color: var(--text); }
    .tools { font-size: .88rem; margin: .4rem 0; }
    button.save { font: inherit; color: var(--text); background: var(--soft); border: 1px solid var(--muted); border-radius: .3rem;
      padding: .1rem .6rem; cursor: pointer; }
    details { margin: .2rem 0; }
    summary { cursor: pointer; font-size: .9rem; color: var(--link); width: max-content; max-width: 100%; }
    .absent { border-left: 4px solid var(--warn); padding: .3rem .8rem; background: var(--soft); }
    blockquote { margin: .6rem 0 1rem; padding: .6rem 1rem; background: var(--soft); border-left: 4px solid var(--muted); }
    footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .88rem; overflow-wrap: anywhere; }
    @media screen and (prefers-color-scheme: dark) {
      :root { color-scheme: dark; --ground: #14181d; --text: #e6edf3; --muted: #a6b0bb; --line: #353c45; --soft: #1d232a; --link: #7cbcf7;
        --warn: #f2a25c; }
      \(Ink.darkRules)
    }
    @media print {
      body { max-width: none; padding: 0; font-size: 10pt; }
      .tools, nav, .skip, details:not([open]) { display: none; }
      .figure, table, blockquote { break-inside: avoid; }
      .scroll { overflow: visible; }
      figure { width: auto; }
      figure svg { max-width: 100%; height: auto; }
      h2, h3, h4 { break-after: avoid; }
      table { font-size: 8pt; }
    }
    """
}
