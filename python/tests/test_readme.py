"""Every snippet of the README runs as it stands."""

from __future__ import annotations

import pathlib
import re

import pytest
from conftest import require_plan

README = pathlib.Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.programs
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet(tmp_path, monkeypatch, snippet):
    for module in ("torch", "transformers", "keras", "pandas"):
        if f"import {module}" in snippet or f"from {module}" in snippet or (module == "pandas" and "analyse(" in snippet):
            pytest.importorskip(module, reason=f"needs {module}: pip install {module}")
    if "run_plan" in snippet:
        require_plan()
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {})
