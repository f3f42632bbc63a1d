"""Where the units are in what modules of PyTorch put out: behind the tokens, or in front of the positions of a map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mirrorscope.errors import BadValue

if TYPE_CHECKING:
    import torch

ChannelDimensions = int | Mapping[str, int]

# An attribute of tensors: where their units are.
_LAYOUT = "_mirrorscope_layout"


class Layouts:
    """The layouts of a model's layers, as their classes say it, and as marks on tensors hand it on to what functions make of them.

    Args:
        modules: The model's modules by name.
        given: The dimension of the units, of all layers or by a layer's name, where it is known better.
    """

    def __init__(self, modules: Mapping[str, torch.nn.Module], given: ChannelDimensions | None = None) -> None:
        self._modules = modules
        self._given = given
        if isinstance(given, Mapping):
            for name in given:
                if name not in modules:
                    raise BadValue(f"channel_dim names {name}, which is no module of the model.")
        # Numbers of channels that maps of one dimension have had in this forward pass.
        self._channels: set[int] = set()

    def hooks(self) -> list[Any]:
        """Handles of hooks that mark tensors; set before hooks that ask for dimensions. None where the model has no channels."""
        if not any(_layout_of(module) == "channels first" for module in self._modules.values()):
            return []
        return [
            module.register_forward_hook(self._mark) for module in self._modules.values() if _layout_of(module) or _keeps_layout(module)
        ]

    def begin(self) -> None:
        """Forgets the forward pass before."""
        self._channels.clear()

    def is_given(self, name: str) -> bool:
        """Whether a layer's dimension was said, not found."""
        return isinstance(self._given, int) or (self._given is not None and name in self._given)

    def dimension(self, name: str, module: torch.nn.Module, tensor: torch.Tensor) -> int:
        """The dimension of the units, from 1.

        `[n, units]` is what it seems. What convolutions put out, `[n, channels, …]`, has them in front, and so has what functions make of
        it. All else of three dimensions is `[examples, tokens, units]`. What may be one or the other is refused.
        """
        dimensions = tensor.dim()
        if self._given is not None and self.is_given(name):
            return self._given_dimension(name, tensor)
        if dimensions == 0:
            raise BadValue(f"layer {name} puts out a single number, not one for each example; leave it out of layers.")
        if dimensions == 1 or dimensions < _least_dimensions(module):
            raise BadValue(
                f"layer {name} puts out {shape_text(tensor)}, in which no dimension is that of the examples; call the model with a batch, "
                "or choose rows with a function."
            )
        if dimensions == 2:
            return 1
        if _has_tokens_first(module):
            raise BadValue(
                f"layer {name} puts out tokens first, then examples (batch_first=False); make it batch_first=True, or choose rows with a "
                "function."
            )
        layout = _layout_of(module) or getattr(tensor, _LAYOUT, None)
        if dimensions > 3 and layout == "units last":
            raise BadValue(
                f"layer {name} puts out {shape_text(tensor)}, units last, which are no channels; choose rows with a function, or say "
                "where they are: channel_dim=-1."
            )
        if dimensions > 3 or layout == "channels first":
            return 1
        if layout is None and int(tensor.shape[1]) in self._channels:
            raise BadValue(
                f"layer {name} puts out {shape_text(tensor)}, which may be {tensor.shape[1]} channels, as a convolution before it has, or "
                f"tokens; say where the units are: channel_dim={{'{name}': 1}} for channels, 2 behind tokens."
            )
        return 2

    def _given_dimension(self, name: str, tensor: torch.Tensor) -> int:
        given = self._given if isinstance(self._given, int) else (self._given or {})[name]
        dimensions = tensor.dim()
        dimension = given + dimensions if given < 0 else given
        if not 0 < dimension < dimensions:
            raise BadValue(
                f"channel_dim is {given} for layer {name}, which puts out {shape_text(tensor)}; give a dimension behind the examples'."
            )
        return dimension

    def _mark(self, module: torch.nn.Module, args: Any, output: Any) -> None:
        """A hook: a ReLU behind a convolution puts out channels too, which its shape alone does not say."""
        layout = _layout_of(module) or getattr(args[0] if args else None, _LAYOUT, None)
        if layout is None or not hasattr(output, "dim"):
            return
        setattr(output, _LAYOUT, layout)
        if layout == "channels first" and output.dim() == 3:
            self._channels.add(int(output.shape[1]))


def copy_mark(source: torch.Tensor, target: torch.Tensor) -> None:
    """Hands on what is known of a tensor's layout to another of the same shape."""
    layout = getattr(source, _LAYOUT, None)
    if layout is not None:
        setattr(target, _LAYOUT, layout)


def shape_text(value: Any) -> str:
    """A tensor's shape, or what else it is, for sentences."""
    return f"shape {list(value.shape)}" if hasattr(value, "shape") else type(value).__name__


def _layout_of(module: torch.nn.Module) -> str | None:
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


def _keeps_layout(module: torch.nn.Module) -> bool:
    """Whether what a module puts out has the layout of what it is given."""
    from torch import nn
    from torch.nn.modules import activation, dropout

    if isinstance(module, nn.MultiheadAttention):
        return False
    return isinstance(module, nn.Identity) or type(module).__module__ in (activation.__name__, dropout.__name__, "transformers.activations")


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
