"""Studentised differences and their permutation p's by definition: python studentised.py > studentised.json

Welch's t where rows are free; CR1, G/(G-1) sum of squared block scores, where they lie in blocks. Every arrangement of the labels is listed.
"""

import itertools
import json

import numpy as np

rng = np.random.default_rng(5)


def t_free(x, g):
    a, b = x[g == 1], x[g == 0]
    return (a.mean(0) - b.mean(0)) / np.sqrt(a.var(0, ddof=1) / len(a) + b.var(0, ddof=1) / len(b))


def t_clustered(x, g, blocks):
    a, b = x[g == 1].mean(0), x[g == 0].mean(0)
    n1, n0 = (g == 1).sum(), (g == 0).sum()
    names = np.unique(blocks)
    u = 0
    for name in names:
        own = blocks == name
        score = (x[own & (g == 1)] - a).sum(0) / n1 - (x[own & (g == 0)] - b).sum(0) / n0
        u = u + score**2
    return (a - b) / np.sqrt(len(names) / (len(names) - 1) * u)


def variance_error(x, g, blocks):
    """Var(s^2)/s^4 of the pooled variance, by block."""
    e2 = np.where((g == 1)[:, None], x - x[g == 1].mean(0), x - x[g == 0].mean(0)) ** 2
    rest = e2 - np.where((g == 1)[:, None], e2[g == 1].mean(0), e2[g == 0].mean(0))
    names = np.unique(blocks)
    return len(names) / (len(names) - 1) * sum(rest[blocks == name].sum(0) ** 2 for name in names) / e2.sum(0) ** 2


def arrangements(g, blocks, design):
    if design == "free":
        for chosen in itertools.combinations(range(len(g)), int(g.sum())):
            new = np.zeros_like(g)
            new[list(chosen)] = 1
            yield new
    elif design == "within":
        names = np.unique(blocks)
        choices = [list(itertools.combinations(np.flatnonzero(blocks == name), int(g[blocks == name].sum()))) for name in names]
        for chosen in itertools.product(*choices):
            new = np.zeros_like(g)
            new[[row for rows in chosen for row in rows]] = 1
            yield new
    else:
        names = np.unique(blocks)
        label = np.array([g[blocks == name][0] for name in names])
        for chosen in itertools.combinations(range(len(names)), int(label.sum())):
            yield np.isin(blocks, names[list(chosen)]).astype(int)


cases = []
for design, g, blocks in [
    ("free", np.repeat([0, 1], [7, 5]), np.arange(12)),
    ("within", np.tile([0, 1, 0], 5), np.repeat(np.arange(5), 3)),
    ("whole", np.repeat([0, 1, 0, 1, 0, 1, 0, 1], [2, 3, 2, 2, 4, 2, 2, 3]), np.repeat(np.arange(8), [2, 3, 2, 2, 4, 2, 2, 3])),
]:
    x = np.round(rng.normal(size=(len(g), 3)) * [1, 2, 0.5] + [0, 3, 100], 3)
    x[:, 0] = np.maximum(x[:, 0], 0)
    x = x.astype(np.float32).astype(float)
    t = (lambda labels: t_free(x, labels)) if design == "free" else (lambda labels: t_clustered(x, labels, blocks))
    with np.errstate(all="ignore"):
        observed = t(g)
        every = np.array([t(labels) for labels in arrangements(g, blocks, design)])
    close = 1e-9 * np.maximum(1, np.abs(observed))
    cases.append({
        "design": design, "groups": g.tolist(), "blocks": None if design == "free" else blocks.tolist(), "values": x.ravel().tolist(), "units": 3,
        "t": observed.tolist(), "varianceErrors": [] if design == "free" else variance_error(x, g, blocks).tolist(), "arrangements": len(every), "greater": (every >= observed - close).mean(0).tolist(),
        "less": (every <= observed + close).mean(0).tolist(), "twoSided": (np.abs(every) >= np.abs(observed) - close).mean(0).tolist(),
        "maximum": (np.nanmax(every, 1)[:, None] >= observed - close).mean(0).tolist()})
print(json.dumps(cases))
