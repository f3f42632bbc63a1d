"""From what a module of PyTorch puts out to rows: which tensor, which tokens, which positions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mirrorscope.errors import BadValue

if TYPE_CHECKING:
    import torch

RowRule = Literal["last", "mean", "all"]
RowFunction = Callable[["torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]
Convolution = Literal["mean", "max"] | Sequence[tuple[int, ...]]

# Names under which models of transformers give what a layer hands on.
_PREFERRED = ("last_hidden_state", "logits")
# An attribute of tensors: where their units are.
LAYOUT = "_mirrorscope_layout"


def tensor_of(name: str, output: Any) -> torch.Tensor:
    """The tensor that a module's output stands for.

    A tensor is taken as it is; of a tuple or list the first item that is or holds one; of a dictionary (or a `ModelOutput`, or a
    dataclass) `last_hidden_state` or `logits` where there is one, else the first value that is or holds one.
    """
    try:
        tensor = _first_tensor(output)
    except BadValue as fault:
        raise BadValue(f"layer {name} puts out {fault}") from None
    if tensor is None:
        raise BadValue(f"layer {name} puts out {type(output).__name__}, in which there is no tensor of floats; leave it out of layers.")
    return tensor


def _first_tensor(output: Any) -> Any:
    import torch

    if isinstance(output, torch.nn.utils.rnn.PackedSequence):
        raise BadValue("a packed sequence, whose rows are tokens of several examples in turn; pad it, or leave the layer out.")
    if isinstance(output, torch.Tensor):
        return output if output.is_floating_point() else None
    if dataclasses.is_dataclass(output) and not isinstance(output, type | Mapping):
        output = {field.name: getattr(output, field.name) for field in dataclasses.fields(output)}
    if isinstance(output, Mapping):
        preferred = [key for key in _PREFERRED if key in output]
        output = [output[key] for key in preferred + [key for key in output if key not in preferred]]
    if isinstance(output, list | tuple):
        for item in output:
            found = _first_tensor(item)
            if found is not None:
                return found
    return None


class Tokens:
    """The tokens of a forward pass: of how many examples, and which are no padding."""

    def __init__(self, mask: torch.Tensor | None, examples: int | None = None) -> None:
        # [examples, tokens], true where a token is; None where every position is one.
        self.mask = mask
        # (examples, tokens), once a layer has shown it.
        self.shape: tuple[int, int] | None = None
        # Number of examples, where the mask or the numbers of tokens say it.
        self.examples = examples if mask is None else len(mask)
        if mask is not None:
            self._check(mask)

    def _check(self, mask: torch.Tensor) -> None:
        if mask.dim() != 2:
            raise BadValue(f"attention_mask has shape {list(mask.shape)}; give [examples, tokens], 1 for a token and 0 for padding.")
        empty = (~mask.any(dim=1)).nonzero()
        if len(empty):
            raise BadValue(f"attention_mask has no token in example {int(empty[0, 0])} of the batch; leave the example out.")

    def is_like(self, other: Tokens) -> bool:
        """Whether the same positions are tokens."""
        if self.mask is None or other.mask is None:
            return self.mask is other.mask
        return self.mask.shape == other.mask.shape and bool((self.mask == other.mask).all())

    def see(self, name: str, tensor: torch.Tensor) -> None:
        """Takes notice of a layer's output `[examples, tokens, units]`."""
        shape = (int(tensor.shape[0]), int(tensor.shape[1]))
        if self.mask is not None and tuple(self.mask.shape) != shape:
            raise BadValue(
                f"layer {name} has {shape[0]} examples of {shape[1]} tokens, but attention_mask is {list(self.mask.shape)}; give the mask "
                "of this batch (batch first), or choose rows with a function."
            )
        if self.shape is not None and self.shape != shape:
            raise BadValue(
                f"layer {name} has {shape[0]} examples of {shape[1]} tokens, but another layer {self.shape[0]} of {self.shape[1]}; record "
                "them apart, or choose rows with a function."
            )
        self.shape = shape

    def last(self, tensor: torch.Tensor) -> torch.Tensor:
        """Of each example the last token, on whichever side the padding is."""
        import torch

        if self.mask is None:
            return tensor[:, -1]
        mask = self.mask.to(tensor.device)
        last = mask.shape[1] - 1 - mask.flip(1).to(torch.uint8).argmax(dim=1)
        return tensor[torch.arange(len(tensor), device=tensor.device), last]

    def mean(self, tensor: torch.Tensor) -> torch.Tensor:
        """Of each example the mean over its tokens, taken in float32 at least."""
        wide = _widened(tensor)
        if self.mask is None:
            return wide.mean(dim=1).to(tensor.dtype)
        mask = self.mask.to(tensor.device).unsqueeze(-1)
        # Padding may hold NaN: it is left out, not multiplied by 0.
        return (wide.masked_fill(~mask, 0).sum(dim=1) / mask.sum(dim=1)).to(tensor.dtype)

    def all(self, tensor: torch.Tensor) -> torch.Tensor:
        """Every token, example after example."""
        if self.mask is None:
            return tensor.flatten(0, 1)
        return tensor[self.mask.to(tensor.device)]


