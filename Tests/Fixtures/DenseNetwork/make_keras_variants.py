"""Small files in Keras 2's legacy layout for KerasImportTests: weights alone without a bias, and models that must be refused.

Run: python make_keras_variants.py
"""
import json
import pathlib

import h5py
import numpy as np

here = pathlib.Path(__file__).parent
generator = np.random.default_rng(1)


def write(name, layers, config=None):
    """layers: [(name, {tensor: array})]; config: [(class, name, activation)] or None."""
    with h5py.File(here / f"{name}.h5", "w") as file:
        if config is None:
            weights = file
        else:
            weights = file.create_group("model_weights")
            described = [{"class_name": c, "config": {"name": n, "activation": a}} for c, n, a in config]
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": described}})
            file.attrs["keras_version"] = "2.15.0"
        # Fixed-length bytes, as Keras writes them (the golden files have variable-length text).
        weights.attrs["layer_names"] = np.array([n.encode() for n, _ in layers])
        for layer, tensors in layers:
            group = weights.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{t}:0".encode() for t in tensors])
            for tensor, values in tensors.items():
                group.create_dataset(f"{layer}/{tensor}:0", data=values.astype("f4"))


draw = lambda *shape: generator.integers(-8, 9, shape) / 8
write("keras_weights_only", [("a", {"kernel": draw(3, 2)}), ("drop", {}), ("b", {"kernel": draw(2, 4), "bias": draw(4)})])
write("keras_softmax", [("a", {"kernel": draw(3, 4), "bias": draw(4)})], [("Dense", "a", "softmax")])
write("keras_normalised", [("bn", {"gamma": draw(3), "beta": draw(3)})], [("BatchNormalization", "bn", None)])
write("keras_nan", [("a", {"kernel": np.array([[1.0, np.nan]]), "bias": draw(2)})], [("Dense", "a", "linear")])
write("keras_short_bias", [("a", {"kernel": draw(3, 4), "bias": draw(3)})], [("Dense", "a", "linear")])
