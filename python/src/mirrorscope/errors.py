"""What goes wrong, each in one sentence: which file, which part, what is wrong, what to do."""

from __future__ import annotations


class MirrorscopeError(Exception):
    """An analysis failed, or a program is missing.

    `exit_code` is that of the program: 1 failed, 2 bad or corrupt file, 3 not enough data, 64 usage, 130 interrupted; None where no
    program ran.
    """

    def __init__(self, sentence: str, exit_code: int | None = None) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class RecordingError(MirrorscopeError, ValueError):
    """A recording cannot be made of what was given."""


class PlanError(MirrorscopeError, ValueError):
    """A plan cannot be read, or not be run as it was asked for."""


class MirrorscopeNote(UserWarning):
    """What a program said on standard error beside its table, or what a recorder left behind."""


class BadValue(Exception):
    """What is wrong with a value, as a sentence without the file's name, which the recorder adds."""
