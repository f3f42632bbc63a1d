"""Reference sets, p, standardised mean differences and Shapley values of ablation on a small network, by numpy and by counting everything.

Run in this folder: python references.py   (h5py, numpy); writes references.h5 and references.json.

references.h5: 400 rows in 40 strata, /split by stratum; one hidden layer of 15 relu units and three linear outputs. Of each target:
the bins of the layer's units under every grid of quantile groups (mean activation over the evaluate rows, then the norm of the unit's row of
the kernel), how large a share of all sets of that size could be tested under it, and for the target under it how many sets there are to
compare with, the differences, and by outcome over all evaluate rows p, and mean and standard deviation (ddof 1) of the references' effects.
Shapley values of accuracy:c, from the definition, over all orders of the units (up to 4 units) or all subsets.
"""

import itertools
import json
import math

import h5py
import numpy as np

ACTIONS = ["a", "b", "c"]
GRIDS = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]
TARGETS = [[0, 3, 7, 9, 13], [1, 2, 5, 7, 10], [2, 8, 10, 11, 13], [6, 8, 10, 13], [5], [0, 1, 2, 3, 4, 6, 8, 10, 11]]

rng = np.random.default_rng(21)
rows, units = 400, 15
stratum = np.repeat(np.arange(40), 10)
phase = rng.integers(0, 4, rows)
x = np.maximum(rng.normal(rng.uniform(0, 1, units), 1, (rows, units)) + np.outer(phase > 0, rng.normal(0, 0.6, units)), 0).astype("f4")
kernel = rng.normal(0, 0.6, (units, 3)).astype("f4")
bias = np.array([0.3, 0.1, -0.2], "f4")
split = rng.permutation(np.repeat([0, 1], 20))[stratum]
y = x.astype("f8") @ kernel.astype("f8") + bias
label = np.where(rng.uniform(size=rows) < 0.8, y.argmax(1), rng.integers(0, 3, rows))

with h5py.File("references.h5", "w") as file:
    file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
    file["sample"] = np.arange(rows)
    file["stratum"] = stratum.astype("i4")
    for name, values, names in [("phase", phase, ["none", "self", "other", "both"]), ("label", label, ACTIONS), ("split", split, ["select", "evaluate"])]:
        file.create_dataset(name, data=values, dtype=h5py.enum_dtype({n: c for c, n in enumerate(names)}, basetype="u1"))
    for index, values in enumerate([x, y.astype("f4")]):
        group = file.create_group(f"layers/dense_{index + 1}")
        group.attrs.update(
            {"layer_index": index, "kind": "dense", "activation_function": ["relu", "linear"][index], "is_output": index})
        group["activations"] = values
        if index:
            group["kernel"], group["bias"] = kernel, bias

evaluate = split == 1
xe, le = x[evaluate].astype("f8"), label[evaluate]


def outcomes(ablated):
    z = xe.copy()
    z[:, list(ablated)] = 0
    out = z @ kernel.astype("f8") + bias.astype("f8")
    chosen = out.argmax(1)
    values = {f"mean:{a}": out[:, i].mean() for i, a in enumerate(ACTIONS)} | {f"chosen:{a}": (chosen == i).mean() for i, a in enumerate(ACTIONS)}
    return values | {"accuracy": (chosen == le).mean()} | {f"accuracy:{a}": (chosen[le == i] == i).mean() for i, a in enumerate(ACTIONS)}


def groups(members, values, count):
    return np.array_split(np.array(sorted(members, key=lambda u: (values[u], u)), int), count)


def bins(traits, grid):
    result = np.zeros(units, int)
    cells = [cell for part in groups(range(units), traits[0], grid[0]) for cell in groups(part, traits[1], grid[1])]
    for number, cell in enumerate(cells):
        result[cell] = number
    return result


traits = np.stack([xe.mean(0), np.linalg.norm(kernel.astype("f8"), axis=1)])
z = (traits - traits.mean(1, keepdims=True)) / traits.std(1, ddof=1, keepdims=True)
baseline = outcomes([])
effects = {}


def effect(units):
    key = tuple(sorted(units))
    if key not in effects:
        effects[key] = {k: v - baseline[k] for k, v in outcomes(key).items()}
    return effects[key]


def classes(grid, size):
    """All sets of a size, by how many of their units lie in each bin."""
    of = bins(traits, grid)
    found = {}
    for chosen in itertools.combinations(range(units), size):
        found.setdefault(tuple(np.bincount(of[list(chosen)], minlength=grid[0] * grid[1])), []).append(chosen)
    return of, found


def differences(members):
    means = np.array([z[:, list(s)].mean(1) for s in members])
    return means - means.mean(0)


def case(target):
    result = {"units": target, "grids": []}
    for grid in GRIDS:
        of, found = classes(grid, len(target))
        testable = 0
        for members in found.values():
            balanced = (abs(differences(members)) <= 0.25).all(1)
            testable += balanced.sum() if balanced.sum() >= 20 else 0
        members = found[tuple(np.bincount(of[target], minlength=grid[0] * grid[1]))]
        d = differences(members)
        own = members.index(tuple(target))
        balanced = [s for s, ok in zip(members, (abs(d) <= 0.25).all(1)) if ok and s != tuple(target)]
        others = [s for s in members if s != tuple(target)]
        tested = len(others) >= 19 and bool((abs(d[own]) <= 0.25).all()) and len(balanced) >= 19
        sets = balanced if tested else others
        entry = {
            "bins": of.tolist(), "testable": testable / math.comb(units, len(target)), "differences": d[own].tolist(), "references": len(sets),
            "isTested": tested, "outcomes": {}}
        for outcome, value in effect(target).items():
            e = np.array([effect(s)[outcome] for s in sets])
            p = (1 + (abs(e) >= abs(value) - 1e-12).sum()) / (1 + len(e)) if tested else None
            entry["outcomes"][outcome] = {
                "effect": value, "p": p, "mean": e.mean() if len(e) else None, "sd": e.std(ddof=1) if len(e) > 1 else None}
        result["grids"].append(entry)
    outcome = "accuracy:c"
    values = np.zeros(len(target))
    if len(target) <= 4:
        orders = list(itertools.permutations(range(len(target))))
        for order in orders:
            for place, unit in enumerate(order):
                before = [target[u] for u in order[:place]]
                values[unit] += (effect(before + [target[unit]])[outcome] - effect(before)[outcome]) / len(orders)
    else:
        n = len(target)
        for unit in range(n):
            rest = [u for u in range(n) if u != unit]
            for size in range(n):
                weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
                for before in itertools.combinations(rest, size):
                    names = [target[u] for u in before]
                    values[unit] += weight * (effect(names + [target[unit]])[outcome] - effect(names)[outcome])
    result["shapley"] = {"outcome": outcome, "values": values.tolist()}
    return result


with open("references.json", "w") as out:
    json.dump({"cases": [case(target) for target in TARGETS]}, out)
