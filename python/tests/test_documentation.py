"""Every relative link of every Markdown page leads to a file of the repository, and to a heading where it names one."""

from __future__ import annotations

import pathlib
import re

import pytest

REPOSITORY = pathlib.Path(__file__).parents[2]
# What is made here and is no part of the repository: builds, environments, output of examples.
MADE = {".build", ".git", "demo", "sweep", "node_modules"}


def pages():
    found = []
    for path in sorted(REPOSITORY.rglob("*.md")):
        parts = path.relative_to(REPOSITORY).parts
        if not any(part in MADE or part.startswith((".build", ".venv", ".benchmark", ".pytest")) for part in parts):
            found.append(path)
    return found


def prose(path):
    """A page without its code, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))


def links(path):
    text = prose(path)
    return re.findall(r"\]\(([^()\s]+(?:\([^()]*\))?)\)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)


def anchor(heading):
    """As GitHub makes it of a heading: small letters and digits, hyphens for blanks, nothing of the rest."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


def anchors(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE):
        name, number = anchor(heading), 0
        while (name if not number else f"{name}-{number}") in found:
            number += 1
        found.add(name if not number else f"{name}-{number}")
    return found


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_of_a_page_lead_somewhere(path):
    broken = []
    for link in links(path):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        name, _, heading = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            broken.append(f"{link}: there is no such file")
        elif heading and target.suffix == ".md" and heading not in anchors(target):
            broken.append(f"{link}: {target.name} has no such heading")
    assert not broken, "\n".join(broken)


def test_the_map_names_every_page():
    """docs/README.md is the map: each page of docs is linked from it."""
    map_page = REPOSITORY / "docs" / "README.md"
    named = {(map_page.parent / link.partition("#")[0]).resolve() for link in links(map_page)}
    missing = [
        page.relative_to(REPOSITORY) for page in pages() if page.is_relative_to(map_page.parent) and page != map_page and page not in named
    ]
    assert not missing, f"docs/README.md does not name {', '.join(map(str, missing))}"
