"""Attributes of a recording's objects, with the checksum that their text has beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from mirrorscope.checksums import TEXT_SUMS, text_sum

AttributeValue = str | bool | int | float | Sequence[int]


def set_attributes(thing: Any, attributes: Mapping[str, AttributeValue | None]) -> None:
    """Sets attributes of an h5py object that has none of these yet; None leaves one out.

    Text is of variable length; `text_crc32` gets a line for each.
    """
    sums: list[str] = []
    for name, value in attributes.items():
        if value is None:
            continue
        if isinstance(value, str):
            thing.attrs.create(name, value, dtype=h5py.string_dtype())
            sums.append(f"{text_sum(value)} {name}")
        elif isinstance(value, float):
            thing.attrs.create(name, value, dtype="<f8")
        else:
            thing.attrs.create(name, np.asarray(value, dtype="<i8"))
    if not sums:
        return
    earlier = thing.attrs.get(TEXT_SUMS)
    if earlier is not None:
        sums.insert(0, bytes(earlier).decode())
    thing.attrs[TEXT_SUMS] = np.bytes_("\n".join(sums).encode())
