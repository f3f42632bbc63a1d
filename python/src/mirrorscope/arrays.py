"""Arrays of anyone as numpy arrays, and activations as they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.errors import BadValue

DTYPES = ("float16", "bfloat16", "float32", "float64")


def is_torch(value: Any) -> bool:
    """Whether this is a tensor of PyTorch, found out without importing it."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def to_numpy(value: Any) -> tuple[NDArray[Any], bool]:
    """The values of an array of numpy, JAX, TensorFlow or PyTorch, or of a list.

    Returns:
        The array, and whether it is bfloat16, whose bits it then holds as uint16.
    """
    if is_torch(value):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            import torch

            return value.contiguous().view(torch.int16).numpy().view(np.uint16), True
        try:
            return value.numpy(), False
        except (TypeError, RuntimeError):
            raise BadValue(f"a tensor is of type {value.dtype}, which numpy does not know; convert it to float32 first.") from None
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise BadValue("an array has masked values, which are missing data; leave their rows out, or fill them.")
    array = np.asarray(value)
    # ml_dtypes' type, which JAX and TensorFlow use.
    if array.dtype.name == "bfloat16":
        return array.view(np.uint16), True
    return array, False


def stored_activations(value: Any, dtype: str | None, *, what: str) -> tuple[NDArray[Any], str]:
    """Activations `[rows, units]` in the type that is stored, each finite.

    Args:
        dtype: One of `DTYPES`; None keeps the array's own. Narrower types round to the nearest, ties to even. uint16 with `bfloat16` is
            taken for its bits.
        what: The layer, for sentences.

    Returns:
        The numbers (bits as uint16 for bfloat16), and the type's name.
    """
    if dtype is not None and dtype not in DTYPES:
        raise BadValue(f"{what} has dtype '{dtype}'; it may be {', '.join(DTYPES)}.")
    array, is_bfloat16 = to_numpy(value)
    if array.ndim != 2:
        raise BadValue(f"{what} has activations of shape {list(array.shape)}; give [rows, units], a row for each value of the columns.")
    if array.shape[1] == 0:
        raise BadValue(f"{what} has no units; leave it out.")
    if array.dtype == np.uint16 and dtype == "bfloat16":
        is_bfloat16 = True
    if not is_bfloat16 and array.dtype.kind != "f":
        raise BadValue(f"{what} has activations of type {array.dtype}; give float16, bfloat16, float32 or float64.")
    if not is_bfloat16 and array.dtype.itemsize > 8:
        raise BadValue(f"{what} has activations of type {array.dtype}, which no recording holds; give float64.")
    own = "bfloat16" if is_bfloat16 else array.dtype.name
    if is_bfloat16:
        exponents = array & np.uint16(0x7F80)
        finite = exponents != 0x7F80
    else:
        finite = np.isfinite(array)
    if not finite.all():
        row, unit = (int(index) for index in np.argwhere(~finite)[0])
        number = float(floats_of(array[row, unit : unit + 1])[0]) if is_bfloat16 else float(array[row, unit])
        raise BadValue(
            f"{what}, unit {unit}, is {number} in row {row} of the batch; a recording holds finite activations only: find out where "
            "the network makes it, or leave the row out."
        )
    target = dtype or own
    if target == own:
        return array, target
    wide = floats_of(array) if is_bfloat16 else array
    narrow = bfloat16_bits(wide) if target == "bfloat16" else _narrowed(wide, target)
    overflown = (narrow & np.uint16(0x7F80)) == 0x7F80 if target == "bfloat16" else ~np.isfinite(narrow)
    if overflown.any():
        row, unit = (int(index) for index in np.argwhere(overflown)[0])
        raise BadValue(
            f"{what}, unit {unit}, is {float(wide[row, unit])} in row {row} of the batch, which {target} does not hold; record it as "
            "float32 or float64."
        )
    return narrow, target


def floats_of(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The numbers that bits of bfloat16 stand for."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def bfloat16_bits(values: NDArray[Any]) -> NDArray[np.uint16]:
    """The bits of the nearest bfloat16, ties to even; finite numbers only."""
    single = np.ascontiguousarray(_narrowed(values, "float32"))
    bits = single.view(np.uint32).astype(np.uint64)
    if values.dtype.itemsize > 4:
        # Rounded twice, a number next to a tie could go the wrong way: the first step keeps in the last bit that something was cut off.
        with np.errstate(over="ignore"):
            away = np.abs(single.astype(values.dtype)) > np.abs(values)
        bits = bits - away
        bits |= single.astype(values.dtype) != values
    rounded = (bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return rounded.astype(np.uint16)


def _narrowed(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(dtype)
