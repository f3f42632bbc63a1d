"""What scipy, statsmodels and numpy say of the contrasts in small.h5, doubles.h5, halves.h5 and, inside its strata, strata.h5.

Run in this folder, after foreign.py and correlate.py: python inference.py   (h5py, numpy, scipy, statsmodels); writes inference.json:
per unit Hedges' g, Welch's one-sided p and Benjamini-Hochberg q of the conjunction (closed forms, float64), and by numpy's own
permutations (4,000) and bootstrap (4,000) the p per unit, the null of CMNI and its interval, to be met within Monte-Carlo error.
"""

import json

import h5py
import numpy as np
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

VARIANTS = ["author", "formula", "hidden", "standardised"]


def load(name):
    with h5py.File(name) as file:
        phase = file["phase"][:].astype(int)
        acting = file["partner_acting"][:] == 1 if "partner_acting" in file else np.ones(len(phase), bool)
        names = sorted(file["layers"])
        x = [file["layers"][n]["activations"][:].astype("f8") for n in names]
        output = np.concatenate([np.full(v.shape[1], n == names[-1]) for n, v in zip(names, x)])
        stratum = file["stratum"][:] if "stratum" in file else None
    keep = (phase == 0) | (((phase == 1) | (phase == 2)) & acting)
    x = np.concatenate(x, axis=1)[keep]
    # Shifted, so that a large mean does not cost numpy digits.
    return x - x[0], phase[keep], output, None if stratum is None else np.unique(stratum[keep], return_inverse=True)[1]


def hedges(a, b):
    m = len(a) + len(b) - 2
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / m)
    j = np.exp(special.gammaln(m / 2) - np.log(np.sqrt(m / 2)) - special.gammaln((m - 1) / 2))
    return (a.mean() - b.mean()) / pooled * j


def contrast(x, codes, code, standardised):
    a, b = x[codes == code], x[codes == 0]
    d = a.mean(axis=0) - b.mean(axis=0)
    if standardised:
        pooled = np.sqrt((((a - a.mean(axis=0)) ** 2).sum(axis=0) + ((b - b.mean(axis=0)) ** 2).sum(axis=0)) / (len(a) + len(b) - 2))
        d = np.where(pooled > 0, d / np.where(pooled > 0, pooled, 1), 0)
    return d


def index(own, other, output, variant):
    low = np.minimum(own, other)
    low = low if variant == "formula" else np.maximum(low, 0)
    return low[~output].mean() if variant == "hidden" else low.mean()


def pools(codes, code, stratum):
    """The rows whose labels change places with one another: all of the two phases, or those of each stratum."""
    used = (codes == 0) | (codes == code)
    return [np.flatnonzero(used if stratum is None else used & (stratum == s)) for s in ([0] if stratum is None else set(stratum))]


def shuffled(codes, pools, rng):
    result = codes.copy()
    for pool in pools:
        result[pool] = rng.permutation(codes[pool])
    return result


def analyse(name, draws=4000):
    x, codes, output, stratum = load(name)
    rng = np.random.default_rng(5)
    units = []
    for u in range(x.shape[1]):
        y = x[:, u]
        if y.min() == y.max():
            units.append(None)
            continue
        p = [stats.ttest_ind(y[codes == c], y[codes == 0], equal_var=False, alternative="greater").pvalue for c in (1, 2)]
        units.append({"g": [hedges(y[codes == c], y[codes == 0]) for c in (1, 2)], "welch": p})
    tested = [u for u in units if u]
    for u, q in zip(tested, multipletests([max(u["welch"]) for u in tested], method="fdr_bh")[1]):
        u["q"] = float(q)
    observed = [contrast(x, codes, c, False) for c in (1, 2)]
    count = np.zeros((2, x.shape[1]))
    null = {v: [] for v in VARIANTS}
    exchangeable = [pools(codes, c, stratum) for c in (1, 2)]
    for _ in range(draws):
        permuted = [shuffled(codes, p, rng) for p in exchangeable]
        for standardised in (False, True):
            own, other = (contrast(x, p, c, standardised) for p, c in zip(permuted, (1, 2)))
            if not standardised:
                count += np.array([own, other]) >= observed
            for v in VARIANTS:
                if (v == "standardised") == standardised:
                    null[v].append(index(own, other, output, v))
    replicates = {v: [] for v in VARIANTS}
    # Rows are drawn inside phases, strata whole.
    members = [np.flatnonzero(codes == c) for c in range(3)] if stratum is None else [np.flatnonzero(stratum == s) for s in set(stratum)]
    for _ in range(draws):
        if stratum is None:
            rows = np.concatenate([rng.choice(m, len(m)) for m in members])
        else:
            rows = np.concatenate([members[s] for s in rng.integers(0, len(members), len(members))])
        for v in VARIANTS:
            own, other = (contrast(x[rows], codes[rows], c, v == "standardised") for c in (1, 2))
            replicates[v].append(index(own, other, output, v))
    for position, u in enumerate(units):
        if u:
            u["permutation"] = [float((count[c, position] + 1) / (draws + 1)) for c in range(2)]
    return {
        "units": units,
        "null": {v: [float(np.mean(n)), float(np.std(n, ddof=1))] for v, n in null.items()},
        "interval": {v: [float(q) for q in np.quantile(r, [0.025, 0.975])] for v, r in replicates.items()},
        "spread": {v: float(np.std(r)) for v, r in replicates.items()},
    }


result = {name: analyse(name) for name in ["small.h5", "doubles.h5", "halves.h5", "strata.h5"]}
with open("inference.json", "w") as out:
    json.dump(result, out)
