"""The first 4,000 of the golden states as HDF5 and what the Keras networks beside this script give on them: oracle of KerasImportTests.

Float64 numpy, the veiled input of method.md §2 and the index of §4. Run: python golden_slice.py path/to/states_test.csv.gz
"""
import json
import pathlib
import sys

import h5py
import numpy as np

ROWS = 4000
here = pathlib.Path(__file__).parent
table = np.loadtxt(sys.argv[1], delimiter=",", dtype=np.uint8)[:ROWS]
states, labels = table[:, :100], table[:, 100]
with h5py.File(here / "golden_slice.h5", "w") as file:
    file.create_dataset("states", data=states, compression="gzip", compression_opts=9)
    file.create_dataset("labels", data=labels, compression="gzip", compression_opts=9)


def forward(path, inputs):
    with h5py.File(path) as file:
        weights = file["model_weights"]
        dense = [n for n in weights.attrs["layer_names"] if len(weights[n].attrs["weight_names"])]
        activations, values = [], inputs.astype(float)
        for name in dense:
            kernel, bias = (weights[name][w][...].astype(float) for w in weights[name].attrs["weight_names"])
            values = values @ kernel + bias
            if name != dense[-1]:
                values = np.maximum(values, 0)
            activations.append(values)
    return activations


def cmni(activations):
    scenario, players = states[:, 98], states[:, 32:64]
    phase = {
        "none": scenario == 0,
        "self": (scenario == 1) & (players == 5).any(axis=1),
        "other": (scenario == 2) & (players == 4).any(axis=1),
    }
    mean = {name: np.concatenate([a[rows].mean(axis=0) for a in activations]) for name, rows in phase.items()}
    own, other = mean["self"] - mean["none"], mean["other"] - mean["none"]
    return float(np.where((own > 0) & (other > 0), np.minimum(own, other), 0).mean())


veiled = states.copy()
veiled[:, [96, 98, 99]] = 0
expected = {}
for path in sorted(here.glob("keras_*_epoch*.h5")):
    activations = forward(path, veiled)
    leaking = veiled.copy()
    leaking[:, 98] = states[:, 98]
    expected[path.stem] = {
        "cmni": cmni(activations),
        "leakingCMNI": cmni(forward(path, leaking)),
        "accuracy": float((activations[-1].argmax(axis=1) == labels).mean()),
        "hidden": [a.shape[1] for a in activations[:-1]],
    }
(here / "golden_slice.json").write_text(json.dumps(expected, indent=1) + "\n")
