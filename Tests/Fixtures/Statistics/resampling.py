"""Makes resampling.json: exact permutation distributions (all relabellings) and scipy's bootstrap intervals.

    python resampling.py        (numpy, scipy)
"""
import itertools
import json
import pathlib

import numpy
from scipy import stats


def short(values):
    """Float32 values with no more digits than they need."""
    return [float(str(value)) for value in values.ravel()]


generator = numpy.random.default_rng(11)


def exact(values, treated, strata):
    """p of every unit over every relabelling inside strata, by enumeration in float64."""
    pools = []
    for stratum in sorted(set(strata)):
        rows = [i for i in range(len(strata)) if strata[i] == stratum]
        size = sum(treated[i] for i in rows)
        pools.append(list(itertools.combinations(rows, size)))
    differences = []
    for choice in itertools.product(*pools):
        chosen = numpy.zeros(len(treated), bool)
        chosen[[i for part in choice for i in part]] = True
        differences.append(values[chosen].mean(0) - values[~chosen].mean(0))
    differences = numpy.array(differences)
    mask = numpy.array(treated, bool)
    observed = values[mask].mean(0) - values[~mask].mean(0)
    centre = differences.mean(0)
    tolerance = 1e-9
    return {
        "observed": observed.tolist(), "expected": centre.tolist(),
        "greater": (differences >= observed - tolerance).mean(0).tolist(),
        "less": (differences <= observed + tolerance).mean(0).tolist(),
        "two_sided": (abs(differences - centre) >= abs(observed - centre) - tolerance).mean(0).tolist(),
    }


cases = []
for treated, strata in [
    ([1] * 5 + [0] * 7, [0] * 12),
    ([0, 1] * 4 + [1, 1, 0, 1, 0, 0], [0] * 6 + [1] * 4 + [2] * 4),
    ([1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1], [3] * 5 + [1] * 7),
]:
    values = generator.normal(size=(len(treated), 3)).astype(numpy.float32)
    values[:, 0] += numpy.array(treated, numpy.float32)
    values[:, 2] = numpy.round(values[:, 2])  # many ties
    cases.append({"values": short(values), "treated": treated, "strata": strata, **exact(values.astype(float), treated, strata)})

sample = generator.exponential(size=80).astype(numpy.float32)
interval = stats.bootstrap((sample.astype(float),), numpy.mean, method="percentile", n_resamples=200_000, rng=generator).confidence_interval
quantiles = [
    {"values": values.tolist(), "q": q, "expected": float(numpy.quantile(values, q))}
    for values in (generator.normal(size=1), generator.normal(size=2), generator.normal(size=101), numpy.array([3.0, 0.1, 0.1, 0.1]))
    for q in (0, 0.025, 0.3, 0.5, 0.975, 1)
]
out = {"cases": cases, "quantiles": quantiles,
       "bootstrap": {"values": short(sample), "lower": interval.low, "upper": interval.high}}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out))
