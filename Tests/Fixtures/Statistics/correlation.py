"""Makes correlation.json: correlations, ranks, CKA and dissimilarities by numpy and scipy, from float32 values taken as float64.

    python correlation.py        (numpy, scipy)
"""
import json
import pathlib

import numpy
from scipy import stats
from scipy.spatial.distance import pdist


def short(values):
    """Float32 values with no more digits than they need."""
    return [float(str(value)) for value in values.ravel()]


generator = numpy.random.default_rng(12)


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return numpy.linalg.norm(x.T @ y) ** 2 / (numpy.linalg.norm(x.T @ x) * numpy.linalg.norm(y.T @ y))


cases = []
for rows, left, right in [(7, 2, 3), (40, 5, 4), (60, 3, 3)]:
    shared = generator.normal(size=(rows, 2))
    x = shared @ generator.normal(size=(2, left)) + 0.3 * generator.normal(size=(rows, left))
    y = shared @ generator.normal(size=(2, right)) + 0.3 * generator.normal(size=(rows, right)) + 50
    x[:, 0] = numpy.maximum(x[:, 0], 0)  # a rectified unit: many ties
    x, y = x.astype(numpy.float32), y.astype(numpy.float32)
    a, b = x.astype(float), y.astype(float)
    ranks_x, ranks_y = stats.rankdata(a, axis=0), stats.rankdata(b, axis=0)
    both = numpy.corrcoef(a, b, rowvar=False)
    rank_both = numpy.corrcoef(ranks_x, ranks_y, rowvar=False)
    cases.append({
        "left_units": left, "right_units": right, "left": short(x), "right": short(y),
        "within": numpy.corrcoef(a, rowvar=False).ravel().tolist(), "between": both[:left, left:].ravel().tolist(),
        "spearman": rank_both[:left, left:].ravel().tolist(), "ranks": ranks_x.ravel().tolist(), "cka": cka(a, b),
        "correlation_distances": pdist(a[:6], "correlation").tolist(), "euclidean_distances": pdist(a[:6]).tolist(),
        "rsa": stats.spearmanr(pdist(a), pdist(b)).statistic,
    })
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps({"cases": cases}))
