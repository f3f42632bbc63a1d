"""Correlations and similarities by numpy and scipy, in float64, of recordings whose doubles must not be rounded.

Run in this folder, after foreign.py: python correlate.py   (h5py, numpy, scipy); writes strata.h5, a recording of float64 with strata, the
partner filter, constant units and a unit whose mean is a million times its spread, integers.h5, of packed integers above 2^24, and
correlate.json:
- pearson: numpy.corrcoef of all units of all layers, over all rows and by phase (upper triangle, row by row);
- spearman: scipy.stats.spearmanr likewise, over all rows;
- across: for strata.h5, corrcoef and spearmanr of the stratum means in self with those in other;
- similarity: linear CKA (unbiased and plain) and RSA as the command prints them, null where there is none, with p for some: of RSA over 4,000
  permutations of the strata of the second, of CKA between layers over 1,000. CKA of two phases neither of which is none is left out.
"""

import json
from itertools import combinations

import h5py
import numpy as np
from scipy import stats
from scipy.spatial.distance import pdist, squareform

PHASES = ["all", "none", "self", "other", "both"]


def write():
    rng = np.random.default_rng(11)
    rows, episodes = 1200, 30
    stratum = np.sort(rng.integers(0, episodes, rows)) * 7 - 20
    phase = rng.choice(4, size=rows, p=[0.5, 0.2, 0.2, 0.1])
    phase[(phase == 3) & (stratum > 0)] = 0
    effect = rng.normal(0, 1, size=(episodes, 3))[(stratum + 20) // 7]
    with h5py.File("strata.h5", "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.0", "complete": 1})
        file.create_group("model").attrs["checkpoint_id"] = "strata"
        file["sample"] = np.arange(rows)
        file["phase"] = phase.astype("u1")
        file["stratum"] = stratum.astype("i4")
        file["partner_acting"] = (rng.random(rows) < 0.8).astype("u1")
        for index, width in enumerate([6, 2, 4]):
            x = np.maximum(effect @ rng.normal(size=(3, width)) + rng.normal(size=(rows, width)) + 0.3 * phase[:, None], 0)
            x[:, 0] = 0.1 * (index + 1) if width > 2 else 1e6 + x[:, 0]
            group = file.create_group(f"layers/dense_{index + 1}")
            group.attrs.update({"layer_index": index, "kind": "dense", "is_output": int(index == 2)})
            group.create_dataset("activations", data=x, chunks=(333, width), compression="gzip", shuffle=True)


def write_integers():
    """Packed numbers of more digits than a float has: a unit that moves by little beside its offset, and others."""
    rng = np.random.default_rng(12)
    rows = 400
    stratum = np.repeat(np.arange(20), 20)
    phase = np.tile(np.arange(4), 100)
    effect = rng.normal(size=(20, 3))[stratum]
    with h5py.File("integers.h5", "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.1", "complete": 1})
        file.create_group("model").attrs["checkpoint_id"] = "integers"
        file["sample"] = np.arange(rows)
        file["phase"] = phase.astype("u1")
        file["stratum"] = stratum.astype("i4")
        for index, (offset, spread) in enumerate([(2**30, 3), (0, 2**28)]):
            x = effect @ rng.normal(size=(3, 5)) + rng.normal(size=(rows, 5)) + 0.2 * phase[:, None]
            group = file.create_group(f"layers/dense_{index + 1}")
            group.attrs.update({"layer_index": index, "kind": "dense", "is_output": index})
            data = np.clip(np.round(offset + spread * x), -(2**31), 2**31 - 1).astype("i4")
            layer = group.create_dataset("activations", data=data, chunks=(100, 5), compression="gzip", shuffle=True)
            layer.attrs["scale_factor"] = 0.5


def load(name):
    with h5py.File(name) as file:
        phase = file["phase"][:].astype(int)
        acting = file["partner_acting"][:] == 1 if "partner_acting" in file else np.ones(len(phase), bool)
        kept = acting | (phase == 0) | (phase == 3)
        select = {"all": np.ones(len(phase), bool)} | {p: (phase == c) & kept for c, p in enumerate(PHASES[1:])}
        stored = [file["layers"][n]["activations"] for n in sorted(file["layers"])]
        layers = [d[:].astype("f8") * d.attrs.get("scale_factor", 1) for d in stored]
        return layers, select, file["stratum"][:] if "stratum" in file else None


def clean(values):
    return [None if np.isnan(v) else float(v) for v in np.ravel(values)]


def matrix(x, y=None, method="pearson"):
    """r of all columns of x with all of y (or x); NaN for constant columns."""
    same, y = y is None, x if y is None else y
    constant = [x.min(axis=0) == x.max(axis=0), y.min(axis=0) == y.max(axis=0)]
    # Shifted, so that a large mean does not cost numpy digits either.
    x, y = x - x[0], y - y[0]
    if method == "spearman":
        x, y = stats.rankdata(x, axis=0), stats.rankdata(y, axis=0)
    with np.errstate(all="ignore"):
        r = np.corrcoef(x, y, rowvar=False)[: x.shape[1], x.shape[1] :]
    r[constant[0], :] = np.nan
    r[:, constant[1]] = np.nan
    return r[np.triu_indices(len(r), 1)] if same else r


