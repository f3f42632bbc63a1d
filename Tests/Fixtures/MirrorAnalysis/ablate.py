"""A hand-made network whose help is driven by two known units, and numpy's own ablations of it and of two other recordings.

Run in this folder: python ablate.py   (h5py, numpy, scipy); writes planted.h5, deep.h5, chain.h5, chain_doubles.h5, chain_halves.h5 and ablate.json:
outcomes of the intact and the ablated network (zero and mean over all select rows, all in float64) on evaluate rows, per phase, from what is
stored; for the first case of deep.h5 and of chain.h5 also 95 % bootstrap intervals of the effects from 4,000 replicates of numpy's own, with
their standard deviations: of strata drawn whole, and of rows drawn inside phase (and label).

planted.h5: layer 1 has 10 units. Units 2 and 5 rise in self and other and alone drive help; unit 7, the decoy, has the largest contrast (in
self; its score, from other, is the third) and leads nowhere; the others are noise that feeds hop, jump and leap a little.
chain.h5: three hidden layers, so that rectified ones lie above the first; with /partner_acting. chain_doubles.h5 is such a network whose
activations, kernels and biases are float64; in chain_halves.h5 the activations, computed from unrounded ones, are stored as float16.
"""

import json

import h5py
import numpy as np
from scipy.stats import norm, t

ACTIONS = ["hop", "jump", "leap", "help"]
PHASES = ["none", "self", "other", "both"]


