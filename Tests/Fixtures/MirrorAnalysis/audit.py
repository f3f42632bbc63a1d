"""Writes three recordings with inputs, and what numpy says of their confounds.

Run in this folder: python audit.py   (h5py 3.16, numpy 2.4, scipy 1.17)
audit_game.h5: 100 uint8 columns, of which 98 holds the phase, and kernels; audit_floats.h5: 6 float columns, no kernels;
audit_strata.h5: 9 float64 columns, strata, no label, no both phase, one hidden layer, a column with an outlier of 1e30, a constant one
and one that holds a number of its own for each stratum.
audit.json: value by recording, check and subject; baselines as [mean, sd] over many numpy draws; thresholds of leaks.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
from scipy.stats import binom

sys.path.append(str(Path(__file__).parent.parent / "Statistics"))
from folds import folds  # noqa: E402

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


def bins(column, learn):
    """Whole numbers 0 to 255 as they are (256: anything else); others between quantiles of the half that is learnt on."""
    known = column[learn]
    if np.all(np.isin(known, np.arange(256))):
        return np.where(np.isin(column, np.arange(256)), column, 256).astype(int)
    count = min(256, max(64, len(known) // 8))
    edges = np.unique(np.sort(known)[np.arange(1, count) * len(known) // count])
    return np.searchsorted(edges, column, side="right")


def leak(inputs, codes, strata, phases, learn):
    """The best column's accuracy on the other half, and the accuracy from which it is not ok."""
    order = sorted(phases, key=lambda p: (-np.sum(codes[learn] == p), p))
    inside = np.isin(codes, phases)
    train, test = inside & learn, inside & ~learn & (codes < 4)
    best = 0
    for column in inputs.T:
        b = bins(column, learn & (codes < 4))
        table = np.array([np.bincount(b[train & (codes == p)], minlength=257) for p in order])
        guess = np.array(order)[table.argmax(0)]
        best = max(best, np.mean(guess[b[test]] == codes[test]))
    chance = max(np.mean(codes[test] == p) for p in phases)
    n = test.sum()
    if strata is not None:  # Kish's effective number of pairs of a stratum and a phase
        _, sizes = np.unique(np.stack([strata[test], codes[test]]), axis=1, return_counts=True)
        n = int(sizes.sum() ** 2 // (sizes**2).sum())
    right = np.arange(n + 1)
    significant = right[inputs.shape[1] * binom.sf(right - 1, n, chance) <= 0.01]
    return float(best), float(max(significant[0] / n, (1 + chance) / 2))


def difference(a, b):
    return float(abs(a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))


def serial(values, codes, strata):
    """Neighbours in file order inside strata: agreement of phases beyond chance, and the mean of the units' lag-1 autocorrelations."""
    group = np.zeros(len(codes), int) if strata is None else strata
    same, expected, pairs = 0, 0.0, []
    cell = np.full(len(codes), -1)
    for number, s in enumerate(np.unique(group)):
        rows = np.flatnonzero((group == s) & (codes < 4))
        counts = np.bincount(codes[rows])
        share = (counts * (counts - 1)).sum() / (len(rows) * (len(rows) - 1))
        cell[rows] = 4 * number + codes[rows]
        for a, b in zip(rows, rows[1:]):
            if b == a + 1:
                pairs.append((a, b))
                same += codes[a] == codes[b]
                expected += share
    size = {c: (cell == c).sum() for c in np.unique(cell[cell >= 0])}
    r = []
    for x in values.T.astype("f4").astype(float):
        e, square = np.zeros(len(x)), {}
        for c in size:
            e[cell == c] = x[cell == c] - x[cell == c].mean()
            square[c] = (e[cell == c] ** 2).sum()
        variance = sum(square.values()) / sum(n - 1 for n in size.values())
        used = [(a, b) for a, b in pairs if size[cell[a]] > 1 and size[cell[b]] > 1]
        if variance > 1e-20:
            terms = [e[a] * e[b] + (square[cell[a]] / (size[cell[a]] * (size[cell[a]] - 1)) if cell[a] == cell[b] else 0) for a, b in used]
            r.append(np.mean(terms) / variance)
    return float((same - expected) / (len(pairs) - expected)), float(np.mean(r))


def audit(inputs, phase, label, acting, layers, widths, strata=None):
    keep = np.ones(len(phase), bool) if acting is None else (acting == 1) | (phase == 0) | (phase == 3)
    codes = np.where(keep, phase, 255)
    select = [codes == p for p in range(4)]
    out = {}
    members = np.flatnonzero(keep)
    half = folds(codes[members], None if strata is None else strata[members], 2, 1, "audit leak halves")
    learn = np.zeros(len(phase), bool)
    learn[members[half == 0]] = True
    for phases in [[p for p in range(4) if select[p].any()], [0, 1], [0, 2], [1, 2]]:
        subject = "label leak|" + "/".join(NAMES[p] for p in phases)
        out[subject], out["threshold|" + subject] = leak(inputs, codes, strata, phases, learn)
    for p in (1, 2):
        pair = f"none/{NAMES[p]}"
        if label is not None:
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
        out["lag-1 autocorrelation|phases"], out[f"lag-1 autocorrelation|dense_{index + 1}"] = serial(h, codes, strata)
        h = h.astype("f4")[keep]
        flat = h.min(0) == h.max(0)
        out[f"dead units|dense_{index + 1}"] = float((flat & (h[0] == 0)).mean())
        out[f"constant units|dense_{index + 1}"] = float((flat & (h[0] != 0)).mean())
    return out


def write(name, inputs, phase, label, acting, layers, kernels, strata=None):
    with h5py.File(name, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
        if "game" in name:
            file.attrs["writer"] = "frogtoad 0.1"
        file["sample"] = np.arange(len(phase))
        file["phase"] = phase.astype("u1")
        if label is not None:
            file["label"] = label.astype("u1")
        if strata is not None:
            file["stratum"] = strata.astype("i4")
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
    return audit(inputs, phase, label, acting, layers, widths)


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
    return audit(inputs, phase, label, None, layers, widths)


def strata():
    rng = np.random.default_rng(8)
    rows, episodes = 400, 50
    stratum = rng.permutation(np.arange(rows) % episodes) * 3 - 10
    phase = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    phase[17] = 1
    inputs = rng.normal(0, 3, (rows, 9))
    inputs[:, 2] = np.where(rng.random(rows) < 0.1, 0, phase) + 0.3 * rng.random(rows)
    inputs[17, 2] = 1e30
    inputs[:, 4] = 0.1
    inputs[:, 5] = rng.normal(0, 1, episodes)[(stratum + 10) // 3]
    inputs[:, 7] += 2 * phase
    widths = [9, 3, 2]
    layers = forward(np.clip(inputs, -9, 9), glorot(rng, widths))
    write("audit_strata.h5", inputs, phase, None, None, layers, None, stratum)
    return audit(inputs, phase, None, None, layers, widths, stratum)


with open("audit.json", "w") as out:
    json.dump({"audit_game": game(), "audit_floats": floats(), "audit_strata": strata()}, out, indent=1)
