"""Every notebook of notebooks-data runs from the committed tables, and says what the committed one says; pictures are not compared."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "notebooks-data"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# What only this machine, or this minute, would say.
MACHINE = re.compile(r"/(home|root|Users|tmp|var|opt|work)/|\\Users\\|site-packages|0x[0-9a-f]{6,}")


def cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def joined(text):
    return text if isinstance(text, str) else "".join(text)


def said(output):
    """What an output says in text: a stream's or a table's; of a picture only that there is one."""
    if output["output_type"] == "stream":
        return joined(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    data = output["data"]
    return "a picture" if "image/png" in data else joined(data["text/plain"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_what_its_tables_say(tmp_path, path):
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install matplotlib nbclient ipykernel")
    pytest.importorskip("pandas", reason="needs pandas: pip install pandas")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: pip install nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="needs ipykernel: pip install ipykernel")
    nbformat = pytest.importorskip("nbformat")
    shutil.copytree(FOLDER, tmp_path / FOLDER.name)
    notebook = nbformat.read(path, as_version=4)
    committed = [[said(output) for output in cell["outputs"]] for cell in cells(notebook)]
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / FOLDER.name)}}, record_timing=False
    ).execute()
    for number, (cell, before) in enumerate(zip(cells(notebook), committed, strict=True)):
        assert [said(output) for output in cell["outputs"]] == before, f"{path.name}, code cell {number}: {cell['source'][:80]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_machine(path):
    notebook = json.loads(path.read_text())
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert not cell["metadata"], f"{path.name}: {cell['metadata']}"
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error" and output.get("name") != "stderr", said(output)
            found = MACHINE.search(said(output) + joined(output.get("data", {}).get("text/html", "")))
            assert not found, f"{path.name}: {found.group()}"
