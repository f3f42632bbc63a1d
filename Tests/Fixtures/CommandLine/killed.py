"""What a recorder leaves that is killed while it writes: not complete, and one layer a chunk ahead of the rest.

Run in this folder: python killed.py   (h5py, numpy); writes killed.h5.partial, which the example in the help of recover is about.
"""

import h5py
import numpy as np

rng = np.random.default_rng(1)
with h5py.File("killed.h5.partial", "w") as file:
    file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 0, "title": "killed"})
    file.create_group("model").attrs["epoch"] = 7
    file["sample"] = np.arange(24)
    file["phase"] = np.arange(24, dtype="u1") % 4
    for index, (rows, units) in enumerate([(32, 3), (24, 2)]):
        group = file.create_group(f"layers/dense_{index + 1}")
        group.attrs.update({"layer_index": index, "kind": "dense", "activation_function": "linear", "is_output": index})
        group["activations"] = rng.normal(size=(rows, units)).astype("f4")
