"""Every snippet of the README runs as it stands, and every guide from its first to its last."""

from __future__ import annotations

import pathlib
import re

import pytest
from conftest import require_plan

README = pathlib.Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
GUIDES = sorted((README.parents[1] / "docs" / "guides").glob("*.md"))


def require(snippet):
    for module in ("torch", "transformers", "keras", "pandas"):
        if f"import {module}" in snippet or f"from {module}" in snippet or (module == "pandas" and "analyse(" in snippet):
            pytest.importorskip(module, reason=f"needs {module}: pip install {module}")
    if "run_plan" in snippet:
        require_plan()


@pytest.mark.programs
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet(tmp_path, monkeypatch, snippet):
    require(snippet)
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {})


@pytest.mark.programs
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("guide", [guide for guide in GUIDES if "```python" in guide.read_text()], ids=lambda guide: guide.stem)
def test_a_guide(tmp_path, monkeypatch, guide):
    script = "\n".join(re.findall(r"```python\n(.*?)```", guide.read_text(), re.DOTALL))
    require(script)
    monkeypatch.chdir(tmp_path)
    exec(compile(script, guide.name, "exec"), {})