def write(name, phase, label, layers, split, stratum=None, acting=None, type="f4", kernel_type="f4"):
    """layers: (activations, kernel or None, bias or None, function)"""
    with h5py.File(name, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
        file["sample"] = np.arange(len(phase))
        file.create_dataset("phase", data=phase, dtype=h5py.enum_dtype({p: c for c, p in enumerate(PHASES)}, basetype="u1"))
        file.create_dataset("label", data=label, dtype=h5py.enum_dtype({a: c for c, a in enumerate(ACTIONS)}, basetype="u1"))
        file.create_dataset("split", data=split, dtype=h5py.enum_dtype({"select": 0, "evaluate": 1}, basetype="u1"))
        if stratum is not None:
            file["stratum"] = stratum.astype("i4")
        if acting is not None:
            file["partner_acting"] = acting.astype("u1")
        for index, (values, kernel, bias, function) in enumerate(layers):
            group = file.create_group(f"layers/dense_{index + 1}")
            group.attrs.update(
                {"layer_index": index, "kind": "dense", "activation_function": function, "is_output": int(index == len(layers) - 1)})
            group.create_dataset("activations", data=values.astype(type), chunks=(500, values.shape[1]), compression="gzip", shuffle=True)
            if kernel is not None:
                group["kernel"], group["bias"] = kernel.astype(kernel_type), bias.astype(kernel_type)


def stored(name):
    with h5py.File(name) as file:
        groups = [file[f"layers/dense_{i + 1}"] for i in range(len(file["layers"]))]
        return [
            (g["activations"][:].astype("f8"), *(g[p][:].astype("f8") if p in g else None for p in ("kernel", "bias")),
             g.attrs["activation_function"]) for g in groups]


def up(x, layers, kernel_type="f4"):
    for _, kernel, bias, function in layers:
        x = x @ kernel.astype(kernel_type).astype("f8") + bias.astype(kernel_type).astype("f8")
        x = np.maximum(x, 0) if function == "relu" else x
    return x


def planted(rng, rows=2400):
    phase = rng.integers(0, 4, rows)
    distress = (phase > 0).astype("f8")
    hidden = np.abs(rng.normal(0.5, 0.2, (rows, 10)))
    for unit in (2, 5):
        hidden[:, unit] = np.maximum(0, 1.0 * distress + rng.normal(0, 0.05, rows))
    hidden[:, 7] = np.maximum(0, np.where(phase == 2, 0.8, 2.5 * distress) + rng.normal(0, 0.05, rows))
    hidden = hidden.astype("f4").astype("f8")
    kernel = np.zeros((10, 4))
    kernel[[0, 1, 3, 4, 6, 8, 9], :3] = rng.uniform(0, 0.1, (7, 3))
    kernel[[2, 5], 3] = 1.0
    bias = np.array([0.5, 0.2, 0.1, -0.5])
    layers = [(None, kernel, bias, "linear")]
    label = np.where(distress > 0, 3, 0)
    return phase, label, [(hidden, None, None, "relu"), (up(hidden, layers), kernel, bias, "linear")]


def deep(rng, rows=900):
    phase = rng.integers(0, 4, rows)
    x = np.maximum(rng.normal(0, 1, (rows, 6)) + 0.4 * (phase > 0)[:, None], 0).astype("f4").astype("f8")
    upper = [(None, rng.normal(0, 0.5, (6, 5)), rng.normal(0, 0.1, 5), "relu"), (None, rng.normal(0, 0.7, (5, 4)), np.zeros(4), "linear")]
    middle = up(x, upper[:1])
    return phase, rng.integers(0, 4, rows), [
        (x, None, None, "relu"), (middle, *upper[0][1:]), (up(middle, upper[1:]), *upper[1][1:])]


def chain(rng, rows=500, type="f4", kernel_type="f4"):
    phase = rng.integers(0, 4, rows)
    x = np.maximum(rng.normal(0, 1, (rows, 7)) + rng.normal(0, 0.6, 7) * (phase > 0)[:, None], 0).astype(type).astype("f8")
    upper = [(None, rng.normal(0, 0.6, (i, o)), rng.normal(0, 0.1, o), f) for i, o, f in [(7, 6, "relu"), (6, 5, "relu"), (5, 4, "linear")]]
    values = [up(x, upper[:i], kernel_type) for i in range(4)]
    return phase, rng.integers(0, 4, rows), [(x, None, None, "relu")] + [(v, *u[1:]) for v, u in zip(values[1:], upper)]


def outcomes(y, phase, label):
    chosen = y.argmax(axis=1)
    result = {}
    for name, rows in [(p, phase == c) for c, p in enumerate(PHASES)] + [("all", np.ones(len(phase), bool))]:
        values = {f"mean:{a}": y[rows, i].mean() for i, a in enumerate(ACTIONS)}
        values |= {f"chosen:{a}": (chosen[rows] == i).mean() for i, a in enumerate(ACTIONS)}
        values["accuracy"] = (chosen[rows] == label[rows]).mean()
        for i, a in enumerate(ACTIONS):
            labelled = rows & (label == i)
            if labelled.any():
                values[f"accuracy:{a}"] = (chosen[labelled] == i).mean()
        result[name] = {k: float(v) for k, v in values.items()}
    return result


def cases(name, phase, label, split, targets, modes=("zero", "mean:all")):
    evaluate, select = split == 1, split == 0
    layers = stored(name)
    result = []
    for layer, units in targets:
        x, upper = layers[layer][0], layers[layer + 1:]
        for mode in modes:
            y = x.copy()
            y[:, units] = 0 if mode == "zero" else x[select][:, units].mean(axis=0)
            result.append(
                {"layer": f"dense_{layer + 1}", "units": units, "mode": mode,
                 "baseline": outcomes(up(x[evaluate], upper, "f8"), phase[evaluate], label[evaluate]),
                 "ablated": outcomes(up(y[evaluate], upper, "f8"), phase[evaluate], label[evaluate])})
    return result


def intervals(name, phase, label, split, layer, units, stratum=None, draws=4000):
    """Of the effects of setting units to 0: [low, high, standard deviation] by phase and outcome."""
    rng = np.random.default_rng(13)
    layers = stored(name)
    phase, label, x = phase[split == 1], label[split == 1], layers[layer][0][split == 1]
    cut = x.copy()
    cut[:, units] = 0
    before, after = (up(v, layers[layer + 1:], "f8") for v in (x, cut))
    hot = [np.eye(4)[y.argmax(axis=1)] for y in (before, after)]
    hit = [(y.argmax(axis=1) == label).astype("f8") for y in (before, after)]
    if stratum is not None:
        names, cluster = np.unique(stratum[split == 1], return_inverse=True)
        weight = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)[:, cluster]
    result = {}
    for p, rows in [(p, phase == c) for c, p in enumerate(PHASES)] + [("all", np.ones(len(phase), bool))]:
        columns = {f"mean:{a}": (after - before)[:, i] for i, a in enumerate(ACTIONS)}
        columns |= {f"chosen:{a}": (hot[1] - hot[0])[:, i] for i, a in enumerate(ACTIONS)}
        columns |= {"accuracy": hit[1] - hit[0]} | {f"accuracy:{a}": hit[1] - hit[0] for a in ACTIONS}
        result[p] = {}
        for outcome, values in columns.items():
            wanted = rows & (label == ACTIONS.index(outcome[9:])) if outcome.startswith("accuracy:") else rows
            if stratum is None:
                drawn = rng.integers(0, wanted.sum(), size=(draws, wanted.sum()))
                means = values[wanted][drawn].mean(axis=1)
            else:
                w = weight[:, wanted]
                means = (w @ values[wanted])[w.sum(axis=1) > 0] / w.sum(axis=1)[w.sum(axis=1) > 0]
            n = wanted.sum() if stratum is None else len(np.unique(cluster[wanted]))
            # Expanded percentiles (Hesterberg, 2015): sqrt((n - 1) / n) and t for the spread of n rows or strata.
            tail = norm.cdf(t.ppf(0.025, n - 1) * np.sqrt(n / (n - 1)))
            result[p][outcome] = [*np.quantile(means, [tail, 1 - tail]).tolist(), float(means.std())]
    return result


