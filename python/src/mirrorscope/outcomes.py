"""Outcomes of a plan's arms, one arm after the other, in a table that an interrupted run goes on with."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import is_torch, to_numpy
from mirrorscope.description import reason
from mirrorscope.errors import BadValue, PlanError, RecordingError
from mirrorscope.partial_file import PartialFile

_HEADER = b"arm,example,outcome,value\n"

Outcomes = dict[str, NDArray[np.float64]]


def outcomes_of(given: Any, examples: int, default: str) -> Outcomes:
    """What an evaluation gave, by the names of its outcomes: float64, NaN where an example has none.

    Args:
        given: An array with a value for each example, which is called `default`, or several by name, as a dictionary or DataFrame.
    """
    if isinstance(given, Mapping):
        named = list(given.items())
    elif hasattr(given, "columns") and hasattr(given, "iloc"):
        # By place: of two columns of one name a DataFrame gives both.
        named = [(name, given.iloc[:, place]) for place, name in enumerate(given.columns)]
    else:
        named = [(default, given)]
    if not named:
        raise BadValue("evaluate gave no outcome; give an array, or several by name.")
    outcomes: Outcomes = {}
    for name, values in named:
        if not isinstance(name, str) or not name:
            raise BadValue(f"evaluate gave an outcome called {name!r}; give names that are text.")
        if name in outcomes:
            raise BadValue(f"evaluate gave two outcomes called {name}; give each a name of its own.")
        outcomes[name] = _numbers(name, values, examples)
    return outcomes


def _numbers(name: str, values: Any, examples: int) -> NDArray[np.float64]:
    if values is None:
        raise BadValue(f"evaluate gave None for the outcome {name}; give a value for each example, NaN where it has none.")
    if is_torch(values) and str(values.dtype) == "torch.bfloat16":
        values = values.float()
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    elif hasattr(values, "iloc"):
        values = values.astype(object).tolist()
    try:
        array, _ = to_numpy(values)
    except ValueError:
        raise BadValue(f"evaluate gave values of different shapes for the outcome {name}; give a number for each example.") from None
    if array.ndim != 1 or len(array) != examples:
        raise BadValue(
            f"evaluate gave {'a single value' if array.ndim == 0 else f'shape {list(array.shape)}'} for the outcome {name}, and the plan "
            f"has {examples} examples; give one value for each, in the plan's order."
        )
    if array.dtype.kind == "O":
        array = np.array([_number(name, index, value) for index, value in enumerate(array.tolist())])
    if array.dtype.kind not in "biuf":
        raise BadValue(f"evaluate gave {array.dtype} for the outcome {name}; give numbers.")
    numbers = array.astype(np.float64)
    if np.isinf(numbers).any():
        index = int(np.isinf(numbers).argmax())
        raise BadValue(f"the outcome {name} is {numbers[index]} for example {index} of the plan; give finite numbers, or NaN for none.")
    return numbers


def _number(name: str, index: int, value: Any) -> float:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return float("nan")
    if isinstance(value, str | bytes):
        raise BadValue(f"the outcome {name} is {value!r} for example {index} of the plan; give a number.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadValue(f"the outcome {name} is {value!r} for example {index} of the plan; give a number.") from None


class OutcomesFile:
    """The table under way, `NAME.partial`, and beside it `NAME.partial.arms`, which says up to where it holds whole arms.

    An arm is whole when its rows have reached the disk and then its line in the second file, with the rows' CRC-32. All that comes behind
    the last whole arm is cut off when a run goes on.

    Args:
        path: The table to be.
        arms: The arms' names in the plan's order.
        examples: The examples' names.
        run: What has to be the same when a run goes on, and the sentence to say where it is not.

    Raises:
        PlanError: Where the file is there already, is being written, or another run left a partial file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        arms: Sequence[str],
        examples: Sequence[str],
        run: Mapping[str, tuple[Any, str]],
        *,
        overwrite: bool,
    ) -> None:
        self.path = Path(path)
        self._arms = arms
        self._examples = examples
        self._run = run
        self.whole_arms = 0
        # Of each outcome, in the order in which they first came, the places of examples that have none.
        self._absent: dict[str, list[int]] = {}
        with _as_plan_error():
            self._partial = PartialFile(self.path, overwrite=overwrite, continues=True)
        self._arms_path = f"{self._partial.writing_path}.arms"
        try:
            # Unbuffered, so that nothing is written twice when an exception comes between.
            self._rows = io.FileIO(self._partial.writing_path, "r+")
            if not self._partial.is_continued or not self._continue():
                self._begin()
        except BaseException as error:
            self._partial.keep()
            if isinstance(error, OSError):
                raise PlanError(f"{self.path}: it cannot be written ({reason(error)}).") from error
            raise

    @property
    def names(self) -> list[str]:
        """Of the outcomes, in the order in which they first came."""
        return list(self._absent)

    @property
    def partial_path(self) -> str:
        """Where the arms are until all of them are there."""
        return self._partial.writing_path

    def append(self, arm: str, outcomes: Outcomes) -> None:
        """Adds an arm, the next of the plan; it is on the disk when this is over."""
        if self.names and set(self.names) != outcomes.keys():
            raise BadValue(
                f"evaluate gave the outcomes {', '.join(outcomes)}, but {', '.join(self.names)} before; give the same for each arm, NaN "
                "where an example has none."
            )
        self._check_examples(arm, outcomes)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for index, example in enumerate(self._examples):
            for name in self.names:
                value = float(outcomes[name][index])
                if value == value:
                    writer.writerow((arm, example, name, repr(value)))
        block = text.getvalue().encode()
        line = (
            json.dumps(
                {"arm": arm, "bytes": len(block), "crc32": zlib.crc32(block), "absent": self._absent if not self.whole_arms else None}
            )
            + "\n"
        )
        try:
            _write(self._rows, block)
            _write(self._index, line.encode())
        except OSError as error:
            raise PlanError(
                f"{self.path}: it cannot be written ({reason(error)}); {self.partial_path} holds the arms before, and the same call goes "
                "on with them."
            ) from error
        self.whole_arms += 1

    def _check_examples(self, arm: str, outcomes: Outcomes) -> None:
        """Refuses outcomes that are not of the same examples in every arm, since effects are differences within an example."""
        absent = {name: np.isnan(values).nonzero()[0].tolist() for name, values in outcomes.items()}
        for name, places in absent.items():
            if len(places) == len(self._examples):
                raise BadValue(f"evaluate gave no number for the outcome {name}; give one for some examples at least.")
            differing = sorted(set(places) ^ set(self._absent.get(name, places)))
            if differing:
                here, before = ("none", "one") if differing[0] in places else ("one", "none")
                raise BadValue(
                    f"example {self._examples[differing[0]]} has {here} of the outcome {name}, but {before} in arm {self._arms[0]}; an "
                    "outcome is of the same examples in every arm."
                )
        self._absent = self._absent or absent

    def finish(self) -> None:
        """Gives the table its name."""
        self._close()
        try:
            with _as_plan_error():
                self._partial.finish()
        except BaseException:
            self._partial.keep()
            raise
        with contextlib.suppress(OSError):
            os.unlink(self._arms_path)

    def keep(self) -> None:
        """Leaves what there is for another run to go on with; nothing where there is no arm."""
        self._close()
        if self.whole_arms:
            self._partial.keep()
            return
        with contextlib.suppress(OSError):
            os.unlink(self._arms_path)
        self._partial.abandon()

    def _close(self) -> None:
        self._rows.close()
        self._index.close()

    def _begin(self) -> None:
        self._index = io.FileIO(self._arms_path, "w")
        self._rows.truncate(0)
        self._rows.seek(0)
        _write(self._rows, _HEADER)
        _write(self._index, (json.dumps({name: value for name, (value, _) in self._run.items()}) + "\n").encode())

    def _continue(self) -> bool:
        """Goes to the end of the last whole arm; false where the file before had not begun."""
        try:
            self._index = io.FileIO(self._arms_path, "r+")
            lines = self._index.readall().splitlines(keepends=True)
        except FileNotFoundError:
            lines = []
        first = _parsed(lines[0]) if lines else None
        if first is None:
            if os.path.getsize(self.partial_path) > len(_HEADER):
                raise PlanError(
                    f"{self.path}: {self.partial_path} holds arms of another run, but {self._arms_path}, which says of which, is missing "
                    "or damaged; remove the first, or have it replaced with overwrite=True."
                )
            return False
        for name, (value, difference) in self._run.items():
            if first.get(name) != value:
                raise PlanError(
                    f"{self.path}: {self.partial_path} was left by a run {difference}; finish that one, have it replaced with "
                    "overwrite=True, or choose another name."
                )
        end, known = len(_HEADER), len(lines[0])
        self._rows.seek(end)
        for arm, line in zip(self._arms, lines[1:], strict=False):
            entry = _parsed(line)
            if entry is None or entry.get("arm") != arm:
                break
            block = self._rows.read(int(entry["bytes"]))
            if len(block) != entry["bytes"] or zlib.crc32(block) != entry["crc32"]:
                break
            end, known = end + len(block), known + len(line)
            self._absent = self._absent or entry["absent"]
            self.whole_arms += 1
        self._rows.truncate(end)
        self._rows.seek(end)
        self._index.truncate(known)
        self._index.seek(known)
        return True


@contextlib.contextmanager
def _as_plan_error() -> Iterator[None]:
    try:
        yield
    except RecordingError as error:
        raise PlanError(str(error)) from None


def _write(file: Any, data: bytes) -> None:
    """All of it, on the disk."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A whole line of the second file."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
