"""Writes a recording like that of a transformer: float layers without kernels, quadruples of prompts as items, their wordings as strata.

    python transformer.py [path layers units quadruples]

Without arguments it makes transformer.h5: 4 layers of 20 units, 24 quadruples. Layer 1 has a name that would end a script in a page.
"""

import sys

import h5py
import numpy as np

path, layers, units, quadruples = "transformer.h5", 4, 20, 24
if len(sys.argv) > 1:
    path, layers, units, quadruples = sys.argv[1], *(int(argument) for argument in sys.argv[2:5])

rng = np.random.default_rng(20)
phase = np.tile(np.arange(4, dtype=np.uint8), quadruples)
pair = np.repeat(np.arange(quadruples, dtype=np.int32), 4)
stratum = pair % max(2, quadruples // 8)
item = rng.normal(size=(quadruples, units))
wording = rng.normal(size=(stratum.max() + 1, units))
shared = np.where(np.arange(units) % 3 == 0, 1.0, 0.0)
own = np.where(np.arange(units) % 7 == 1, -1.2, 0.0)

with h5py.File(path, "w") as file:
    file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.1", "complete": 1, "writer": "transformer.py", "seed": 20})
    codes = h5py.enum_dtype({"none": 0, "self": 1, "other": 2, "both": 3}, basetype="u1")
    file.create_dataset("phase", data=phase, dtype=codes)
    file["pair"] = pair
    file["stratum"] = stratum.astype("i4")
    model = file.create_group("model")
    model.attrs.update({"network": "small transformer"})
    for index in range(layers):
        name = "block.1/</script><b>" if index == 1 else f"encoder.layer.{index}.intermediate.dense"
        rise = shared * (index + 1) * np.isin(phase, [1, 2, 3])[:, None] / layers + own * np.isin(phase, [1, 3])[:, None]
        values = item[pair] + 0.5 * wording[stratum] + rise + 0.8 * rng.normal(size=(len(phase), units))
        if index == 0:
            values[:, 2] = 0.25
        group = file.create_group(f"layers/{name}")
        group.attrs.update({"layer_index": index, "kind": "mlp", "activation_function": "gelu", "is_output": 0})
        group.create_dataset("activations", data=values.astype("f4"), chunks=(min(64, len(phase)), units), compression="gzip", shuffle=True)
