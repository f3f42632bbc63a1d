"""Writes three recordings of schema 1.0 with h5py, as a stranger would, and what numpy and scipy say of them.

Run in this folder: python foreign.py   (h5py 3.16, numpy 2.4, scipy 1.17)
Makes small.h5 (contiguous, plain integer phases), doubles.h5 (float64, gzip, enum, partner filter), halves.h5 (float16, odd chunks),
and expected.json with `cmni` and `stats` of each in float64.
"""

import json

import h5py
import numpy as np
from scipy import stats

PHASES = ["none", "self", "other", "both"]


def write(name, seed, rows, units, dtype, phase_type, partner, **storage):
    rng = np.random.default_rng(seed)
    phase = rng.choice(4, size=rows, p=[0.55, 0.18, 0.18, 0.09])
    acting = (rng.random(rows) < 0.7).astype("u1")
    layers = []
    with h5py.File(name, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
        file.create_group("model").attrs.update({"checkpoint_id": name[:-3], "epoch": seed, "validation_loss": 0.25})
        file["sample"] = np.arange(rows)
        file.create_dataset("phase", data=phase, dtype=phase_type)
        if partner:
            file["partner_acting"] = acting
        for index, width in enumerate(units):
            last = index == len(units) - 1
            effect = rng.normal(0, 0.4, size=(4, width))
            values = rng.gamma(1.5, 1, size=(rows, width)) - 1 + effect[phase]
            values = values if last else np.maximum(values, 0)
            values[:, 0] = 0 if index == 0 else values[:, 0]
            values = values.astype(dtype)
            group = file.create_group(f"layers/dense_{index + 1}")
            group.attrs.update({"layer_index": index, "kind": "dense", "activation_function": "relu", "is_output": int(last)})
            group.create_dataset("activations", data=values, **storage)
            layers.append((f"dense_{index + 1}", last, values.astype("f8")))
    kept = (acting == 1) if partner else np.ones(rows, bool)
    select = [phase == 0, (phase == 1) & kept, (phase == 2) & kept, phase == 3]
    return {"cmni": cmni(layers, select), "stats": moments(layers, select), "n": [int(s.sum()) for s in select]}


def cmni(layers, select):
    def scores(variant):
        total = []
        for _, is_output, x in layers:
            if variant == "hidden" and is_output:
                continue
            for u in range(x.shape[1]):
                none, own, other = (x[s, u] for s in select[:3])
                pair = [own.mean() - none.mean(), other.mean() - none.mean()]
                if variant == "standardised":
                    pooled = [
                        np.sqrt(
                            ((len(a) - 1) * a.var(ddof=1) + (len(none) - 1) * none.var(ddof=1)) / (len(a) + len(none) - 2)
                        )
                        for a in (own, other)
                    ]
                    pair = [d / p if p > 0 else 0 for d, p in zip(pair, pooled)]
                lowest = min(pair)
                if variant == "symmetric":
                    total.append(min(abs(pair[0]), abs(pair[1])) if pair[0] * pair[1] > 0 else 0)
                    continue
                total.append(lowest if variant == "formula" or lowest > 0 else 0)
        return total

    result = {}
    for variant in ["author", "formula", "hidden", "standardised", "symmetric"]:
        s = scores(variant)
        result[variant] = {"total_mns": float(np.sum(s)), "unit_count": len(s), "cmni": float(np.sum(s) / len(s))}
    return result


def moments(layers, select):
    rows = []
    for name, _, x in layers:
        for u in range(x.shape[1]):
            for phase, s in zip(PHASES, select):
                y = x[s, u]
                constant = y.min() == y.max()
                rows.append(
                    {
                        "layer": name, "unit": u, "phase": phase, "n": len(y), "mean": y.mean(), "variance": y.var(),
                        "skewness": None if constant else float(stats.skew(y)),
                        "kurtosis": None if constant else float(stats.kurtosis(y)), "minimum": y.min(), "maximum": y.max(),
                    }
                )
    return rows


enum = h5py.enum_dtype({name: code for code, name in enumerate(PHASES)}, basetype="u1")
expected = {
    "small.h5": write("small.h5", 1, 300, [5, 4], "f4", "i8", False),
    "doubles.h5": write("doubles.h5", 2, 700, [17, 17, 4], "f8", enum, True, chunks=(300, 4), compression="gzip", shuffle=True),
    "halves.h5": write("halves.h5", 3, 5000, [9, 3], "f2", enum, True, chunks=(777, 3), compression="gzip", fletcher32=True),
}
with open("expected.json", "w") as out:
    json.dump(expected, out)
