"""numpy's own account of the edges of the recordings of ablate.py and, for some units, of the golden recording, in float64.

Run in this folder, after ablate.py: python circuit.py   (h5py, numpy); writes circuit.json: per edge weight, z against its kernel
(population sd), mean activation in each phase (partner-filtered) times weight, and the change of the mean output of the dominant action
over the evaluate rows when activation times weight is taken from the target's weighted sum. The dominant action has the most weight over the
target's paths through positive weights. The golden recording has no /split: its test gives it one, in which odd rows evaluate.
"""

import json

import h5py
import numpy as np


def edges(name, wanted=None):
    with h5py.File(name) as file:
        phase = file["phase"][:].astype(int)
        split = file["split"][:] if "split" in file else np.arange(len(phase)) % 2
        acting = file["partner_acting"][:] == 1 if "partner_acting" in file else np.ones(len(phase), bool)
        groups = [file["layers"][f"dense_{i + 1}"] for i in range(len(file["layers"]))]
        x = [g["activations"][:].astype("f8") for g in groups]
        kernel = [g["kernel"][:].astype("f8") for g in groups[1:]]
        bias = [g["bias"][:].astype("f8") for g in groups[1:]]
        function = [g.attrs["activation_function"] for g in groups[1:]]
    evaluate = split == 1
    counted = acting | (phase == 0) | (phase == 3)

    def up(values, level):
        for k, b, f in list(zip(kernel, bias, function))[level:]:
            values = values @ k + b
            values = np.maximum(values, 0) if f == "relu" else values
        return values

    rows = []
    for level, k in enumerate(kernel):
        paths = np.eye(4)
        for above in reversed(kernel[level + 1:]):
            paths = np.maximum(above, 0) @ paths
        sums = x[level][evaluate] @ k + bias[level]
        act = (lambda v: np.maximum(v, 0)) if function[level] == "relu" else (lambda v: v)
        before = up(act(sums), level + 1).mean(axis=0)
        for source in wanted[level] if wanted else range(k.shape[0]):
            for target in range(k.shape[1]):
                best = target if level == len(kernel) - 1 else int(np.argmax(paths[target]))
                has = level == len(kernel) - 1 or paths[target][best] > 0
                changed = sums.copy()
                changed[:, target] -= x[level][evaluate][:, source] * k[source, target]
                after = up(act(changed), level + 1).mean(axis=0)
                rows.append({
                    "layer": f"dense_{level + 1}", "source": source, "target": target, "weight": k[source, target],
                    "z": (k[source, target] - k.mean()) / k.std(),
                    "contributions": [x[level][counted & (phase == c), source].mean() * k[source, target] for c in range(4)],
                    "effect": float(after[best] - before[best]) if has else None,
                    "action": ["hop", "jump", "leap", "help"][best] if has else None,
                })
    return rows


with open("circuit.json", "w") as out:
    result = {name: edges(name) for name in ["planted.h5", "deep.h5", "chain.h5", "chain_doubles.h5", "chain_halves.h5"]}
    result["golden"] = edges("../Golden/recording_2x17_epoch10.h5", [[3, 7], [1]])
    json.dump(result, out)
