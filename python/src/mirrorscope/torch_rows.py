"""From what a module of PyTorch puts out to rows: which tokens, which positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mirrorscope.errors import BadValue
from mirrorscope.torch_layouts import Layouts, shape_text

if TYPE_CHECKING:
    import torch

RowRule = Literal["last", "mean", "all"]
RowFunction = Callable[["torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]
Convolution = Literal["mean", "max"] | Sequence[tuple[int, ...]]


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
        # Whether every position is a token.
        self._is_whole = mask is None or bool(mask.all())

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

        if self.mask is None or self._is_whole:
            return tensor[:, -1]
        return tensor[torch.arange(len(tensor), device=tensor.device), last_tokens(self.mask.to(tensor.device))]

    def mean(self, tensor: torch.Tensor) -> torch.Tensor:
        """Of each example the mean over its tokens, taken in float32 at least."""
        wide = _widened(tensor)
        if self.mask is None or self._is_whole:
            return wide.mean(dim=1).to(tensor.dtype)
        mask = self.mask.to(tensor.device).unsqueeze(-1)
        # Padding may hold NaN: it is left out, not multiplied by 0.
        return (wide.masked_fill(~mask, 0).sum(dim=1) / mask.sum(dim=1)).to(tensor.dtype)

    def all(self, tensor: torch.Tensor) -> torch.Tensor:
        """Every token, example after example."""
        if self.mask is None or self._is_whole:
            return tensor.flatten(0, 1)
        return tensor[self.mask.to(tensor.device)]


def last_tokens(mask: torch.Tensor) -> torch.Tensor:
    """Of each example the index of its last token, of a mask `[examples, tokens]`."""
    import torch

    return mask.shape[1] - 1 - mask.flip(1).to(torch.uint8).argmax(dim=1)


def rows_of(
    name: str,
    module: torch.nn.Module,
    tensor: torch.Tensor,
    rule: RowRule | RowFunction,
    convolution: Convolution,
    tokens: Tokens,
    layouts: Layouts,
) -> torch.Tensor:
    """`[rows, units]` of a layer's output.

    `[n, units]` is taken as it is; of `[examples, tokens, units]` the tokens that the rule says; maps, whose units are channels, are pooled
    over their positions, or taken at chosen ones. A function gets every layer's tensor as it is.
    """
    if callable(rule):
        rows = rule(tensor, tokens.mask)
        if not hasattr(rows, "dim") or rows.dim() != 2:
            raise BadValue(f"the function for rows gave {shape_text(rows)} for layer {name}; it has to give a tensor [rows, units].")
        return rows
    dimension = layouts.dimension(name, module, tensor)
    if tensor.dim() == 2:
        if tokens.examples not in (None, len(tensor)):
            raise BadValue(
                f"layer {name} has {len(tensor)} rows for {tokens.examples} examples, perhaps one for each token; choose rows with a "
                "function."
            )
        return tensor
    if tensor.dim() == 3 and dimension == 2:
        tokens.see(name, tensor)
        return {"last": tokens.last, "mean": tokens.mean, "all": tokens.all}[rule](tensor)
    return _pooled(name, tensor.movedim(dimension, 1), convolution)


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
        index: Any = (slice(None), slice(None), *place)
        parts.append(tensor[index])
    return torch.cat(parts, dim=1)


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.element_size() < 4 else tensor
