"""What numpy and scipy make of self-other overlap on made-up activations.

Run in this folder: python overlap.py   (numpy, scipy); writes overlap.json: for pairs inside wordings with none versions (wordings), pairs without
strata and without none rows in them (items) and strata in the place of pairs (strata) the columns, activations [rows x units] in float64 and per
measure n_pairs, self_other, self_self, other_other, none_self, none_other, null_mean (over all pairings that are allowed, by the plain mean of the
table of distances), interval and wording_only.
"""

import json

import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import skew, t as student

MEASURES = {"mse": "sqeuclidean", "cosine": "cosine", "correlation": "correlation"}


def means(x, rows, groups, wanted):
    return np.array([x[rows & (groups == g)].mean(axis=0) for g in wanted])


def skewed(mean, score):
    """From the lower to the larger end of t and of Hall's (1992) transformation of it."""
    n = len(score)
    error, q = np.sqrt(n / (n - 1) * (score**2).sum()), student.ppf(0.975, n - 1)
    g = skew(score)
    hall = lambda t: 3 * np.sqrt(n) / g * (np.cbrt(1 + g * (t / np.sqrt(n) - g / (6 * n))) - 1)
    return [min(mean - error * q, mean - error * hall(q)), max(mean + error * q, mean - error * hall(-q))]


def analyse(x, phase, pair, stratum):
    groups = stratum if pair is None else pair
    paired = np.ones(len(phase), bool) if pair is None else pair >= 0
    has = lambda k: set(groups[paired & (phase == k)])
    pairs = sorted(has(1) & has(2))
    s, o = (means(x, paired & (phase == k), groups, pairs) for k in (1, 2))
    with_none = sorted(set(pairs) & has(0))
    within = [None] * len(pairs)
    if pair is not None and stratum is not None:
        for i, p in enumerate(pairs):
            of = set(stratum[(pair == p) & (phase > 0) & (phase < 3)])
            within[i] = of.pop() if len(of) == 1 else None
    if with_none:
        n, ns, no = (means(x, paired & (phase == k), groups, with_none) for k in (0, 1, 2))
        references = [(n, ns), (n, no)]
    else:
        by = np.zeros(len(phase), int) if stratum is None else stratum
        references = []
        for k in (1, 2):
            both = sorted(set(by[phase == 0]) & set(by[phase == k]))
            references.append((means(x, phase == 0, by, both), means(x, phase == k, by, both)))
    rows_of = [int((paired & (phase == 2) & (groups == p)).sum()) for p in pairs]
    result = {}
    for name, metric in MEASURES.items():
        scale = 1 / x.shape[1] if name == "mse" else 1
        table = cdist(s, o, metric) * scale
        d = np.diag(table)
        sizes = {w: [i for i, v in enumerate(within) if v == w] for w in set(within) - {None}}
        several = {w: m for w, m in sizes.items() if len(m) > 1}
        inside = 2 * sum(map(len, several.values())) >= len(d)
        whole = list(several.values()) if inside else [list(range(len(d)))]
        # Only other versions of as many rows change places.
        split = [[[i for i in m if rows_of[i] == count] for count in sorted({rows_of[i] for i in m})] for m in whole]
        split = [[m for m in parts if len(m) > 1] for parts in split]
        moving = [m for parts in split for m in parts]
        null = sum(table[np.ix_(m, m)].sum() / len(m) for m in moving) + sum(d[i] for i in range(len(d)) if not any(i in m for m in moving))
        # A pair of no stratum, or of several, is a cluster of its own.
        clusters = [*sizes.values(), *([i] for i, v in enumerate(within) if v is None)]
        score = np.array([(d[m] - d.mean()).sum() / len(d) for m in (clusters if len(clusters) > 1 else range(len(d)))])
        interval = skewed(d.mean(), score)
        shares = []
        for w, m in several.items():
            outside = [i for i, v in enumerate(within) if v is not None and v != w]
            for i in m:
                shares.append((table[i, outside].mean(), np.mean([table[i, j] for j in m if j != i]), d[i]))
        across, near, own = np.mean(shares, axis=0) if shares else (np.nan,) * 3
        result[name] = {
            "n_pairs": len(d),
            "self_other": d.mean(),
            "self_self": pdist(s, metric).mean() * scale,
            "other_other": pdist(o, metric).mean() * scale,
            "none": [np.mean([cdist([u], [v], metric)[0, 0] for u, v in zip(*r)]) * scale for r in references],
            "null_mean": null / len(d),
            "exchange": "within" if inside else "free",
            "n_blocks": sum(map(bool, split)) if inside else sum(map(len, moving)),
            "interval": interval,
            "wording_only": (across - near) / (across - own) if shares else None,
        }
    return result


def make(design, rng):
    units = 5
    if design == "wordings":
        # Five wordings of 2 to 5 items, one of a single item, each with one or two rows a phase; some rows belong to no item.
        stratum = np.repeat(np.arange(6), [3, 5, 2, 4, 4, 1])
        rows = [(p, w, k) for p, w in enumerate(stratum) for k in (0, 1, 2) for _ in range(1 + (p + k) % 2)]
        rows += [(-1, 0, 0), (-1, 2, 1), (-1, 3, 2)]
        # A pair whose versions have different wordings.
        rows += [(19, 0, 1), (19, 1, 2), (19, 0, 0)]
    elif design == "items":
        rows = [(p, 0, k) for p in range(14) for k in (1, 2)] + [(-1, 0, 0)] * 9
    else:
        rows = [(-1, w, k) for w in range(11) for k in (0, 1, 1, 2)]
    order = rng.permutation(len(rows))
    pair, stratum, phase = np.array(rows)[order].T
    item, wording = rng.normal(size=(40, units)), rng.normal(size=(12, units))
    x = 0.8 * item[pair] * (pair >= 0)[:, None] + wording[stratum] + 0.4 * rng.normal(size=(len(phase), units))
    x += np.array([[0, 0, 0, 0, 0], [1, 0.5, 0, -1, 0], [0.5, 1, 0, -0.5, 1]])[phase] + 2
    pair = None if design == "strata" else pair
    stratum = None if design == "items" else stratum
    return {
        "phase": phase.tolist(),
        "pair": None if pair is None else pair.tolist(),
        "strata": None if stratum is None else stratum.tolist(),
        "values": x.ravel().tolist(),
        "units": units,
        "expected": analyse(x, phase, pair, stratum),
    }


rng = np.random.default_rng(13)
with open("overlap.json", "w") as out:
    json.dump({design: make(design, rng) for design in ("wordings", "items", "strata")}, out)
