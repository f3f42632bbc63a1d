"""Writes two recordings with inputs, and what numpy says of their confounds.

Run in this folder: python audit.py   (h5py 3.16, numpy 2.4)
audit_game.h5: 100 uint8 columns, of which 98 holds the phase, and kernels; audit_floats.h5: 6 float columns, no kernels.
audit.json: value by recording, check and subject; baselines as [mean, sd] over many numpy draws.
"""

import json

import h5py
import numpy as np

NAMES = ["none", "self", "other", "both"]


def layer(file, index, values, kernel, last):
    group = file.create_group(f"layers/dense_{index + 1}")
    group.attrs.update({"layer_index": index, "kind": "dense", "activation_function": "linear" if last else "relu", "is_output": int(last)})
    group.create_dataset("activations", data=values.astype("f4"), compression="gzip")
    if kernel is not None:
        group["kernel"] = kernel.astype("f4")
        group["bias"] = np.zeros(kernel.shape[1], "f4")


def forward(x, kernels):
    layers = []
    for kernel in kernels:
        x = x @ kernel
        x = x if kernel is kernels[-1] else np.maximum(x, 0)
        layers.append(x)
    return layers


def glorot(rng, widths):
    return [rng.uniform(-1, 1, (a, b)) * np.sqrt(6 / (a + b)) for a, b in zip(widths, widths[1:])]


def scores(x, select):
    none, own, other = (x[s].mean(0) for s in select[:3])
    low = np.minimum(own - none, other - none)
    return np.where((own > none) & (other > none), low, 0)


def leak(column, codes, phases):
    return float(sum(max((column[codes == p] == v).mean() for p in phases) for v in np.unique(column)) / len(phases))


def difference(a, b):
    return float(abs(a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))


def audit(name, inputs, phase, label, acting, layers, widths):
    keep = np.ones(len(phase), bool) if acting is None else (acting == 1) | (phase == 0) | (phase == 3)
    codes = np.where(keep, phase, 255)
    select = [codes == p for p in range(4)]
    out = {}
    binned = inputs
    if inputs.dtype != np.uint8:
        low, high = inputs[keep].min(0), inputs[keep].max(0)
        low, high = low.astype(float), high.astype(float)
        binned = np.minimum(63, ((inputs - low) / (high - low) * 64).astype(int))
    for phases in [[0, 1, 2, 3], [0, 1], [0, 2], [1, 2]]:
        best = [leak(binned[:, c], codes, phases) for c in range(inputs.shape[1])]
        out["label leak|" + "/".join(NAMES[p] for p in phases)] = max(best)
    for p in (1, 2):
        pair = f"none/{NAMES[p]}"
        share = [np.bincount(label[select[q]], minlength=4) / select[q].sum() for q in (0, p)]
        out[f"matched label|{pair}"] = float(np.abs(share[0] - share[1]).sum() / 2)
        if inputs.shape[1] == 100:
            players = inputs[:, 32:64] > 0
            quantities = {
                "energy": inputs[:, 97].astype(float), "rough ground": (inputs[:, :32] == 2).sum(1).astype(float),
                "rear player's cell": players.argmax(1).astype(float), "front player's cell": (31 - players[:, ::-1].argmax(1)).astype(float),
            }
            for quantity, x in quantities.items():
                out[f"matched {quantity}|{pair}"] = difference(x[select[0]], x[select[p]])
        dropped = ((phase == p) & ~keep).sum()
        if acting is not None:
            out[f"partner filter|{NAMES[p]}"] = float(dropped / (phase == p).sum())
    x = inputs.astype(float)
    out["baseline CMNI|raw inputs"] = float(scores(x, select).mean())
    rng = np.random.default_rng(99)
    units = sum(widths[1:])
    draws = [scores(x @ rng.normal(0, 1 / np.sqrt(x.shape[1]), (x.shape[1], units)), select).mean() for _ in range(1000)]
    out["baseline CMNI|random projection"] = [float(np.mean(draws)), float(np.std(draws, ddof=1))]
    if inputs.shape[1] == 100:
        draws = [np.concatenate([scores(h, select) for h in forward(x, glorot(rng, widths))]).mean() for _ in range(400)]
        out["baseline CMNI|untrained network"] = [float(np.mean(draws)), float(np.std(draws, ddof=1))]
    counts = [int(s.sum()) for s in select[:3]]
    out["unequal n|none/self/other"] = max(counts) / min(counts)
    mns = [scores(h.astype("f4").astype(float), select) for h in layers]
    total = sum(m.sum() for m in mns)
    out["MNS of outputs|output layer"] = float(mns[-1].sum() / total)
    for index, h in enumerate(layers):
        h = h.astype("f4")[keep]
        flat = h.min(0) == h.max(0)
        out[f"dead units|dense_{index + 1}"] = float((flat & (h[0] == 0)).mean())
        out[f"constant units|dense_{index + 1}"] = float((flat & (h[0] != 0)).mean())
    return out


def write(name, inputs, phase, label, acting, layers, kernels):
    with h5py.File(name, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
        file["sample"] = np.arange(len(phase))
        file["phase"] = phase.astype("u1")
        file["label"] = label.astype("u1")
        if acting is not None:
            file["partner_acting"] = acting
        file.create_dataset("inputs", data=inputs, compression="gzip", shuffle=True)
        for index, values in enumerate(layers):
            layer(file, index, values, kernels[index] if kernels else None, index == len(layers) - 1)


def game():
    rng = np.random.default_rng(5)
    rows = 900
    phase = rng.choice(4, rows, p=[0.5, 0.2, 0.2, 0.1])
    inputs = np.zeros((rows, 100), "u1")
    inputs[:, :32] = 1 + (rng.random((rows, 32)) < (0.05 + 0.05 * (phase > 0))[:, None])
    for row in range(rows):
        frog, toad = rng.integers(0, 32, 2)
        inputs[row, 32 + frog] = 9 if phase[row] in (1, 3) else 4
        inputs[row, 32 + toad] = 9 if phase[row] in (2, 3) else 5
    inputs[:, 64:96] = 3 * (rng.random((rows, 32)) < 0.25)
    inputs[:, 97] = rng.choice([0, 2, 8, 18], rows) * (phase != 1)
    inputs[:, 98] = phase
    label = np.where(phase == 1, rng.integers(0, 3, rows), rng.integers(0, 4, rows))
    acting = (rng.random(rows) < 0.6).astype("u1")
    widths = [100, 7, 4]
    kernels = glorot(rng, widths)
    kernels[0][:, 2] = -np.abs(kernels[0][:, 2])  # dead
    layers = forward(inputs.astype(float), kernels)
    write("audit_game.h5", inputs, phase, label, acting, layers, kernels)
    return audit("audit_game.h5", inputs, phase, label, acting, layers, widths)


def floats():
    rng = np.random.default_rng(6)
    rows = 700
    phase = rng.choice(4, rows, p=[0.4, 0.25, 0.25, 0.1])
    inputs = rng.normal(0, 1, (rows, 6)).astype("f4")
    inputs[:, 4] += (2.5 * (phase == 2)).astype("f4")
    label = rng.integers(0, 4, rows)
    widths = [6, 5, 3]
    layers = forward(inputs.astype(float), glorot(rng, widths))
    layers[0][:, 1] = 0.5  # constant
    write("audit_floats.h5", inputs, phase, label, None, layers, None)
    return audit("audit_floats.h5", inputs, phase, label, None, layers, widths)


with open("audit.json", "w") as out:
    json.dump({"audit_game": game(), "audit_floats": floats()}, out, indent=1)
