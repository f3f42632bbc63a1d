"""Intervals of accuracy over halves, and exact p-values of fixed decoders; writes decoding_inference.json.

Run in this folder: python decoding_inference.py   (numpy, scipy)
Intervals: influence of each row on the mean balanced accuracy, summed by cluster, Wilson's interval at the effective number of rows.
p-values: the number of rows of class 1 predicted right is, inside each stratum, hypergeometric when labels are permuted there.
"""

import json

import numpy as np
from scipy.stats import hypergeom, t

rng = np.random.default_rng(12)


def interval(halves, cluster, level):
    every = np.concatenate([rows for rows, _, _ in halves])
    influence = np.zeros(cluster.max() + 1)
    accuracies, classes = [], np.unique(halves[0][1])
    holders = {c: set() for c in classes}
    for rows, labels, predictions in halves:
        recalls = []
        for c in classes:
            own = labels == c
            right = (predictions[own] == c).astype(float)
            recalls.append(right.mean())
            np.add.at(influence, cluster[rows[own]], (right - right.mean()) / (len(right) * len(classes) * len(halves)))
            holders[c] |= set(cluster[rows[own]].tolist())
        accuracies.append(np.mean(recalls))
    a = float(np.mean(accuracies))
    g = len(np.unique(cluster[every]))
    square = (influence**2).sum() * g / (g - 1)
    n = min(a * (1 - a) / square, len(np.unique(every))) if square > 0 and 0 < a < 1 else g
    q = t.ppf(1 - (1 - level) / 2, min(len(h) for h in holders.values()) - 1)
    centre, half = (a + q**2 / (2 * n)) / (1 + q**2 / n), q / (1 + q**2 / n) * np.sqrt(a * (1 - a) / n + q**2 / (4 * n**2))
    return [a, float(max(0, centre - half)), float(min(1, centre + half))]


intervals = []
for rows, clusters, classes, share, count in [(60, 60, 2, 0.7, 10), (60, 9, 2, 0.7, 10), (200, 12, 4, 0.5, 3), (40, 5, 2, 1.1, 2), (30, 30, 2, 0.9, 1)]:
    cluster = np.arange(rows) if clusters == rows else rng.integers(0, clusters, rows)
    labels = rng.integers(0, classes, rows)
    halves = []
    for _ in range(count):
        chosen = np.sort(rng.permutation(rows)[: rows * 2 // 3])
        known = rng.random(len(chosen)) < share
        halves.append((chosen, labels[chosen], np.where(known, labels[chosen], rng.integers(0, classes, len(chosen)))))
    intervals.append({
        "cluster": cluster.tolist(), "halves": [{"rows": r.tolist(), "labels": l.tolist(), "predictions": p.tolist()} for r, l, p in halves],
        "level": 0.95, "expected": interval(halves, cluster, 0.95)})

tests = []
for rows, strata, share in [(24, 1, 0.3), (40, 5, 0.25), (60, 6, 0.0)]:
    labels = (np.arange(rows) % 2).astype(int)
    stratum = np.arange(rows) * strata // rows
    predictions = np.where(rng.random(rows) < share, labels, rng.integers(0, 2, rows))
    # Balanced accuracy rises with the number of rows of class 1 that are predicted 1: then those of class 0 predicted 0 are as many more.
    distribution = np.ones(1)
    for s in range(strata):
        own = stratum == s
        ones, guessed, size = labels[own].sum(), predictions[own].sum(), own.sum()
        distribution = np.convolve(distribution, hypergeom(size, ones, guessed).pmf(np.arange(size + 1)))
    observed = int((predictions[labels == 1] == 1).sum())
    tests.append({
        "labels": labels.tolist(), "strata": stratum.tolist() if strata > 1 else None, "predictions": predictions.tolist(),
        "p": float(distribution[observed:].sum())})
with open("decoding_inference.json", "w") as out:
    json.dump({"intervals": intervals, "tests": tests}, out)
