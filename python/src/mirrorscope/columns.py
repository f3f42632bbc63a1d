"""The columns of a recording beside its activations: one value for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import to_numpy
from mirrorscope.errors import BadValue

PHASES = ("none", "self", "other", "both")
SPLITS = ("select", "evaluate")
MOST_ACTIONS = 256
# Names that the schema gives to parts of a recording; all others are coordinates of rows.
SCHEMA_COLUMNS = ("phase", "label", "prediction", "partner_acting", "stratum", "pair", "split", "inputs")

Convert = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Column:
    """A data set of rows, and how values become what it stores."""

    name: str
    # The path in the file.
    path: str
    # What h5py makes the data set of.
    dtype: Any
    convert: Convert
    # Number of inputs; None for one value for each row.
    width: int | None = None
    attributes: dict[str, Any] | None = None

    def values(self, given: Any, rows: int) -> NDArray[Any]:
        """Values for the rows of a batch as they are stored; a single one counts for all rows."""
        array = column_array(self.name, given, 1 if self.width is None else 2)
        if array.ndim == 0:
            # Converted once, not row by row.
            return np.broadcast_to(self.convert(array.reshape(1)), (rows,)) if rows else self.convert(np.broadcast_to(array, (rows,)))
        if len(array) != rows:
            raise BadValue(
                f"column {self.name} has {len(array)} values for a batch of {rows} rows; give one for each row, or a single one for all."
            )
        return self.convert(array)


def declare_column(name: str, given: Any, *, actions: Sequence[str] | None, text_bytes: int | None) -> Column:
    """What a column is, by its name and by the values of the first batch."""
    if name == "phase":
        dtype = _enum(PHASES)
        attributes = {"flag_values": list(range(len(PHASES))), "flag_meanings": " ".join(PHASES)}
        return Column(name, name, dtype, lambda array: _codes(name, array, PHASES), attributes=attributes)
    if name == "split":
        return Column(name, name, _enum(SPLITS), lambda array: _codes(name, array, SPLITS))
    if name in ("label", "prediction"):
        if actions is None:
            return Column(name, name, np.dtype("u1"), lambda array: _numbers_of_actions(name, array))
        names = tuple(actions)
        return Column(name, name, _enum(names), lambda array: _codes(name, array, names))
    if name == "partner_acting":
        return Column(name, name, np.dtype("u1"), lambda array: _integers(name, array, 0, 1).astype("u1"))
    if name in ("stratum", "pair"):
        return Column(name, name, np.dtype("<i4"), lambda array: _integers(name, array, -(2**31), 2**31 - 1).astype("<i4"))
    if name == "inputs":
        return _declare_inputs(column_array(name, given, 2))
    return _declare_coordinate(name, column_array(name, given), text_bytes)


def check_actions(actions: Sequence[str] | None) -> None:
    """Refuses names that cannot number actions."""
    if actions is None:
        return
    if isinstance(actions, str) or not actions or not all(isinstance(name, str) and name for name in actions):
        raise BadValue("actions are to be a list of one or more names, none of them empty.")
    if len(set(actions)) != len(actions) or len(actions) > MOST_ACTIONS:
        raise BadValue(f"the {len(actions)} names of actions have to differ, and be {MOST_ACTIONS} at most.")


def _declare_inputs(first: NDArray[Any]) -> Column:
    name = "inputs"
    if first.ndim != 2:
        raise BadValue(f"inputs have shape {list(first.shape)}; give [rows, inputs], flattened where they have more dimensions.")
    width, stored = first.shape[1], first.dtype
    if stored not in (np.uint8, np.float32, np.float64):
        raise BadValue(f"inputs are of type {stored}; give uint8, float32 or float64.")

    def convert(array: NDArray[Any]) -> NDArray[Any]:
        if array.ndim != 2 or array.shape[1] != width:
            raise BadValue(f"inputs have shape {list(array.shape)} but {width} columns before; give the same in each batch.")
        if array.dtype != stored:
            raise BadValue(f"inputs are of type {array.dtype} but {stored} before; give the same in each batch.")
        if not np.isfinite(array).all():
            row, column = (int(index) for index in np.argwhere(~np.isfinite(array))[0])
            raise BadValue(f"input {column} is {array[row, column]} in row {row} of the batch; give finite inputs.")
        return array

    return Column(name, name, stored.newbyteorder("<"), convert, width=width)


def _declare_coordinate(name: str, first: NDArray[Any], text_bytes: int | None) -> Column:
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise BadValue(f"'{name}' cannot name a column of rows; give a name without slashes.")
    path = f"rows/{name}"
    kind = _kind(name, first)
    if kind == "text":
        longest = max((len(value.encode()) for value in _texts(name, first)), default=0)
        size = text_bytes or max(256, 4 * longest)
        dtype = h5py.string_dtype("utf-8", size)
        return Column(name, path, dtype, lambda array: _encoded(name, array, size))
    if kind == "integers":
        return Column(name, path, np.dtype("<i8"), lambda array: _integers(name, array, -(2**63), 2**63 - 1).astype("<i8"))

    def floats(array: NDArray[Any]) -> NDArray[Any]:
        if _kind(name, array) == "text":
            raise BadValue(f"column {name} holds text but numbers before; give the same kind in each batch.")
        if array.dtype.kind in "iu" and (np.asarray(array.astype("<f8"), dtype=object) != array.astype(object)).any():
            raise BadValue(
                f"column {name} holds integers that its floats of before cannot tell apart; give floats, or integers from the start."
            )
        return array.astype("<f8")

    return Column(name, path, np.dtype("<f8"), floats)


def column_array(name: str, given: Any, dimensions: int = 1) -> NDArray[Any]:
    """Values of any array, list or single value; of no more dimensions than that."""
    if given is None:
        raise BadValue(f"column {name} is None; give values, or leave it out of every batch.")
    try:
        given = _without_gaps(name, given)
        # As objects: numpy would cut zero bytes off the end of text, and make text of numbers beside it.
        if isinstance(given, str | bytes) or (isinstance(given, list | tuple) and any(isinstance(item, str | bytes) for item in given)):
            given = np.array(given, dtype=object)
        array, is_bfloat16 = to_numpy(given)
    except ValueError:
        raise BadValue(f"column {name} holds values of different shapes; give one for each row.") from None
    if is_bfloat16:
        raise BadValue(f"column {name} is bfloat16; give float32.")
    if array.ndim > dimensions:
        raise BadValue(f"column {name} has shape {list(array.shape)}; give one value for each row.")
    return array


def _without_gaps(name: str, given: Any) -> Any:
    """Values without missing ones; those of pandas as numpy's where they are numbers.

    pandas and numpy make floats of integers where one is missing, so that a column would change its kind in silence.
    """
    if hasattr(given, "iloc") and hasattr(given, "isna"):
        gaps, dtype = np.asarray(given.isna(), dtype=bool), given.dtype
        is_masked = hasattr(dtype, "na_value") and getattr(dtype, "kind", "O") in "biuf"
        if gaps.any() and getattr(dtype, "kind", "O") in "biuf":
            present = given[~gaps].to_numpy(dtype="float64")
            if dtype.kind in "biu" or (present == np.floor(present)).all():
                raise _gap(name, int(gaps.argmax()))
        if is_masked:
            kind = {"f": "float64", "b": "bool", "u": "uint64"}.get(dtype.kind, "int64")
            return given.to_numpy(dtype=kind, na_value=np.nan) if gaps.any() else given.to_numpy(dtype=kind)
        return given
    if isinstance(given, list | tuple) and not any(isinstance(item, str | bytes) for item in given):
        missing = next((row for row, item in enumerate(given) if item is None), None)
        if missing is not None:
            raise _gap(name, missing)
    return given


def _gap(name: str, row: int) -> BadValue:
    return BadValue(
        f"column {name} has no value in row {row} of the batch, and no integer says that; fill the gaps, as with -1, or give floats of "
        "numpy, with NaN for them."
    )


def _kind(name: str, array: NDArray[Any]) -> str:
    if array.dtype.kind in "US":
        return "text"
    if array.dtype.kind in "biu":
        return "integers"
    if array.dtype.kind == "f":
        return "floats"
    if array.dtype.kind == "O" or "StringDType" in type(array.dtype).__name__:
        return "text"
    raise BadValue(f"column {name} is of type {array.dtype}; give text, integers or floats.")


def _texts(name: str, array: NDArray[Any]) -> list[str]:
    values = array.tolist() if array.ndim else [array.item()]
    texts: dict[Any, str] = {}
    for row, value in enumerate(values):
        # Most columns say the same in many rows.
        if not isinstance(value, str | bytes) or value not in texts:
            texts[value] = _text(name, row, value)
    return [texts[value] for value in values]


def _text(name: str, row: int, value: Any) -> str:
    if not isinstance(value, str | bytes):
        raise BadValue(f"column {name} holds {value!r} in row {row} of the batch; give text in each row.")
    try:
        text = value.decode() if isinstance(value, bytes) else value
        text.encode()
    except UnicodeError:
        raise BadValue(f"column {name} holds {value!r} in row {row} of the batch, which is no UTF-8.") from None
    return text


def _encoded(name: str, array: NDArray[Any], size: int) -> NDArray[Any]:
    if _kind(name, array) != "text":
        raise BadValue(f"column {name} holds numbers but text before; give the same kind in each batch.")
    encoded = [value.encode() for value in _texts(name, array)]
    for row, value in enumerate(encoded):
        if b"\0" in value:
            raise BadValue(f"column {name} holds a text with a zero byte in row {row} of the batch; leave the byte out.")
        if len(value) > size:
            raise BadValue(
                f"column {name} holds a text of {len(value)} bytes in row {row} of the batch, and the column has room for {size}; give the "
                f"recorder text_bytes={{'{name}': {len(value)}}} or more, or a shorter text."
            )
    return np.array(encoded, dtype=f"S{size}")


def _integers(name: str, array: NDArray[Any], lowest: int, highest: int) -> NDArray[Any]:
    if array.dtype.kind not in "biu":
        kind = "text" if array.dtype.kind in "USO" else str(array.dtype)
        raise BadValue(f"column {name} holds {kind}; give integers.")
    outside = (array < lowest) | (array > highest) if array.dtype.kind != "b" else np.zeros(array.shape, bool)
    if outside.any():
        row = int(np.argmax(outside))
        raise BadValue(f"column {name} holds {array[row]} in row {row} of the batch; it may hold {lowest} to {highest}.")
    return array


def _numbers_of_actions(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind in "USO":
        raise BadValue(f"column {name} holds text; give the recorder the names of the actions in the order of the outputs: actions=[…].")
    return _integers(name, array, 0, MOST_ACTIONS - 1).astype("u1")


def _codes(name: str, array: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
    """Numbers of names, by name or as they are."""
    allowed = ", ".join(f"{member} {code}" for code, member in enumerate(names))
    if array.dtype.kind in "biu":
        outside = (array < 0) | (array >= len(names)) if array.dtype.kind != "b" else np.ones(array.shape, bool)
        if outside.any():
            row = int(np.argmax(outside))
            raise BadValue(f"column {name} holds {array[row]} in row {row} of the batch; it may hold {allowed}.")
        return array.astype("u1")
    if array.dtype.kind == "f":
        raise BadValue(f"column {name} holds {array.dtype}; it may hold {allowed}.")
    numbers = {member: code for code, member in enumerate(names)}
    texts = _texts(name, array)
    codes = [numbers.get(text, -1) for text in texts]
    if -1 in codes:
        row = codes.index(-1)
        raise BadValue(f"column {name} holds '{texts[row]}' in row {row} of the batch; it may hold {allowed}.")
    return np.array(codes, dtype="u1")


def _enum(names: Sequence[str]) -> Any:
    return h5py.enum_dtype({member: code for code, member in enumerate(names)}, basetype="u1")
