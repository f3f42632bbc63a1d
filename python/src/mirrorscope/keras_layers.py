"""The dense layers of a Keras model, and what they put out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirrorscope.errors import RecordingError
from mirrorscope.layer import Layer
from mirrorscope.recorder import Recorder

# Layers through which activations go as they are, when a network is not trained.
_PASSING = {"InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization", "Flatten", "Reshape"}
_FUNCTION_LAYERS = {"ReLU", "Activation", "Softmax", "LeakyReLU", "ELU"}


def from_keras(model: Any) -> list[Layer]:
    """The dense layers of a Keras model as `Recorder` takes them: kernels, biases and activation functions; the last is the output.

    An `Activation` or `ReLU` behind a dense layer without a function of its own counts as its function. A kernel is left out where
    another layer than dropout or flattening lies between it and the dense layer below: it cannot be replayed from that.

    Raises:
        RecordingError: For a model that is no chain of layers, that is not built, or that has no dense layer.
    """
    return [layer for layer, _ in _dense_chain(model)]


def record_keras(
    model: Any, inputs: Any, path: str | os.PathLike[str], *, batch_size: int = 256, store_inputs: bool = False, **options: Any
) -> int:
    """Records the dense layers of a Keras model on inputs, a batch at a time.

    Args:
        model: A Sequential or Functional chain.
        inputs: `[rows, …]`, as the model takes them.
        path: The recording to be.
        batch_size: Rows of a batch.
        store_inputs: Whether to record the inputs too, flattened.
        options: Columns of rows as in `Recorder.append`, whole (one value for each row, or a single one), and options of `Recorder`. A
            column that is a function is called with the outputs of each batch: `prediction=lambda output: output.argmax(axis=1)`. `seed` is
            the recording's; that of the network goes into `model_description={"hyperparameters": {"seed": 1}}`.

    Returns:
        The number of rows.
    """
    import keras

    path = os.fspath(path)
    chain = _dense_chain(model)
    taps = keras.Model(inputs=model.inputs, outputs=[tap.output for _, tap in chain])
    settings = {name: options.pop(name) for name in list(options) if name in _SETTINGS}
    settings["provenance"] = {"keras": keras.__version__, **settings.get("provenance", {})}
    inputs = np.asarray(inputs)
    rows = len(inputs)
    for name, given in options.items():
        if not callable(given) and not isinstance(given, str) and np.ndim(given) > 0 and len(given) != rows:
            raise RecordingError(
                f"{path}: column {name} has {len(given)} values for {rows} rows of inputs; give one for each, or a single one."
            )
    with Recorder(path, [layer for layer, _ in chain], **settings) as recorder:
        for start in range(0, rows, batch_size):
            part = slice(start, min(start + batch_size, rows))
            found = taps(inputs[part], training=False)
            found = list(found) if isinstance(found, list | tuple) else [found]
            outputs = [np.asarray(values).reshape(len(values), -1) for values in found]
            columns = {name: _part(given, part, outputs[-1]) for name, given in options.items()}
            if store_inputs:
                shown = inputs[part].reshape(part.stop - part.start, -1)
                columns["inputs"] = shown if shown.dtype in (np.uint8, np.float64) else shown.astype(np.float32)
            recorder.append({layer.name: values for (layer, _), values in zip(chain, outputs, strict=True)}, **columns)
        return recorder.row_count


_SETTINGS = {
    "dtype",
    "actions",
    "model_description",
    "provenance",
    "title",
    "seed",
    "command_line",
    "expected_rows",
    "compression",
    "chunk_rows",
    "text_bytes",
    "flush_seconds",
    "overwrite",
}


def _part(given: Any, rows: slice, outputs: Any) -> Any:
    if callable(given):
        return given(outputs)
    if isinstance(given, str) or np.ndim(given) == 0:
        return given
    return given[rows]


def _dense_chain(model: Any) -> list[tuple[Layer, Any]]:
    """Each dense layer with the Keras layer whose output is its activations."""
    name = getattr(model, "name", type(model).__name__)
    if not getattr(model, "built", False):
        raise RecordingError(f"the Keras model {name} is not built; call it once, or give its first layer an input shape.")
    chain: list[tuple[dict[str, Any], Any]] = []
    is_interrupted = False
    for layer in _in_order(model, name):
        kind = type(layer).__name__
        if kind != "Dense" and any(ancestor.__name__ == "Dense" for ancestor in type(getattr(layer, "layer", layer)).__mro__):
            raise RecordingError(
                f"the Keras model {name} has the layer {layer.name}, a {kind} made of a dense one; what it computes is not known: "
                "record it with Recorder."
            )
        if kind == "Dense":
            weights = layer.get_weights()
            function = _name_of(layer.activation)
            chain.append(({"name": layer.name, "activation_function": function}, layer))
            if not is_interrupted:
                units = weights[0].shape[1]
                chain[-1][0].update(kernel=weights[0], bias=weights[1] if len(weights) > 1 else np.zeros(units, weights[0].dtype))
            is_interrupted = False
        elif kind in _FUNCTION_LAYERS and chain and not is_interrupted and chain[-1][0]["activation_function"] == "linear":
            chain[-1] = ({**chain[-1][0], "activation_function": _function_of(layer)}, layer)
        elif kind not in _PASSING:
            is_interrupted = True
    if not chain:
        raise RecordingError(f"the Keras model {name} has no dense layer; record others with Recorder.")
    # What comes behind a last dense layer makes it no output.
    output = None if is_interrupted else len(chain) - 1
    return [(Layer(**given, is_output=index == output), tap) for index, (given, tap) in enumerate(chain)]


def _function_of(layer: Any) -> str:
    """The name of a function that is a layer: relu is the plain one alone, which ablation replays."""
    kind = type(layer).__name__
    if kind == "Activation":
        return _name_of(layer.activation)
    if kind == "ReLU" and layer.max_value is None and not layer.threshold:
        return f"leaky_relu({float(layer.negative_slope)})" if layer.negative_slope else "relu"
    if kind == "ReLU":
        return "clipped_relu"
    if kind == "LeakyReLU":
        # With its slope, so that ablation can replay it. Keras 2 calls it alpha.
        return f"leaky_relu({float(layer.negative_slope if hasattr(layer, 'negative_slope') else layer.alpha)})"
    return {"Softmax": "softmax", "ELU": "elu"}.get(kind, kind.lower())


def _name_of(activation: Any) -> str:
    # A layer may be given as the function of another one.
    if not hasattr(activation, "__name__"):
        return _function_of(activation)
    name = str(activation.__name__).lower()
    if name == "leaky_relu" and str(activation.__module__).split(".")[0] in ("keras", "tf_keras", "tensorflow"):
        # Called by name the function has this slope in Keras 2 (TensorFlow's) and 3. One of the user's may have any.
        return "leaky_relu(0.2)"
    return name


def _in_order(model: Any, name: str) -> Sequence[Any]:
    """The layers of a chain from input to output.

    Raises:
        RecordingError: Where a layer has several inputs, feeds several layers, or is used twice.
    """
    layers = list(model.layers)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise RecordingError(f"the Keras model {name} has several inputs or outputs; record its layers with Recorder.")
    for described in model.get_config()["layers"]:
        if len(described.get("inbound_nodes") or ()) > 1:
            used_twice = described["config"]["name"]
            raise RecordingError(f"the layer {used_twice} of the Keras model {name} is used twice; record it with Recorder.")
    used: dict[int, str] = {}
    for layer in layers:
        if hasattr(layer, "layers"):
            raise RecordingError(f"the layer {layer.name} of the Keras model {name} is itself a model; record its layers with Recorder.")
        source, target = layer.input, layer.output
        if isinstance(source, list | tuple) and len(source) != 1:
            raise RecordingError(f"the layer {layer.name} of the Keras model {name} has several inputs; record its layers with Recorder.")
        source = source[0] if isinstance(source, list | tuple) else source
        if type(layer).__name__ == "InputLayer" or source is target:
            continue
        if id(source) in used:
            raise RecordingError(
                f"the layers {used[id(source)]} and {layer.name} of the Keras model {name} have one input; record its layers with Recorder."
            )
        used[id(source)] = layer.name
    return layers
