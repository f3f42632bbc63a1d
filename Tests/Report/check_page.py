"""Looks at pages of `mirrorscope report` in a headless Chromium: python check_page.py [--screenshots FOLDER] PAGE...

Each page is opened at the widths of a phone and of a desktop, light and dark. It is to load nothing, to log no error, to have a name for every
image, button, link and region, headings in order, text with a contrast of 4.5:1, nothing wider than the window, and in each figure
something drawn, no text cut off and no two texts over each other. What is found is printed, one line each, and the exit code is 1.
"""

import argparse
import base64
import glob
import os
import sys
import tempfile
import time
import xml.etree.ElementTree

import chromium

CHECKS = r"""
(() => {
  const faults = [];
  const say = text => faults.push(text);
  const shortened = text => (text || '').trim().replace(/\s+/g, ' ').slice(0, 60);
  // What sticks out of the window, unless it lies in a box of its own that scrolls.
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > width) say('the page is ' + document.scrollingElement.scrollWidth + ' px wide in ' + width);
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('.scroll, .skip, script, details:not([open]) > :not(summary)')) continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.right > width + 1) say('sticks out: ' + element.tagName + ' ' + shortened(element.textContent));
  }
  // Headings: one h1, none left out on the way down.
  const levels = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1]);
  if (levels[0] !== 1 || levels.filter(l => l === 1).length !== 1) say('not one h1 at the beginning: ' + levels);
  levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) say('a heading of level ' + level + ' follows one of ' + levels[i - 1]); });
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) if (!h.textContent.trim()) say('an empty heading');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.forEach((id, i) => { if (ids.indexOf(id) !== i) say('id ' + id + ' twice'); });
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    if (!document.getElementById(link.getAttribute('href').slice(1))) say('a link to nowhere: ' + link.getAttribute('href'));
  }
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption || !table.caption.textContent.trim()) say('a table without caption');
    if (!table.querySelector('thead th[scope=col]')) say('a table without headings of columns: ' + shortened(table.textContent));
    if (!table.querySelector('tbody tr')) say('an empty table: ' + shortened(table.caption && table.caption.textContent));
  }
  for (const section of document.querySelectorAll('main section')) if (section.children.length < 2) say('an empty section: ' + shortened(section.textContent));
  // Contrast (WCAG 2): of text on what lies under it.
  const channels = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = c => { const f = c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = element => { for (let e = element; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const seen = new Set();
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('script, .skip')) continue;
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(element);
    const isChart = element.closest('svg');
    const kinds = isChart ? (element.tagName === 'text' ? [['text', style.fill, 4.5]] : element.tagName === 'path'
      ? [['fill', style.fill, 3], ['stroke', style.stroke, 3]].filter(k => k[1] !== 'none' && !/(grid|ground)/.test(element.getAttribute('class') || '') ) : [])
      : own ? [['text', style.color, 4.5]] : [];
    for (const [what, colour, least] of kinds) {
      const under = ground(element), key = what + colour + under;
      if (seen.has(key)) continue;
      seen.add(key);
      const found = contrast(channels(colour), under);
      if (found < least) say('contrast ' + found.toFixed(2) + ' of ' + what + ' ' + colour + ' on ' + under + ': ' + element.tagName + ' ' + shortened(element.textContent));
    }
  }
  // Figures.
  const figures = [...document.querySelectorAll('figure')];
  figures.forEach((figure, number) => {
    const name = 'figure ' + (number + 1);
    const chart = figure.querySelector('svg');
    if (!chart) return say(name + ' has no chart');
    const drawn = [...chart.querySelectorAll('path')].filter(p => !/-(grid|axis|ground)/.test(p.getAttribute('class') || '')).length + chart.querySelectorAll('image').length;
    if (!drawn) say(name + ' is empty');
    const box = chart.getBoundingClientRect();
    const texts = [...chart.querySelectorAll('text')].map(t => ({ text: t.textContent, box: t.getBoundingClientRect() }));
    for (const t of texts) {
      if (!t.text.trim()) say(name + ': an empty label');
      if (/NaN|undefined|inf/.test(t.text)) say(name + ': a label says ' + t.text);
      if (t.box.left < box.left - .5 || t.box.right > box.right + .5 || t.box.top < box.top - .5 || t.box.bottom > box.bottom + .5) say(name + ': cut off: ' + t.text);
    }
    texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
      const x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      // Boxes of letters are taller than the letters.
      const y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (x > .5 && y > 3.5) say(name + ': ' + a.text + ' and ' + b.text + ' overlap');
    }));
    if (!figure.parentElement.parentElement.querySelector('a[download]')) say(name + ' has no data');
    if (!figure.parentElement.parentElement.querySelector('button.save')) say(name + ' cannot be saved');
    const caption = figure.querySelector('figcaption');
    if (!caption || caption.textContent.trim().length < 20) say(name + ' has no caption');
  });
  for (const link of document.querySelectorAll('a[download]')) {
    const text = decodeURIComponent(link.href.slice(link.href.indexOf(',') + 1));
    const lines = text.trim().split('\n');
    if (lines.length < 2) say('no rows in ' + link.download);
    if (!/^[a-z_]+,/.test(lines[0])) say(link.download + ' begins with ' + lines[0].slice(0, 40));
  }
  return { faults, figures: figures.length, height: document.documentElement.scrollHeight };
})()
"""


