"""Intervals of accuracy over halves, and permutation tests of decoders over halves; writes decoding_inference.json.

Run in this folder: python decoding_inference.py   (numpy, scipy)
Intervals: influence of each row on the mean balanced accuracy, summed by cluster, Wilson's interval at the effective number of rows.
Tests: mean accuracy of nearest class means over halves, each trained on and tested on, and its p over 2,000 deals of the labels.
"""

import json

import numpy as np
from scipy.stats import t

rng = np.random.default_rng(12)


def interval(halves, cluster, level):
    every = np.concatenate([rows for rows, _, _ in halves])
    influence = np.zeros(cluster.max() + 1)
    accuracies, classes, few = [], np.unique(halves[0][1]), len(every)
    holders = {c: set() for c in classes}
    for rows, labels, predictions in halves:
        recalls = []
        for c in classes:
            own = labels == c
            right = (predictions[own] == c).astype(float)
            recalls.append(right.mean())
            g = len(np.unique(cluster[rows[own]]))
            few = min(few, g)
            np.add.at(influence, cluster[rows[own]], g / max(1, g - 1) * (right - right.mean()) / (len(right) * len(classes) * len(halves)))
            holders[c] |= set(cluster[rows[own]].tolist())
        accuracies.append(np.mean(recalls))
    a = float(np.mean(accuracies))
    g = len(np.unique(cluster[every]))
    square = (influence**2).sum()
    assert few > 1
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



def accuracy(x, half, labels, train, test):
    """Nearest class mean in the metric (X'X / 4 + 1)^-1, rows of a half trained on; a score per class."""
    a, b = x[half], x[~half]
    metric = np.linalg.inv(a.T @ a / 4 + np.eye(x.shape[1]))
    scores, recalls = [], []
    for group in train:
        own = a[labels[half] == group]
        if len(own) == 0:
            return 1 / len(train)
        mean = own.mean(0)
        scores.append(b @ metric @ mean - mean @ metric @ mean / 2)
    predicted = np.argmax(scores, axis=0)
    for number, group in enumerate(test):
        own = labels[~half] == group
        if not own.any():
            return 1 / len(train)
        recalls.append((predicted[own] == number).mean())
    return float(np.mean(recalls))


def statistic(x, halves, labels, train, test):
    return float(np.mean([accuracy(x, side, labels, train, test) for half in halves for side in (half, ~half)]))


def deal(labels, groups, strata, whole):
    """Labels of some groups anew: of rows inside strata, or of whole strata."""
    dealt = labels.copy()
    rows = np.flatnonzero(np.isin(labels, groups))
    if whole:
        names, first, number = np.unique(strata[rows], return_index=True, return_inverse=True)
        dealt[rows] = rng.permutation(labels[rows[first]])[number]
    else:
        for s in np.unique(strata):
            own = rows[strata[rows] == s]
            dealt[own] = rng.permutation(labels[own])
    return dealt


tests = []
for rows, features, strata, groups, train, test, dealt, whole in [
    (48, 3, 1, 3, [0, 1], [0, 2], [0, 1], False), (48, 3, 6, 3, [0, 1], [0, 2], [0, 2], False), (40, 70, 8, 3, [0, 2], [0, 2], [0, 2], False),
    (60, 4, 20, 3, [0, 1], [0, 1], [0, 1], True), (60, 90, 1, 4, [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], False)]:
    stratum = np.arange(rows) * strata // rows
    labels = np.array([0, 0, 1, 2] if groups == 3 else [0, 1, 2, 3])[(stratum if whole else np.arange(rows)) % 4]
    x = np.round(rng.normal(0, 1, (rows, features)) + 1.2 * (labels[:, None] > 0) * (np.arange(features) < 2), 3)
    z = (x - x.mean(0)) / x.std(0)
    names = np.unique(stratum) if strata > 1 else np.arange(rows)
    member = stratum if strata > 1 else np.arange(rows)
    halves = [np.isin(member, rng.permutation(names)[: len(names) // 2]) for _ in range(3)]
    observed = statistic(z, halves, labels, train, test)
    count = 2000
    extreme = sum(statistic(z, halves, deal(labels, dealt, stratum, whole), train, test) >= observed - 1e-12 for _ in range(count))
    tests.append({
        "values": x.ravel().tolist(), "features": features, "labels": labels.tolist(), "strata": stratum.tolist() if strata > 1 else None,
        "halves": [h.tolist() for h in halves], "train": train, "test": test, "dealt": dealt, "accuracy": observed, "p": extreme / count,
        "permutations": count})
with open("decoding_inference.json", "w") as out:
    json.dump({"intervals": intervals, "tests": tests}, out)
