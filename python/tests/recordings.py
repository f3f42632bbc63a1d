"""What is in a recording, and what is left on a model."""

from __future__ import annotations

import h5py


def stored(path, name):
    with h5py.File(path) as file:
        values = file[f"layers/{name}/activations"]
        found = values[:]
        return (found.astype("u4") << 16).view("f4") if values.attrs.get("dtype") == "bfloat16" else found


def column(path, name):
    with h5py.File(path) as file:
        values = file[f"rows/{name}"][:]
        return [value.decode() for value in values] if values.dtype.kind == "S" else values.tolist()


def hooks(model):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
