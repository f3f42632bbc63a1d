"""What a module of PyTorch says of itself as a layer of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mirrorscope.errors import BadValue
from mirrorscope.layer import Layer

if TYPE_CHECKING:
    import torch

_FUNCTIONS = {
    "Linear": "linear",
    "Identity": "linear",
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ELU": "elu",
    "Softmax": "softmax",
}


def described_layer(
    name: str, modules: Mapping[str, torch.nn.Module], weights_of: str | None, activation_function: str | None, is_output: bool
) -> Layer:
    """A layer with its kind and function as the module's class says, and the weights of the module that is named."""
    kind = type(modules[name]).__name__
    function = activation_function or _FUNCTIONS.get(kind)
    if function is None and kind == "LeakyReLU":
        # With its slope, so that ablation can replay it.
        function = f"leaky_relu({modules[name].negative_slope})"
    if weights_of is None:
        return Layer(name, kind="dense" if kind == "Linear" else kind.lower(), activation_function=function, is_output=is_output)
    source = modules.get(weights_of)
    weight = getattr(source, "weight", None)
    if weight is None or weight.dim() != 2 or type(source).__name__ == "Embedding":
        raise BadValue(f"weights takes those of {weights_of} for layer {name}, which is no module with a weight [unit, input].")
    bias = getattr(source, "bias", None)
    is_turned = type(source).__name__ == "Conv1D"
    return Layer(
        name,
        activation_function=function,
        is_output=is_output,
        kernel=weight.detach().cpu().clone(),
        # The Conv1D of transformers is a dense layer that keeps its weights the other way round.
        kernel_layout="input,unit" if is_turned else "unit,input",
        bias=weight.new_zeros(weight.shape[1 if is_turned else 0]).cpu() if bias is None else bias.detach().cpu().clone(),
    )
