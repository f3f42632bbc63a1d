"""Modules of a network chosen by patterns of their names."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Sequence

from mirrorscope.errors import BadValue


def matching_names(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names that a pattern matches, in their own order.

    A `*` stands for any text within one part of a dotted name, `**` for any number of parts; `?` and `[0-9]` as in file names.
    """
    if isinstance(patterns, str):
        raise BadValue(f"layers is the text '{patterns}'; give a list of patterns: ['{patterns}'].")
    if not patterns:
        raise BadValue("layers is empty; give one pattern of module names or more.")
    chosen: set[str] = set()
    for pattern in patterns:
        matches = {name for name in names if _matches(pattern.split("."), name.split("."))}
        if not matches:
            raise BadValue(f"no module matches '{pattern}'; the model has {named_alike(pattern, names)}.")
        chosen |= matches
    return [name for name in names if name in chosen]


def _matches(pattern: list[str], parts: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(pattern[1:], parts[skipped:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(pattern[1:], parts[1:])


def named_alike(pattern: str, names: Iterable[str]) -> str:
    """Names that are like a pattern, else the first, for sentences."""
    names = list(names)
    close = difflib.get_close_matches(pattern, names, n=3, cutoff=0.3)
    shown = close or names[:5]
    if not shown:
        return "no modules"
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")