def cka(x, y):
    x, y = x - x[0], y - y[0]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    squares = [np.sum((a.T @ b) ** 2) for a, b in ((x, y), (x, x), (y, y))]
    return None if squares[1] == 0 or squares[2] == 0 else float(squares[0] / np.sqrt(squares[1] * squares[2]))


def hsic(x, y):
    """Song et al. (2012), equation 5, word for word."""
    k, l = (z @ z.T for z in (x - x.mean(axis=0), y - y.mean(axis=0)))
    np.fill_diagonal(k, 0)
    np.fill_diagonal(l, 0)
    n, one = len(k), np.ones(len(k))
    return (np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))


def unbiased(x, y):
    x, y = x - x[0], y - y[0]
    if len(x) < 4 or np.all(x == 0) or np.all(y == 0):
        return None
    return float(hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y)))


def means(x, rows, stratum, strata):
    # From the first row of each, so that a unit that is constant in several strata has equal means there, to the last digit.
    groups = [x[rows & (stratum == s)] for s in strata]
    return np.array([group[0] + (group - group[0]).mean(axis=0) for group in groups])


def rsa(x, y):
    if min(x.shape[1], y.shape[1]) < 3 or len(x) < 3:
        return None
    a, b = (np.round(pdist(z, "correlation"), 10) for z in (x, y))
    rho = stats.spearmanr(a, b).statistic
    return None if np.isnan(rho) else float(rho)


def mantel(x, y, count=4000):
    """p of RSA: strata of the second permuted, of which the ranks of distances move along."""
    rho = rsa(x, y)
    if rho is None:
        return None
    a, b = (squareform(stats.rankdata(np.round(pdist(z, "correlation"), 10))) for z in (x, y))
    upper = np.triu_indices(len(a), 1)
    null = []
    for _ in range(count):
        order = rng.permutation(len(a))
        null.append(np.corrcoef(a[upper], b[np.ix_(order, order)][upper])[0, 1])
    return float((1 + np.sum(np.array(null) >= rho - 1e-12)) / (1 + count))


def whole_strata(stratum):
    """An order in which strata change places with others of as many rows."""
    order = np.arange(len(stratum))
    members = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    for size in {len(m) for m in members}:
        same = [m for m in members if len(m) == size]
        for place, piece in zip(same, rng.permutation(len(same))):
            order[place] = same[piece]
    return order


def shuffled(x, y, stratum, measure, count=1000):
    observed = measure(x, y)
    if observed is None:
        return None
    null = [measure(x, y[whole_strata(stratum)]) for _ in range(count)]
    return float((1 + np.sum(np.array(null) >= observed - 1e-12)) / (1 + count))


rng = np.random.default_rng(21)


def similarity(layers, select, stratum):
    names = list(select)
    strata = {} if stratum is None else {p: sorted(set(stratum[select[p]])) for p in names}
    rows = {"rsa": [], "cka": [], "cka_biased": []}
    measures = {"cka": unbiased, "cka_biased": cka}
    for p in names:
        for a, b in combinations(range(len(layers)), 2):
            x, y = layers[a][select[p]], layers[b][select[p]]
            for name, measure in measures.items():
                # p where it is quick to have.
                own = None if stratum is None else stratum[select[p]]
                quick = own is not None and p in ("self", "other") and len(layers) == 3 and name == "cka"
                rows[name].append([len(x), measure(x, y)] + ([shuffled(x, y, own, measure)] if quick else []))
            if stratum is not None:
                x, y = (means(layers[i], select[p], stratum, strata[p]) for i in (a, b))
                rows["rsa"].append([len(strata[p]), rsa(x, y), mantel(x, y)])
    for layer in layers:
        for p, q in combinations(names[1:], 2):
            if stratum is not None:
                shared = [s for s in strata[p] if s in strata[q]]
                x, y = (means(layer, select[i], stratum, shared) for i in (p, q))
                rows["rsa"].append([len(shared), rsa(x, y), mantel(x, y)])
                # Pairs with none have no offset; of the others offsets are drawn by the program, and so are classes of alike strata for p.
                for name, measure in measures.items():
                    if "none" in (p, q):
                        enough = len(shared) >= 4
                        rows[name].append([len(shared), measure(x, y) if enough else None])
    return rows


write()
write_integers()
result = {}
for name in ["small.h5", "doubles.h5", "halves.h5", "strata.h5", "../Golden/recording_2x17_epoch10.h5", "integers.h5"]:
    layers, select, stratum = load(name)
    joined = np.concatenate(layers, axis=1)
    result[name] = {
        "pearson": {p: clean(matrix(joined[select[p]])) for p in PHASES if name in ("small.h5", "strata.h5") or p in ("all", "self")},
        "spearman": clean(matrix(joined, method="spearman")),
        "similarity": similarity(layers, select, stratum),
    }
    if stratum is not None:
        shared = sorted(set(stratum[select["self"]]) & set(stratum[select["other"]]))
        a, b = (means(joined, select[p], stratum, shared) for p in ("self", "other"))
        result[name]["across"] = {m: clean(matrix(a, b, m)) for m in ("pearson", "spearman")}
        result[name]["strata"] = len(shared)
with open("correlate.json", "w") as out:
    json.dump(result, out)
