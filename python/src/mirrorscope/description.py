"""What a recording says of itself, its model and where it comes from; and numbers and causes for sentences."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from mirrorscope.attributes import AttributeValue
from mirrorscope.errors import BadValue


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
