"""A layer as it is declared to the recorder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mirrorscope.errors import BadValue

KernelLayout = Literal["input,unit", "unit,input"]

_RESERVED = {"", ".", "..", "activations", "kernel", "bias", "unit", "input"}
_DEEPEST = 32


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a recording.

    Its number of units is that of the first batch.

    Attributes:
        name: Path of its group under `/layers`; it may hold dots and slashes.
        kind: Free text. Layers of kind `dropout` or `input` are recorded, but count as no layers of their own.
        activation_function: `relu`, `linear`, …; None where it is not known. Ablation replays `relu`, `linear`
            and `leaky_relu(0.1)`, with its slope.
        is_output: Whether its units are the network's outputs.
        kernel: Weights, `[input, unit]` or as `kernel_layout` says; ablation and circuits need them.
        bias: `[unit]`.
        dtype: `float16`, `bfloat16`, `float32` or `float64`; None takes the recorder's.
    """

    name: str
    kind: str = "dense"
    activation_function: str | None = None
    is_output: bool = False
    kernel: Any = None
    kernel_layout: KernelLayout = "input,unit"
    bias: Any = None
    dtype: str | None = None


def check_names(names: list[str]) -> None:
    """Refuses names that cannot be those of the layers of one recording."""
    if not names:
        raise BadValue("no layer is declared; a recording needs one or more.")
    for name in names:
        parts = name.split("/")
        if "\0" in name or len(parts) > _DEEPEST or any(part in _RESERVED for part in parts):
            raise BadValue(
                f"'{name}' cannot name a layer; give parts between slashes that are neither empty, '.', '..', nor a layer's own data "
                "sets (activations, kernel, bias, unit, input)."
            )
    for position, name in enumerate(names):
        if name in names[:position]:
            raise BadValue(f"two layers are called '{name}'; give each a name of its own.")
