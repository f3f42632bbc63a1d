"""What a module of PyTorch is called with: masks and numbers of tokens."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from mirrorscope.errors import BadValue

if TYPE_CHECKING:
    import torch

# Of what a model is called with, what says that it has a decoder beside an encoder.
_OF_DECODERS = ("decoder_input_ids", "decoder_attention_mask", "decoder_inputs_embeds")


def is_token_ids(value: Any) -> TypeGuard[torch.Tensor]:
    import torch

    return isinstance(value, torch.Tensor) and value.dim() == 2 and not value.is_floating_point() and not value.is_complex()


def mask_tensor(mask: Any) -> torch.Tensor:
    import torch

    try:
        tensor = torch.as_tensor(mask).detach().to(device="cpu", copy=True)
    except (TypeError, ValueError, RuntimeError):
        raise BadValue(
            "attention_mask is no table of numbers; give [examples, tokens], as long for each example, 1 for a token and 0 for padding."
        ) from None
    if ((tensor != 0) & (tensor != 1)).any():
        raise BadValue("attention_mask holds other numbers than 0 and 1; give rows(attention_mask=…), 1 for a token and 0 for padding.")
    return tensor.bool()


def called_with(module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a module is called with, by name: in order too, or in a dictionary that comes first."""
    try:
        named = inspect.signature(module.forward).bind_partial(*args, **kwargs).arguments
    except (TypeError, ValueError):
        named = {}
    first = args[0] if args and isinstance(args[0], Mapping) else {}
    return {**first, **named, **kwargs}


def same_tokens(ids: Any, others: Any) -> bool:
    import torch

    if isinstance(ids, torch.Tensor) and isinstance(others, torch.Tensor):
        return bool(torch.equal(ids, others))
    return ids is others


def has_decoder(given: Mapping[str, Any]) -> bool:
    """Whether a model is called with the tokens of a decoder too."""
    return any(given.get(name) is not None for name in _OF_DECODERS)


def attention_mask(given: Mapping[str, Any]) -> Any:
    """The mask `[examples, tokens]` that a model is called with; None for masks of other shapes, which say which tokens see which."""
    mask = given.get("attention_mask")
    return mask if getattr(mask, "ndim", 0) == 2 else None


def tokens_given(given: Mapping[str, Any]) -> int | None:
    """How many tokens of each example a model is called with, where its arguments have the names of transformers."""
    for name, dimensions in (("input_ids", 2), ("inputs_embeds", 3)):
        if getattr(given.get(name), "ndim", 0) == dimensions:
            return int(given[name].shape[1])
    return None
