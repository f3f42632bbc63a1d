"""The command line underneath: found, given options, and its words passed on."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import mirrorscope

PROGRAM = """#!{python}
import json, signal, sys, time

arguments = sys.argv[1:]
if arguments[0] == "wait":
    def stop(*_):
        open({marker!r}, "w").close()
        sys.exit(130)
    signal.signal(signal.SIGINT, stop)
    print("waiting", file=sys.stderr, flush=True)
    open({marker!r} + ".started", "w").close()
    time.sleep(60)
if arguments[0] == "fail":
    print("a note", file=sys.stderr)
    print("error: run.h5: it is not so. Do it otherwise.", file=sys.stderr)
    sys.exit(3)
if arguments[0] == "crash":
    import os
    os.kill(os.getpid(), signal.SIGSEGV)
if arguments[0] == "validate":
    print("it is not so", file=sys.stderr)
    sys.exit(2)
if arguments[0] == "gaps":
    print(json.dumps([{{"count": value, "share": value and value / 2, "flag": True, "empty": None}} for value in (2**53 + 1, None, 4)]))
    sys.exit(0)
if arguments[0] == "chatter":
    print("no table")
    sys.exit(0)
print("3 rows left out", file=sys.stderr)
print("Next: mirrorscope units run.h5", file=sys.stderr)
print(json.dumps([{{"arguments": arguments, "none": None, "number": 0.1}}]))
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program that says what it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    path = folder / "mirrorscope"
    path.write_text(PROGRAM.format(python=sys.executable, marker=str(tmp_path / "interrupted")))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("MIRRORSCOPE_BIN", str(folder))
    return path


def test_integers_with_empty_cells_do_not_become_floats(program):
    pytest.importorskip("pandas", reason="needs pandas: pip install pandas")
    table = mirrorscope.analyse("gaps", "run.h5")
    assert [str(table[name].dtype) for name in ("count", "share", "flag")] == ["Int64", "float64", "bool"]
    assert table["count"].dropna().tolist() == [2**53 + 1, 4]
    assert table["empty"].isna().all()


@pytest.mark.filterwarnings("ignore::mirrorscope.MirrorscopeNote")
@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"permutations": 1000, "by_layer": True}, ["--permutations", "1000", "--by-layer"]),
        ({"layers": None}, []),
        ({"where": ["a == 1", "b == 2"]}, ["--where", "a == 1", "--where", "b == 2"]),
        ({"where": "a == 1"}, ["--where", "a == 1"]),
        ({"from_": ["layers", "inputs"]}, ["--from", "layers", "--from", "inputs"]),
        ({"phase": ["self", "other"], "margin": 0.05}, ["--phase", "self,other", "--margin", "0.05"]),
        ({"phase_names": {"self": ["me", "us"], "other": "them"}}, ["--phase-names", "self=me,self=us,other=them"]),
        ({"seed": np.int64(3)}, ["--seed", "3"]),
        ({"by_layer": np.True_}, ["--by-layer"]),
        ({"where": "-1 == a", "margin": -0.5}, ["--where=-1 == a", "--margin=-0.5"]),
    ],
)
def test_options(program, options, arguments):
    [row] = mirrorscope.analyse_rows("units", "-a.h5", "b.h5", **options)
    assert row["arguments"] == ["units", *arguments, "--format", "json", "--", "-a.h5", "b.h5"]


def test_a_table_of_pandas(program):
    pandas = pytest.importorskip("pandas", reason="needs pandas: pip install pandas")
    with pytest.warns(mirrorscope.MirrorscopeNote, match="3 rows left out") as caught:
        table = mirrorscope.analyse("units", "run.h5")
    assert caught[0].filename == __file__
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns) == ["arguments", "none", "number"]
    assert table["number"][0] == 0.1


