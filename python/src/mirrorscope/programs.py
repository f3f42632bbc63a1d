"""The command line of Mirrorscope: programs found, run, and their tables taken."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mirrorscope.errors import MirrorscopeError, MirrorscopeNote

if TYPE_CHECKING:
    import pandas

# Options that are given once for each value; lists of all others are joined by commas.
_REPEATED = {"where", "units", "from"}
# What a table is asked for by.
_OWN = {"format", "output", "o", "force", "quiet", "help", "version"}
_NO_TABLE = {"validate": "mirrorscope.validate", "recover": "mirrorscope.recover"}


def find_program(name: str = "mirrorscope") -> str:
    """The path of a program: in the folder `MIRRORSCOPE_BIN`, else on `PATH`.

    Raises:
        MirrorscopeError: With how to install it, where it is in neither.
    """
    folder = os.environ.get("MIRRORSCOPE_BIN")
    if folder:
        found = shutil.which(name, path=folder)
        if found is None:
            raise MirrorscopeError(
                f"MIRRORSCOPE_BIN is {folder}, but there is no program {name} in it; set it to the folder with the built programs, "
                ".build/release in a checkout of Mirrorscope after 'swift build -c release'."
            )
        return found
    found = shutil.which(name)
    if found is None:
        raise MirrorscopeError(
            f"the program {name} was not found; in a checkout of Mirrorscope run 'scripts/setup' and 'swift build -c release', then set "
            "MIRRORSCOPE_BIN to its folder .build/release, or put that on PATH."
        )
    return found


def analyse(command: str, *recordings: str | os.PathLike[str], **options: Any) -> pandas.DataFrame:
    """Runs an analysis and returns its table. Integers with empty cells are of the type `Int64`.

    Args:
        command: `cmni`, `units`, `stats`, `inspect`, …: see `mirrorscope --help`.
        recordings: Files to read.
        options: Those of the command, underscores for dashes: `permutations=1000`, `by_layer=True`. A list gives several values, or the
            option several times where the command wants that (`where`, `units`, `from_`); a dictionary gives `name=value` pairs:
            `phase_names={"self": ["me", "us"], "other": "them"}`. None leaves an option out; a flag is
            turned off by the flag that does it: `no_strata=True`.

    Notes of the command become warnings of class `MirrorscopeNote`.

    Raises:
        MirrorscopeError: The command's own sentence, with its exit code.
    """
    try:
        import pandas
    except ImportError:
        raise MirrorscopeError(
            "analyse gives a table of pandas, which is not installed: 'pip install pandas', or take analyse_rows, which gives dictionaries."
        ) from None
    rows = analyse_rows(command, *recordings, **options)
    table = pandas.DataFrame(rows)
    for name in table.columns[table.isna().any()]:
        values = [row[name] for row in rows if row[name] is not None]
        # pandas would make floats of integers where a cell is empty.
        if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            table[name] = pandas.array([row[name] for row in rows], dtype="Int64")
    return table


def analyse_rows(command: str, *recordings: str | os.PathLike[str], **options: Any) -> list[dict[str, Any]]:
    """As `analyse`, with a dictionary for each row of the table, in the order of its columns; what is missing is None."""
    if command in _NO_TABLE:
        raise MirrorscopeError(f"{command} gives no table; call {_NO_TABLE[command]}.")
    arguments = [command, *_arguments(options), "--format", "json", "--", *(os.fspath(path) for path in recordings)]
    output, notes, _ = _run(arguments)
    _warn(notes)
    try:
        rows = json.loads(output)
    except ValueError:
        raise MirrorscopeError(f"'mirrorscope {command}' gave no table; is {find_program()} the program of Mirrorscope?") from None
    return list(rows)


def validate(recording: str | os.PathLike[str]) -> list[str]:
    """What is wrong with a recording, a sentence for each fault; empty for a valid one."""
    output, notes, code = _run(["validate", "--", os.fspath(recording)], allowed=(2,))
    _warn(notes)
    if not code:
        return []
    faults = output.splitlines() or notes
    return faults or [f"{os.fspath(recording)}: it is not valid, but mirrorscope did not say why."]


def recover(partial: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> None:
    """Makes a recording of the rows that an interrupted recorder left in `NAME.partial`."""
    options = {"output": None if output is None else os.fspath(output), "force": overwrite or None}
    _, notes, _ = _run(["recover", *_arguments(options, own=()), "--", os.fspath(partial)])
    _warn(notes)


def _arguments(options: Mapping[str, Any], own: tuple[str, ...] | set[str] = tuple(_OWN)) -> list[str]:
    arguments: list[str] = []
    for keyword, value in options.items():
        name = keyword.strip("_").replace("_", "-")
        if name in own:
            raise MirrorscopeError(f"the option {keyword} is not for analyse, which returns the table; leave it out.")
        option = f"--{name}"
        if type(value).__name__ in ("bool_", "bool"):  # numpy's too
            value = bool(value)
        if value is None:
            continue
        if value is False:
            raise MirrorscopeError(
                f"the option {keyword} is False, for which the command line has no word; leave it out, or give the flag that turns it off, "
                f"as in no_{keyword.strip('_')}=True, where there is one."
            )
        if value is True:
            arguments.append(option)
            continue
        texts = _texts(value)
        if name in _REPEATED:
            for text in texts:
                arguments += _with_value(option, text)
        else:
            arguments += _with_value(option, ",".join(texts))
    return arguments


def _with_value(option: str, text: str) -> list[str]:
    # What begins with a dash would be taken for an option of its own.
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}={text}" for name, given in value.items() for text in _texts(given)]
    if isinstance(value, list | tuple | set | frozenset | range):
        return [str(item) for item in value]
    return [os.fspath(value) if isinstance(value, os.PathLike) else str(value)]


def _run(arguments: list[str], allowed: tuple[int, ...] = ()) -> tuple[str, list[str], int]:
    """Runs the program; Ctrl-C ends it too.

    Returns:
        Standard output, the lines of standard error, and the exit code.
    """
    process = subprocess.Popen(
        [find_program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        output, messages = process.communicate()
    except BaseException:
        # A notebook's interruption reaches this process alone, a terminal's both.
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        process.wait()
        raise
    # Which command comes next is for those who type commands.
    notes = [line for line in messages.splitlines() if line.strip() and not line.startswith("Next: ")]
    code = process.returncode
    if code == 0 or code in allowed:
        return output, notes, code
    raise _error(notes, code)


def _error(lines: list[str], code: int) -> MirrorscopeError:
    for position, line in enumerate(lines):
        prefix, _, sentence = line.partition(": ")
        if prefix in ("error", "Error"):
            _warn(lines[:position])
            return MirrorscopeError(sentence, code)
    if code < 0:
        return MirrorscopeError(f"mirrorscope was ended by signal {-code}.", code)
    return MirrorscopeError(" ".join(lines) or f"mirrorscope ended with exit code {code}.", code)


def _warn(notes: list[str]) -> None:
    """Warns at the line outside this module that called it."""
    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        depth, frame = depth + 1, frame.f_back
    for note in notes:
        warnings.warn(note, MirrorscopeNote, stacklevel=depth)