def rows_of(
    name: str, module: torch.nn.Module, tensor: torch.Tensor, rule: RowRule | RowFunction, convolution: Convolution, tokens: Tokens
) -> torch.Tensor:
    """`[rows, units]` of a layer's output.

    `[n, units]` is taken as it is. What convolutions put out, `[n, channels, …]`, is pooled over its positions, or taken at chosen ones,
    and so is what functions make of it. All else of three dimensions is `[examples, tokens, units]`. What may be one or the other is
    refused. A function gets every layer's tensor as it is.
    """
    if callable(rule):
        rows = rule(tensor, tokens.mask)
        if not hasattr(rows, "dim") or rows.dim() != 2:
            raise BadValue(f"the function for rows gave {_shape_text(rows)} for layer {name}; it has to give a tensor [rows, units].")
        return rows
    dimensions = tensor.dim()
    if dimensions == 1 or dimensions < _least_dimensions(module):
        raise BadValue(
            f"layer {name} puts out {_shape_text(tensor)}, in which no dimension is that of the examples; call the model with a batch, or "
            "choose rows with a function."
        )
    if dimensions == 2:
        if tokens.examples not in (None, len(tensor)):
            raise BadValue(
                f"layer {name} has {len(tensor)} rows for {tokens.examples} examples, perhaps one for each token; choose rows with a "
                "function."
            )
        return tensor
    if dimensions > 2 and _has_tokens_first(module):
        raise BadValue(
            f"layer {name} puts out tokens first, then examples (batch_first=False); make it batch_first=True, or choose rows with a "
            "function."
        )
    layout = layout_of(module) or getattr(tensor, LAYOUT, None)
    if dimensions > 3 and layout == "units last":
        raise BadValue(f"layer {name} puts out {_shape_text(tensor)}, units last, which are no channels; choose rows with a function.")
    if dimensions > 3 or (dimensions == 3 and layout == "channels first"):
        return _pooled(name, tensor, convolution)
    if dimensions == 3:
        tokens.see(name, tensor)
        return {"last": tokens.last, "mean": tokens.mean, "all": tokens.all}[rule](tensor)
    raise BadValue(f"layer {name} puts out a single number, not one for each example; leave it out of layers.")


def layout_of(module: torch.nn.Module) -> str | None:
    """Where the units are in what a module puts out, as far as its class says it."""
    from torch import nn
    from torch.nn.modules import batchnorm, conv, instancenorm, pooling

    if isinstance(module, conv._ConvNd | batchnorm._BatchNorm | instancenorm._InstanceNorm | nn.GroupNorm):
        return "channels first"
    if type(module).__module__ == pooling.__name__:
        return "channels first"
    if type(module) is nn.LayerNorm:
        return "units last" if len(module.normalized_shape) == 1 else None
    return "units last" if isinstance(module, nn.Linear | nn.Embedding) else None


def keeps_layout(module: torch.nn.Module) -> bool:
    """Whether what a module puts out has the layout of what it is given."""
    from torch import nn
    from torch.nn.modules import activation, dropout

    if isinstance(module, nn.MultiheadAttention):
        return False
    return isinstance(module, nn.Identity) or type(module).__module__ in (activation.__name__, dropout.__name__, "transformers.activations")


def mark_layout(module: torch.nn.Module, args: Any, output: Any) -> None:
    """A hook: a ReLU behind a convolution puts out channels too, which its shape alone does not say."""
    layout = layout_of(module) or getattr(args[0] if args else None, LAYOUT, None)
    if layout is not None and hasattr(output, "dim"):
        setattr(output, LAYOUT, layout)


def _has_tokens_first(module: torch.nn.Module) -> bool:
    from torch.nn.modules import transformer

    parts = module.modules() if type(module).__module__ == transformer.__name__ else [module]
    return any(getattr(part, "batch_first", True) is False for part in parts)


def _least_dimensions(module: torch.nn.Module) -> int:
    """Dimensions that a convolution puts out for a batch; without a batch they are one fewer."""
    from torch.nn.modules import conv, instancenorm, pooling

    if not isinstance(module, conv._ConvNd | instancenorm._InstanceNorm) and type(module).__module__ != pooling.__name__:
        return 0
    names = (re.search(r"([123])d$", kind.__name__) for kind in type(module).__mro__)
    return next((int(found[1]) + 2 for found in names if found), 0)


def _pooled(name: str, tensor: torch.Tensor, convolution: Convolution) -> torch.Tensor:
    """Channels of `[n, channels, …]`: pooled, or at positions `[n, positions × channels]`, one position after the other."""
    import torch

    if convolution == "mean":
        return _widened(tensor).flatten(2).mean(dim=2).to(tensor.dtype)
    if convolution == "max":
        return tensor.flatten(2).amax(dim=2)
    parts = []
    for position in convolution:
        place = tuple(position)
        sizes = tuple(tensor.shape[2:])
        if len(place) != len(sizes) or any(not -size <= index < size for index, size in zip(place, sizes, strict=False)):
            raise BadValue(f"position {place} does not lie in layer {name}, whose maps are {' × '.join(map(str, sizes))}; choose others.")
        parts.append(tensor[(slice(None), slice(None), *place)])
    return torch.cat(parts, dim=1)


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.element_size() < 4 else tensor


def _shape_text(value: Any) -> str:
    return f"shape {list(value.shape)}" if hasattr(value, "shape") else type(value).__name__
