"""Makes resampling.json: numpy's quantiles and scipy's bootstrap intervals.

    python resampling.py        (numpy, scipy)
"""
import json
import pathlib

import numpy
from scipy import stats


def short(values):
    """Float32 values with no more digits than they need."""
    return [float(str(value)) for value in values.ravel()]


generator = numpy.random.default_rng(11)


sample = generator.exponential(size=80).astype(numpy.float32)
interval = stats.bootstrap((sample.astype(float),), numpy.mean, method="percentile", n_resamples=200_000, rng=generator).confidence_interval
quantiles = [
    {"values": values.tolist(), "q": q, "expected": float(numpy.quantile(values, q))}
    for values in (generator.normal(size=1), generator.normal(size=2), generator.normal(size=101), numpy.array([3.0, 0.1, 0.1, 0.1]))
    for q in (0, 0.025, 0.3, 0.5, 0.975, 1)
]
out = {"quantiles": quantiles,
       "bootstrap": {"values": short(sample), "lower": interval.low, "upper": interval.high}}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out))
