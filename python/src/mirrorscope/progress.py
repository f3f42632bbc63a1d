"""How far a long run is, on standard error."""

from __future__ import annotations

import sys
import time

# Seconds between two lines where they are kept, as in a log.
_APART = 30.0


class Progress:
    """A line on standard error: on a terminal always the same one, elsewhere one now and then."""

    def __init__(self, what: str, total: int, done: int, *, is_shown: bool) -> None:
        self._what = what
        self._total = total
        self._before = done
        self._start = self._last = time.monotonic()
        self._is_shown = is_shown
        self._is_terminal = is_shown and sys.stderr is not None and sys.stderr.isatty()

    def step(self, done: int) -> None:
        """Says that so many are done."""
        now = time.monotonic()
        is_over = done == self._total
        if not self._is_shown or (now - self._last < (0.1 if self._is_terminal else _APART) and not is_over):
            return
        self._last = now
        print(self._line(done, now - self._start), end=self._end(is_over), file=sys.stderr, flush=True)

    def _line(self, done: int, seconds: float) -> str:
        rate = (done - self._before) / seconds if seconds > 0 else 0.0
        speed = f", {rate:.3g} a second" if rate >= 1 else f", {1 / rate:.3g} s each" if rate > 0 else ""
        left = f", {duration((self._total - done) / rate)} left" if rate > 0 and done < self._total else ""
        start = "\r\033[K" if self._is_terminal else ""
        return f"{start}{self._what}: {done:,} of {self._total:,} arms{speed}{left}"

    def _end(self, is_over: bool) -> str:
        return "\n" if is_over or not self._is_terminal else ""


def duration(seconds: float) -> str:
    """Time for a sentence: `40 s`, `3 min`, `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
