"""Kernels and biases as they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import floats_of, to_numpy
from mirrorscope.errors import BadValue
from mirrorscope.layer import Layer


def stored_parameters(layer: Layer, units: int) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Kernel and bias of a layer as they are stored."""
    if layer.kernel_layout not in ("input,unit", "unit,input"):
        raise BadValue(f"layer {layer.name} has kernel_layout '{layer.kernel_layout}'; it may be 'input,unit' or 'unit,input'.")
    kernel = None if layer.kernel is None else _parameter(f"the kernel of layer {layer.name}", layer.kernel)
    bias = None if layer.bias is None else _parameter(f"the bias of layer {layer.name}", layer.bias)
    if kernel is not None:
        axis = 0 if layer.kernel_layout == "unit,input" else 1
        if kernel.ndim != 2 or kernel.shape[axis] != units:
            raise BadValue(
                f"the kernel of layer {layer.name} has shape {list(kernel.shape)}, but the layer has {units} units; with kernel_layout "
                f"'{layer.kernel_layout}' give [{layer.kernel_layout.replace(',', ', ')}]."
            )
    if bias is not None and bias.shape != (units,):
        raise BadValue(f"the bias of layer {layer.name} has shape {list(bias.shape)}; give one value for each of its {units} units.")
    return kernel, bias


def _parameter(what: str, value: Any) -> NDArray[Any]:
    array, is_bfloat16 = to_numpy(value)
    if is_bfloat16:
        array = floats_of(array)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise BadValue(f"{what} is of type {array.dtype}; give float32 or float64.")
    if not np.isfinite(array).all():
        raise BadValue(f"{what} holds numbers that are not finite; a recording holds finite weights only.")
    wide = "<f8" if array.dtype.itemsize == 8 else "<f4"
    return np.ascontiguousarray(array, dtype=wide)
