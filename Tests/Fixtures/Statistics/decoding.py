"""Makes decoding.json: histograms and divergences by numpy and scipy; classifiers and their scores by scikit-learn.

    python decoding.py        (numpy, scipy, scikit-learn)
"""
import json
import pathlib

import numpy
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler


def short(values):
    """Float32 values with no more digits than they need."""
    return [float(str(value)) for value in values.ravel()]


generator = numpy.random.default_rng(13)

divergences = []
for size in (5, 300, 1000):
    p = numpy.maximum(generator.normal(size=size), 0).astype(numpy.float32)
    q = numpy.maximum(generator.normal(size=size + 40) + 0.3, 0).astype(numpy.float32)
    for low, high in [(0.0, float(max(p.max(), q.max()))), (0.0, 3.0), (0.25, 1.0)]:
        counts, probabilities = [], []
        for values in (p, q):
            values = values.astype(float)
            counts.append(numpy.histogram(values, bins=50, range=(low, high))[0].tolist())
            density = numpy.histogram(values, bins=50, range=(low, high), density=True)[0] + 1e-10
            probabilities.append(density / density.sum())
        if min(map(sum, counts)) == 0:
            continue
        divergences.append({"p": short(p), "q": short(q), "low": low, "high": high, "counts": counts[0], "other_counts": counts[1],
                            "kl": stats.entropy(probabilities[0], probabilities[1])})

# Values on and beside the edges, where the division alone picks the wrong bin.
edges = numpy.linspace(-0.3, 1.1, 51)
beside = numpy.concatenate([edges, numpy.nextafter(edges, -9), numpy.nextafter(edges, 9)])
edge_case = {"values": beside.tolist(), "low": -0.3, "high": 1.1, "counts": numpy.histogram(beside, bins=50, range=(-0.3, 1.1))[0].tolist()}

fits = []
for rows, features, classes, c, gap in [(60, 3, 2, 1.0, 1), (200, 5, 4, 0.3, 1), (90, 2, 3, 10.0, 1), (40, 2, 2, 100.0, 8), (30, 2, 3, 1e4, 8)]:
    labels = numpy.arange(rows) % classes
    labels[: rows // 4] = 0
    values = (generator.normal(size=(rows, features)) + gap * labels[:, None] * generator.normal(size=features)).astype(numpy.float32)
    if features == 5:
        values[:, 2] = 0.1  # a constant feature
    scaler = StandardScaler().fit(values.astype(float))
    scaled = scaler.transform(values.astype(float))
    model = LogisticRegression(C=c, solver="newton-cg" if classes > 2 else "newton-cholesky", tol=1e-13, max_iter=1_000_000)
    model.fit(scaled, labels)
    probabilities = model.predict_proba(scaled)
    fits.append({
        "features": features, "c": c, "values": short(values), "labels": (labels * 3 - 1).tolist(), "means": scaler.mean_.tolist(),
        "deviations": scaler.scale_.tolist(), "weights": model.coef_.ravel().tolist(), "intercepts": model.intercept_.tolist(),
        "probabilities": probabilities.ravel().tolist(), "accuracy": accuracy_score(labels, model.predict(scaled)),
        "balanced_accuracy": balanced_accuracy_score(labels, model.predict(scaled)),
    })

areas = []
for size in (6, 100):
    positive = generator.uniform(size=size) < 0.4
    positive[:2] = [True, False]
    scores = numpy.round(generator.normal(size=size) + positive, 1)  # ties
    areas.append({"positive": positive.tolist(), "scores": scores.tolist(), "auc": roc_auc_score(positive, scores)})

out = {"divergences": divergences, "edge_case": edge_case, "fits": fits, "areas": areas}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out))