def test_without_pandas(program, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(mirrorscope.MirrorscopeError, match="'pip install pandas', or take analyse_rows"):
        mirrorscope.analyse("units", "run.h5")


@pytest.mark.parametrize("option", ["output", "format", "quiet", "force"])
def test_options_that_are_not_for_analyse(program, option):
    with pytest.raises(mirrorscope.MirrorscopeError, match=f"the option {option} is not for analyse"):
        mirrorscope.analyse_rows("units", "run.h5", **{option: "x"})


def test_commands_without_a_table(program):
    with pytest.raises(mirrorscope.MirrorscopeError, match=r"validate gives no table; call mirrorscope\.validate"):
        mirrorscope.analyse_rows("validate", "run.h5")


def test_an_error_has_the_sentence_and_the_exit_code(program):
    with (
        pytest.warns(mirrorscope.MirrorscopeNote, match="a note"),
        pytest.raises(mirrorscope.MirrorscopeError, match=r"^run.h5: it is not so. Do it otherwise.$") as raised,
    ):
        mirrorscope.analyse_rows("fail", "run.h5")
    assert raised.value.exit_code == 3


def test_the_next_command_is_no_note(program):
    with pytest.warns(mirrorscope.MirrorscopeNote) as notes:
        mirrorscope.analyse_rows("cmni", "run.h5")
    assert [str(note.message) for note in notes] == ["3 rows left out"]


def test_a_crash(program):
    with pytest.raises(mirrorscope.MirrorscopeError, match="mirrorscope was ended by signal 11") as raised:
        mirrorscope.analyse_rows("crash")
    assert raised.value.exit_code == -11


def test_a_program_of_another_name(program):
    with pytest.raises(mirrorscope.MirrorscopeError, match="'mirrorscope chatter' gave no table"):
        mirrorscope.analyse_rows("chatter")


def test_a_fault_on_standard_error_is_a_fault(program):
    with pytest.warns(mirrorscope.MirrorscopeNote, match="it is not so"):
        assert mirrorscope.validate("run.h5") == ["it is not so"]


def test_control_c_is_passed_on(program, tmp_path):
    script = "import mirrorscope; mirrorscope.analyse_rows('wait')"
    environment = {**os.environ, "PYTHONPATH": os.path.join(os.path.dirname(__file__), "..", "src")}
    # A session of its own, so that the signal reaches this process alone, as in a notebook. Jobs in the background begin with it ignored.
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "interrupted.started").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    messages = process.communicate(timeout=60)[1]
    assert "KeyboardInterrupt" in messages
    assert (tmp_path / "interrupted").exists()


def test_where_the_program_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("MIRRORSCOPE_BIN", str(tmp_path))
    with pytest.raises(mirrorscope.MirrorscopeError, match="there is no program mirrorscope in it; set it to the folder"):
        mirrorscope.find_program()
    monkeypatch.delenv("MIRRORSCOPE_BIN")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(mirrorscope.MirrorscopeError, match="was not found; in a checkout of Mirrorscope run 'scripts/setup'"):
        mirrorscope.find_program()


def test_the_program_on_path(program, monkeypatch):
    monkeypatch.delenv("MIRRORSCOPE_BIN")
    monkeypatch.setenv("PATH", str(program.parent))
    assert mirrorscope.find_program() == str(program)


@pytest.mark.programs
def test_sentences_of_the_real_program(path):
    with pytest.raises(mirrorscope.MirrorscopeError, match=r"run.h5: cannot open the file: it does not exist") as raised:
        mirrorscope.analyse_rows("cmni", path)
    assert raised.value.exit_code == 2
    with pytest.raises(mirrorscope.MirrorscopeError, match="--bogus") as raised:
        mirrorscope.analyse_rows("cmni", path, bogus=3)
    assert raised.value.exit_code == 64
    assert mirrorscope.validate(path) == [f"{path}: cannot open the file: it does not exist"]


@pytest.mark.programs
def test_too_few_rows(path):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": np.ones((3, 2))}, phase="self")
    with pytest.raises(mirrorscope.MirrorscopeError) as raised:
        mirrorscope.analyse_rows("units", path)
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("value", [False, np.False_])
def test_an_option_that_is_false_is_no_option_left_out(value):
    # strata=False would otherwise run with strata, without a word.
    with pytest.raises(mirrorscope.MirrorscopeError, match=r"^the option strata is False, .* as in no_strata=True, where there is one\.$"):
        mirrorscope.analyse_rows("cmni", "r.h5", strata=value)
