"""What a recording says of itself, its model and where it comes from; and numbers and causes for sentences."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from mirrorscope.attributes import AttributeValue
from mirrorscope.errors import BadValue
from mirrorscope.version import __version__


def described(what: str, given: Mapping[str, Any]) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, dict | list):
            value = json.dumps(value)
        if not isinstance(value, str | int | float):
            raise BadValue(f"{what} has {value!r} for {name}; give text, a number, or a dictionary, which becomes JSON.")
        attributes[name] = value
    return attributes


def root_attributes(*, command_line: str | None, seed: int | None, title: str | None) -> dict[str, AttributeValue]:
    """The attributes of a recording as a whole, when it begins."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
        raise BadValue(f"seed is {seed!r}; give an integer.")
    if seed is not None and not -(2**63) <= seed < 2**63:
        raise BadValue(f"seed is {seed}; it may be -2^63 to 2^63 - 1.")
    return {
        "schema": "mirrorscope-recording",
        "schema_version": "1.1",
        "complete": 0,
        "created_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "writer": f"mirrorscope for Python {__version__}",
        **described("the recorder", {"command_line": command_line, "seed": seed, "title": title}),
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": np.__version__, "h5py": h5py.__version__}


def size_text(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
