"""Correlations and divergences of four recordings by numpy and scipy, in float64.

Run in this folder, after foreign.py and ablate.py: python associations.py   (h5py, numpy, scipy); writes associations.json: for each
recording and layer the upper triangle of numpy.corrcoef and of scipy.stats.spearmanr over all rows and over the self rows, the
divergences from numpy.histogram and scipy.stats.entropy (1e-10 added to shares, and to densities), and for deep.h5 the correlations across phases over its strata.
"""

import json

import h5py
import numpy as np
from scipy import stats

PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2)]


def clean(matrix):
    return [None if np.isnan(v) else float(v) for v in matrix]


def triangle(x, method):
    with np.errstate(all="ignore"):
        ranked = np.apply_along_axis(stats.rankdata, 0, x) if method == "spearman" else x
        r = np.corrcoef(ranked, rowvar=False)
    constant = x.min(axis=0) == x.max(axis=0)
    r[constant, :] = np.nan
    r[:, constant] = np.nan
    return clean(r[np.triu_indices(len(r), 1)])


def divergence(x, select):
    low, high = x[np.any(select, axis=0)].min(), x[np.any(select, axis=0)].max()

    def p(values, density):
        counts, _ = np.histogram(values, bins=50, range=(low, high), density=density)
        shares = counts if density else counts / counts.sum()
        return (shares + 1e-10) / (shares + 1e-10).sum()

    def entropies(u, density):
        return [float(stats.entropy(p(x[select[a], u], density), p(x[select[b], u], density))) for a, b in PAIRS]

    rows = []
    for u in range(x.shape[1]):
        kl = entropies(u, False)
        means = [x[s, u].mean() for s in select]
        common = min(kl[0], kl[1]) if means[1] > means[0] and means[2] > means[0] else 0.0
        rows.append({"kl": kl, "author": entropies(u, True), "common": common})
    return rows


result = {}
for name in ["small.h5", "doubles.h5", "halves.h5", "deep.h5"]:
    with h5py.File(name) as file:
        phase = file["phase"][:].astype(int)
        acting = file["partner_acting"][:] == 1 if "partner_acting" in file else np.ones(len(phase), bool)
        kept = acting | (phase == 0) | (phase == 3)
        select = [(phase == c) & kept for c in range(4)]
        layers = {}
        for layer in sorted(file["layers"]):
            x = file["layers"][layer]["activations"][:].astype("f8")
            layers[layer] = {"divergence": divergence(x, select)}
            for method in ["pearson", "spearman"]:
                layers[layer][method] = {"all": triangle(x, method), "self": triangle(x[select[1]], method)}
            if "stratum" in file:
                stratum = file["stratum"][:]
                shared = sorted(set(stratum[select[1]]) & set(stratum[select[2]]))
                a, b = (np.array([x[select[c] & (stratum == s)].mean(axis=0) for s in shared]) for c in (1, 2))
                n = x.shape[1]
                layers[layer]["across"] = clean(np.corrcoef(a, b, rowvar=False)[:n, n:].ravel())
                layers[layer]["strata"] = len(shared)
        result[name] = layers
with open("associations.json", "w") as out:
    json.dump(result, out)
