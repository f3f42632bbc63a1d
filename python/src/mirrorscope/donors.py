"""Recorded activations of other rows, which an arm puts in the place of an example's own."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import floats_of
from mirrorscope.description import size_text
from mirrorscope.errors import BadValue
from mirrorscope.plans import Plan

# Rows that are read at once.
_BLOCK = 4096


def recording_of(plan: Plan, path: str | os.PathLike[str] | None) -> Path | None:
    """Where a plan's recording is: at the path, or the plan's own relative to the plan, or else to the folder of work; None for nowhere."""
    places = [Path(path)] if path is not None else [plan.path.parent / plan.recording.path, Path(plan.recording.path)]
    return next((place for place in places if place.is_file()), None)


def recorded_widths(path: Path | None) -> dict[str, int]:
    """Units of each layer of a recording; none where it is not at hand or cannot be read."""
    widths: dict[str, int] = {}

    def note(name: str, found: Any) -> None:
        layer, _, last = name.rpartition("/")
        if isinstance(found, h5py.Dataset) and last == "activations" and found.ndim == 2:
            widths[layer] = int(found.shape[1])

    if path is None:
        return widths
    try:
        with h5py.File(path) as file:
            if isinstance(file.get("layers"), h5py.Group):
                file["layers"].visititems(note)
    except OSError:
        pass
    return widths


class Donors:
    """Activations of a plan's donors, from its recording, one layer of one draw in memory.

    Args:
        path: The recording; None where it was not found.

    Raises:
        BadValue: Where the recording is not there, or not the one of which the plan was made.
    """

    def __init__(self, plan: Plan, path: Path | None, *, progress: bool = False) -> None:
        self._plan = plan
        if path is None:
            raise BadValue(f"the recording {plan.recording.path}, whose rows its arms take, is not there; say with recording= where it is.")
        self.path = path
        if plan.recording.sha256 is not None and _sha256(self.path, progress) != plan.recording.sha256:
            raise BadValue(f"{self.path} is not the recording of which the plan was made: it has another SHA-256; give that one.")
        self._kept: tuple[str, int, NDArray[np.float64]] | None = None

    def activations(self, layer: str, draw: int) -> NDArray[np.float64]:
        """`[examples, units]` of a layer: of each example its donor's."""
        if self._kept is None or self._kept[:2] != (layer, draw):
            self._kept = None
            self._kept = (layer, draw, self._read(layer, self._plan.donors[draw - 1]))
        return self._kept[2]

    def _read(self, layer: str, rows: Sequence[int]) -> NDArray[np.float64]:
        try:
            with h5py.File(self.path) as file:
                stored = file.get(f"layers/{layer}/activations")
                if not isinstance(stored, h5py.Dataset) or stored.ndim != 2:
                    raise BadValue(f"{self.path} has no layer {layer}; give the recording of which the plan was made.")
                if len(stored) != self._plan.recording.rows:
                    raise BadValue(f"{self.path} has {len(stored)} rows, and the plan was made of one with {self._plan.recording.rows}.")
                numbers = _chosen(stored, np.array(rows))
                return _as_floats(f"layer {layer} of {self.path}", stored, numbers)
        except OSError as error:
            raise BadValue(f"{self.path} cannot be read ({error}).") from None


def _chosen(stored: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Rows in any order, read in that of the file."""
    chosen = np.empty((len(rows), stored.shape[1]), stored.dtype)
    order = np.argsort(rows, kind="stable")
    in_order = rows[order]
    for start in range(0, len(stored), _BLOCK):
        first, end = np.searchsorted(in_order, [start, start + _BLOCK])
        if first < end:
            chosen[order[first:end]] = stored[start : start + _BLOCK][in_order[first:end] - start]
    return chosen


def _as_floats(what: str, stored: Any, numbers: NDArray[Any]) -> NDArray[np.float64]:
    attributes = stored.attrs
    kind = attributes.get("dtype")
    if numbers.dtype == np.uint16 and (kind.decode() if isinstance(kind, bytes) else kind) == "bfloat16":
        floats: NDArray[np.float64] = floats_of(numbers).astype(np.float64)
    elif "scale_factor" in attributes or "add_offset" in attributes:
        scale, offset = (float(np.ravel(attributes.get(name, default))[0]) for name, default in (("scale_factor", 1), ("add_offset", 0)))
        floats = numbers.astype(np.float64) * scale + offset
    elif numbers.dtype.kind == "f":
        floats = numbers.astype(np.float64)
    else:
        raise BadValue(f"{what} holds {numbers.dtype}, which says nothing of activations.")
    if not np.isfinite(floats).all():
        raise BadValue(f"{what} holds numbers that are not finite.")
    return floats


def _sha256(path: Path, progress: bool) -> str:
    size = path.stat().st_size
    if progress and size > 2 * 10**9:
        print(f"{path}: checking {size_text(size)}.", file=sys.stderr)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
