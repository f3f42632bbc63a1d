"""What scipy, statsmodels and numpy say of the contrasts in small.h5, doubles.h5, halves.h5 and strata.h5.

Run in this folder, after foreign.py and correlate.py: python inference.py   (h5py, numpy, scipy, statsmodels); writes inference.json:
per unit, in closed forms and float64, Hedges' g, its interval where rows are free (from the smaller lower to the larger upper end of
Welch's and of Hall's, 1992), Welch's one-sided p and Benjamini-Hochberg q of the conjunction.
"""

import json

import h5py
import numpy as np
from scipy import special, stats
from statsmodels.stats.multitest import multipletests


def load(name):
    with h5py.File(name) as file:
        phase = file["phase"][:].astype(int)
        acting = file["partner_acting"][:] == 1 if "partner_acting" in file else np.ones(len(phase), bool)
        x = np.concatenate([file["layers"][n]["activations"][:].astype("f8") for n in sorted(file["layers"])], axis=1)
    keep = (phase == 0) | (((phase == 1) | (phase == 2)) & acting)
    x = x[keep]
    # Shifted, so that a large mean does not cost numpy digits.
    return x - x[0], phase[keep]


def hedges(a, b):
    m = len(a) + len(b) - 2
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / m)
    j = np.exp(special.gammaln(m / 2) - np.log(np.sqrt(m / 2)) - special.gammaln((m - 1) / 2))
    return (a.mean() - b.mean()) / pooled * j


def interval(a, b):
    """g and how far Student's quantiles reach, or, where that is further, those corrected for the skewness of the difference."""
    v = [y.var(ddof=1) / len(y) for y in (a, b)]
    error = np.sqrt(sum(v))
    t = stats.t.ppf(0.975, sum(v) ** 2 / (v[0] ** 2 / (len(a) - 1) + v[1] ** 2 / (len(b) - 1)))
    third = [stats.skew(y, bias=False) * y.var(ddof=1) ** 1.5 / len(y) ** 2 if len(y) > 2 and y.var() > 0 else 0 for y in (a, b)]
    skewness = (third[0] - third[1]) / error**3
    hall = [3 / skewness * (np.cbrt(1 + skewness * (q - skewness / 6)) - 1) if abs(skewness) > 1e-9 else q for q in (-t, t)]
    g = hedges(a, b)
    rest = [y - y.mean() for y in (a, b)]
    relative = sum((e**4).sum() - (e**2).sum() ** 2 / len(e) for e in rest) / sum((e**2).sum() for e in rest) ** 2
    spread = np.sqrt((g / (a.mean() - b.mean()) * error) ** 2 + g**2 / 4 * max(relative, 2 / (len(a) + len(b))))
    return [g - spread * max(t, hall[1]), g + spread * max(t, -hall[0])]


def analyse(name):
    x, codes = load(name)
    units = []
    for y in x.T:
        if y.min() == y.max():
            units.append(None)
            continue
        pairs = [(y[codes == c], y[codes == 0]) for c in (1, 2)]
        units.append({
            "g": [hedges(a, b) for a, b in pairs],
            "interval": [interval(a, b) for a, b in pairs],
            "welch": [stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue for a, b in pairs],
        })
    tested = [u for u in units if u]
    for u, q in zip(tested, multipletests([max(u["welch"]) for u in tested], method="fdr_bh")[1]):
        u["q"] = float(q)
    return {"units": units}


result = {name: analyse(name) for name in ["small.h5", "doubles.h5", "halves.h5", "strata.h5"]}
with open("inference.json", "w") as out:
    json.dump(result, out)