def names(browser):
    """What has a role that needs a name, and none, by the browser's own tree for screen readers."""
    faults = []
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    images = 0
    for node in nodes:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "").strip()
        if node.get("ignored"):
            continue
        if role in ("image", "button", "link", "region", "navigation", "table", "heading", "figure", "img") and not name:
            faults.append(f"a {role} has no name")
        if role in ("image", "img") and name.startswith("Figure "):
            images += 1
    return faults, images


def saved(browser, folder):
    """Saves each figure as SVG and reads it as XML."""
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
    count = browser.evaluate("document.querySelectorAll('button.save').length")
    if not count:
        return ["no figure can be saved"]
    browser.evaluate("document.querySelector('button.save').click()")
    for _ in range(100):
        files = glob.glob(os.path.join(folder, "*.svg"))
        if files:
            break
        time.sleep(0.1)
    else:
        return ["saving a figure gives no file"]
    root = xml.etree.ElementTree.parse(files[0]).getroot()
    return [] if root.tag.endswith("svg") and root.get("viewBox") else [f"{files[0]} is no chart"]


def check(browser, page, screenshots):
    faults = []
    address = "file://" + os.path.abspath(page)
    for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
        browser.send(f"{domain}.enable")
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            where = f"{os.path.basename(page)} at {width} px, {scheme}"
            browser.send("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False)
            browser.send("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.events.clear()
            browser.send("Page.navigate", url=address)
            browser.wait("Page.loadEventFired")
            found = browser.evaluate(CHECKS)
            faults += [f"{where}: {fault}" for fault in found["faults"]]
            for event in browser.events:
                parameters = event.get("params", {})
                if event["method"] == "Network.requestWillBeSent":
                    url = parameters["request"]["url"]
                    if url != address and not url.startswith("data:"):
                        faults.append(f"{where}: asks for {url}")
                elif event["method"] == "Runtime.exceptionThrown":
                    faults.append(f"{where}: {parameters['exceptionDetails']['text']}")
                elif event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                    faults.append(f"{where}: the console has a message")
                elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                    faults.append(f"{where}: {parameters['entry']['text']}")
            if scheme == "light":
                nameless, images = names(browser)
                faults += [f"{where}: {fault}" for fault in nameless]
                if images != found["figures"]:
                    faults.append(f"{where}: {found['figures']} figures, but {images} images with their names")
            if screenshots:
                # Pieces: a page of figures is higher than a picture may be.
                for piece, top in enumerate(range(0, found["height"], 3000)):
                    clip = {"x": 0, "y": top, "width": width, "height": min(3000, found["height"] - top), "scale": 1}
                    data = browser.send("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
                    name = f"{os.path.splitext(os.path.basename(page))[0]}-{width}-{scheme}-{piece}.png"
                    with open(os.path.join(screenshots, name), "wb") as file:
                        file.write(base64.b64decode(data))
    with tempfile.TemporaryDirectory() as folder:
        faults += [f"{page}: {fault}" for fault in saved(browser, folder)]
    browser.send("Emulation.setEmulatedMedia", media="print", features=[])
    pdf = base64.b64decode(browser.send("Page.printToPDF", printBackground=False)["data"])
    if not pdf.startswith(b"%PDF") or len(pdf) < 20000:
        faults.append(f"{page}: prints to {len(pdf)} bytes")
    if screenshots:
        with open(os.path.join(screenshots, os.path.splitext(os.path.basename(page))[0] + ".pdf"), "wb") as file:
            file.write(pdf)
    if os.path.getsize(page) > 5_000_000:
        faults.append(f"{page}: {os.path.getsize(page)} bytes")
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshots", help="folder for pictures of the pages")
    parser.add_argument("pages", nargs="+")
    arguments = parser.parse_args()
    path = chromium.find()
    if path is None:
        print("check_page.py: no Chromium here (package chromium, or MIRRORSCOPE_CHROMIUM); pages are not looked at", file=sys.stderr)
        return 77
    if arguments.screenshots:
        os.makedirs(arguments.screenshots, exist_ok=True)
    browser = chromium.Browser(path)
    try:
        faults = [fault for page in arguments.pages for fault in check(browser, page, arguments.screenshots)]
    finally:
        browser.close()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
