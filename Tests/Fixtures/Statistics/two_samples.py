"""Makes two_samples.json: Welch's test, effect sizes and adjusted p-values by scipy, statsmodels and mpmath.

    python two_samples.py        (numpy, scipy, statsmodels, mpmath)
"""
import json
import pathlib

import mpmath
import numpy
from scipy import stats
from statsmodels.stats.multitest import multipletests

mpmath.mp.dps = 50
generator = numpy.random.default_rng(4)


def upper_tail(t, nu):
    """P(T >= t) by the regularised incomplete beta function in 50 digits."""
    t, nu = mpmath.mpf(t), mpmath.mpf(nu)
    tail = mpmath.betainc(nu / 2, mpmath.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2
    return float(tail if t >= 0 else 1 - tail)


def correction(m):
    m = mpmath.mpf(m)
    return float(mpmath.gamma(m / 2) / (mpmath.sqrt(m / 2) * mpmath.gamma((m - 1) / 2)))


tails = [
    {"t": t, "nu": nu, "p": upper_tail(t, nu)}
    for nu in (1, 1.5, 2, 3.7, 10, 30.25, 100, 998.5, 2e4, 1e5)
    for t in (-3, -0.1, 0, 1e-3, 0.5, 1, 2, 5, 12, 30, 37)
]
tails = [row for row in tails if row["p"] > 1e-300]

samples = []
for first, second, shift, scale in [(5, 7, 0.4, 1), (40, 12, -0.8, 3), (300, 200, 0.05, 0.5), (1000, 1000, 1, 1), (2, 2, 1, 1), (60, 90, 1e-9, 1e-9)]:
    treated = (generator.normal(size=first) * scale + shift).tolist()
    reference = (generator.normal(size=second) * (1 if scale > 1e-6 else 1e-9)).tolist()
    welch = stats.ttest_ind(treated, reference, equal_var=False)
    n1, n0 = first, second
    v1, v0 = numpy.var(treated), numpy.var(reference)
    difference = numpy.mean(treated) - numpy.mean(reference)
    d = difference / numpy.sqrt((n1 * v1 + n0 * v0) / (n1 + n0 - 2))
    j = correction(n1 + n0 - 2)
    samples.append({
        "treated": treated, "reference": reference, "t": welch.statistic, "df": welch.df, "p_two_sided": welch.pvalue,
        "p_greater": stats.ttest_ind(treated, reference, equal_var=False, alternative="greater").pvalue,
        "p_less": stats.ttest_ind(treated, reference, equal_var=False, alternative="less").pvalue,
        "d_sample": d, "d_population": difference / numpy.sqrt((n1 * v1 + n0 * v0) / (n1 + n0)),
        "g": j * d, "g_variance": j * j * ((n1 + n0) / (n1 * n0) + d * d / (2 * (n1 + n0))),
    })

families = []
for size in (1, 7, 50):
    p = generator.uniform(size=size) ** 3
    if size > 5:
        p[3] = p[1]
    families.append({
        "p": p.tolist(),
        "bh": multipletests(p, method="fdr_bh")[1].tolist(),
        "holm": multipletests(p, method="holm")[1].tolist(),
    })

out = {"tails": tails, "samples": samples, "families": families,
       "corrections": [{"m": m, "j": correction(m)} for m in (2, 3, 10, 58, 61, 198, 2000, 100000)]}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out))
