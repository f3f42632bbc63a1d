"""The tensor in what a module of PyTorch puts out, taken out and put back."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mirrorscope.errors import BadValue

if TYPE_CHECKING:
    import torch

# Names under which models of transformers give what a layer hands on.
_PREFERRED = ("last_hidden_state", "logits")


def tensor_of(name: str, output: Any) -> torch.Tensor:
    """The tensor that a module's output stands for.

    A tensor is taken as it is; of a tuple or list the first item that is or holds one; of a dictionary (or a `ModelOutput`, or a
    dataclass) `last_hidden_state` or `logits` where there is one, else the first value that is or holds one.
    """
    found: list[torch.Tensor] = []
    with_tensor(name, output, found.append)
    return found[0]


def with_tensor(name: str, output: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """The output with what `change` makes of the tensor of `tensor_of` in its place; a copy, down to what holds the tensor.

    Where `change` gives None the output is left alone.
    """
    try:
        is_found, changed = _changed(output, change)
    except _InOutput as fault:
        raise BadValue(f"layer {name} puts out {fault}") from None
    if not is_found:
        raise BadValue(f"layer {name} puts out {type(output).__name__}, in which there is no tensor of floats; leave it out of layers.")
    return output if changed is None else changed


class _InOutput(Exception):
    """What is wrong with an output, without the layer's name."""


def _changed(output: Any, change: Callable[[torch.Tensor], Any]) -> tuple[bool, Any]:
    """Whether there is a tensor, and the output with the changed one; None for no change."""
    import torch

    if isinstance(output, torch.nn.utils.rnn.PackedSequence):
        raise _InOutput("a packed sequence, whose rows are tokens of several examples in turn; pad it, or leave the layer out.")
    if isinstance(output, torch.Tensor):
        return (True, change(output)) if output.is_floating_point() else (False, None)
    for key, item in _items(output):
        is_found, changed = _changed(item, change)
        if is_found:
            return True, None if changed is None else _replaced(output, key, changed)
    return False, None


def _items(output: Any) -> list[tuple[Any, Any]]:
    """What an output holds, what stands for it first."""
    if isinstance(output, Mapping):
        preferred = [key for key in _PREFERRED if key in output]
        return [(key, output[key]) for key in preferred + [key for key in output if key not in preferred]]
    if dataclasses.is_dataclass(output) and not isinstance(output, type):
        fields = [field.name for field in dataclasses.fields(output)]
        preferred = [name for name in _PREFERRED if name in fields]
        return [(name, getattr(output, name)) for name in preferred + [name for name in fields if name not in preferred]]
    return list(enumerate(output)) if isinstance(output, list | tuple) else []


def _replaced(output: Any, key: Any, item: Any) -> Any:
    if isinstance(output, tuple):
        items = [*output[:key], item, *output[key + 1 :]]
        # Named ones take an argument for each item, all others the items.
        return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)
    changed = copy.copy(output)
    if isinstance(output, Mapping | list):
        changed[key] = item
    else:
        object.__setattr__(changed, key, item)
    return changed
