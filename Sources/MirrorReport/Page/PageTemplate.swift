/// The page's frame, as Mustache.
enum PageTemplate {
  static let text = """
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
    script-src '{{{scriptHash}}}'; base-uri 'none'; form-action 'none'">
    <meta name="color-scheme" content="light dark">
    <meta name="generator" content="mirrorscope report">
    <title>{{title}}</title>
    <style>
    {{{style}}}
    </style>
    </head>
    <body>
    <a class="skip" href="#main">To the report</a>
    <header>
    <h1>{{title}}</h1>
    </header>
    <main id="main">
    {{#parts}}
    {{#hasTitle}}<h2 class="part">{{partTitle}}</h2>{{/hasTitle}}
    {{#sections}}
    <section aria-labelledby="{{address}}">
    <h{{level}} id="{{address}}">{{sectionTitle}}</h{{level}}>
    {{{body}}}
    </section>
    {{/sections}}
    {{/parts}}
    </main>
    <nav aria-label="Sections of this page">
    <h2>Sections</h2>
    <ul>
    {{#contents}}<li><a href="#{{address}}">{{text}}</a></li>
    {{/contents}}
    </ul>
    </nav>
    <footer><p>{{origin}}</p></footer>
    <script>{{{script}}}</script>
    </body>
    </html>

    """
}