rng = np.random.default_rng(11)
result = {}
phase, label, layers = planted(rng)
split = rng.integers(0, 2, len(phase))
write("planted.h5", phase, label, layers, split)
result["planted.h5"] = cases("planted.h5", phase, label, split, [(0, [2, 5]), (0, [7]), (0, [0, 1, 9])])
phase, label, layers = deep(rng)
stratum = rng.integers(0, 40, len(phase))
split = rng.integers(0, 2, 40)[stratum]
write("deep.h5", phase, label, layers, split, stratum=stratum)
result["deep.h5"] = cases("deep.h5", phase, label, split, [(0, [1, 4]), (1, [0, 3]), (0, [5])])
result["deep.h5"][0]["interval"] = intervals("deep.h5", phase, label, split, 0, [1, 4], stratum)
golden = "../Golden/recording_2x17_epoch10.h5"
with h5py.File(golden) as file:
    phase, label = file["phase"][:], file["label"][:]
result[golden] = cases(golden, phase, label, np.ones(len(phase), int), [(0, [3, 7]), (1, [0, 1, 2, 3])], ["zero"])
rng = np.random.default_rng(12)
phase, label, layers = chain(rng)
split = rng.integers(0, 2, len(phase))
write("chain.h5", phase, label, layers, split, acting=rng.integers(0, 2, len(phase)))
result["chain.h5"] = cases("chain.h5", phase, label, split, [(0, [0, 6]), (1, [2]), (2, [1, 4])])
result["chain.h5"][0]["interval"] = intervals("chain.h5", phase, label, split, 0, [0, 6])
for seed, name, type, kernel_type in [(14, "chain_doubles.h5", "f8", "f8"), (15, "chain_halves.h5", "f2", "f4")]:
    rng = np.random.default_rng(seed)
    phase, label, layers = chain(rng, 600, type if type == "f8" else "f4", kernel_type)
    split = rng.integers(0, 2, len(phase))
    write(name, phase, label, layers, split, type=type, kernel_type=kernel_type)
    result[name] = cases(name, phase, label, split, [(0, [0, 6]), (1, [2]), (2, [1, 4])])
with open("ablate.json", "w") as out:
    json.dump(result, out)
