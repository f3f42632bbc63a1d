"""Tables of a small study, and what scipy says of it: python compare.py makes compare_networks.csv, compare_outcomes.csv and compare.json.

Interquartile means, improvement and exact tests are scipy's; bootstrap intervals are drawn from the streams that ../Statistics/random_stream.py reads
independently. Two layers of conditions (hidden, kind), eight seeds, epochs 1 to 3; some cells are empty, one condition has seeds of its
own (nothing is paired) and one has four seeds (no interval, no p).
Intervals of paired differences are Hartigan's.
"""

import csv
import itertools
import json
import math
import sys

import numpy as np
from scipy import stats

sys.path.insert(0, "../Statistics")
from random_stream import M, numbers  # noqa: E402

SEED, REPLICATES = 4, 300


def below(stream, bound):
    product = next(stream) * bound
    while product & M < (1 << 64) % bound:
        product = next(stream) * bound
    return product >> 64


def draws(purpose, *samples):
    for replicate in range(REPLICATES):
        stream = numbers(SEED, purpose, replicate)
        yield [np.sort(s)[[below(stream, len(s)) for _ in s]] for s in samples]


def expanded(replicates, n):
    if n < 5:
        return [None, None]
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    return [float(v) for v in np.quantile(replicates, [tail, 1 - tail])]


def typical_values(d):
    """Hartigan (1969): the means of all subsets but the empty one divide the line into 2^n parts, each as likely to hold the centre."""
    k = math.floor(0.025 * 2 ** len(d))
    means = sorted(np.mean(s) for size in range(1, len(d) + 1) for s in itertools.combinations(d, size))
    return [float(means[k - 1]), float(means[-k])] if k > 0 else [None, None]


def welch(x, y, axis):
    v = np.var(x, axis=axis, ddof=1) / x.shape[axis] + np.var(y, axis=axis, ddof=1) / y.shape[axis]
    return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis)) / np.sqrt(v)


def make():
    rng = np.random.default_rng(5)
    networks, rows = [], []
    for hidden in ["2x17", "3x50"]:
        for kind in ["trained", "untrained", "shuffled"]:
            seeds = range(1, 9)
            if kind == "shuffled":
                seeds = range(1, 5) if hidden == "2x17" else range(11, 17)
            for seed in seeds:
                network = f"{hidden}-{kind}-{seed}"
                networks.append([network, hidden, kind, f"{seed}.0" if hidden == "3x50" else seed])
                effect = {"trained": 0.5, "untrained": 0.0, "shuffled": 0.1}[kind]
                for epoch in range(1, 4):
                    index = round(effect * epoch / 3 + rng.normal(0, 0.3), 4)
                    loss = round(0.1 / epoch + rng.exponential(0.01), 5)
                    empty = epoch == 3 and (hidden, kind, seed) in [("2x17", "trained", 2), ("3x50", "untrained", 7)]
                    rows.append([network, epoch, "" if empty else index, loss])
    rng.shuffle(rows)
    with open("compare_networks.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["network", "hidden", "kind", "seed"]] + networks)
    with open("compare_outcomes.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["network", "epoch", "index", "loss"]] + rows)
    return {n[0]: (n[1], n[2], int(float(n[3]))) for n in networks}, rows


def holm(p):
    adjusted, least = {}, 0.0
    for rank, key in enumerate(sorted(p, key=p.get)):
        least = max(least, min(1.0, p[key] * (len(p) - rank)))
        adjusted[key] = least
    return adjusted


def values(networks, rows, outcome, trend):
    """{condition: {seed: value}}, at epoch 3 or as slopes over epochs, and how many are missing."""
    found, missing = {}, {}
    points = {}
    for network, epoch, index, loss in rows:
        hidden, kind, seed = networks[network]
        points.setdefault(((hidden, kind), seed), []).append((int(epoch), index if outcome == "index" else loss))
    for (condition, seed), series in points.items():
        found.setdefault(condition, {})
        missing.setdefault(condition, 0)
        series = [(x, float(y)) for x, y in series if y != "" and (trend or x == 3)]
        if len(series) < (2 if trend else 1):
            missing[condition] += 1
        else:
            found[condition][seed] = float(np.polyfit(*zip(*series), 1)[0]) if trend else series[0][1]
    return found, missing


def describe(networks, rows, outcome, trend):
    found, missing = values(networks, rows, outcome, trend)
    result, p = [], {}
    for condition, sample in sorted(found.items()):
        x = np.array(list(sample.values()))
        row = {"hidden": condition[0], "kind": condition[1], "outcome": outcome, "seeds": len(x), "missing": missing[condition],
               "mean": float(x.mean()), "iqm": float(stats.trim_mean(x, 0.25))}
        row["interval"] = expanded([stats.trim_mean(r, 0.25) for (r,) in draws("seeds of a condition", x)], len(x))
        if condition[1] != "untrained":
            other = found[(condition[0], "untrained")]
            y = np.array(list(other.values()))
            row["improvement"] = float(stats.mannwhitneyu(x, y, alternative="greater").statistic / len(x) / len(y))
            common = sorted(set(sample) & set(other))
            if common:
                d = np.array([sample[s] - other[s] for s in common])
                row["pairs"], row["difference"] = len(d), float(d.mean())
                row["difference_interval"] = typical_values(d)
                if len(d) >= 5:
                    p[condition] = float(stats.permutation_test(
                        (d,), lambda d, axis: np.mean(d, axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf).pvalue)
            else:
                row["pairs"], row["difference"] = None, float(x.mean() - y.mean())
                row["difference_interval"] = expanded(
                    [a.mean() - b.mean() for a, b in draws("differences without pairs", x, y)], min(len(x), len(y)))
                p[condition] = float(stats.permutation_test(
                    (x, y), welch, vectorized=True, n_resamples=np.inf, alternative="greater").pvalue)
            row["p"] = p.get(condition)
        result.append(row)
    adjusted = holm(p)
    for row in result:
        row["p_holm"] = adjusted.get((row["hidden"], row["kind"]))
    return result


networks, rows = make()
json.dump(
    {"seed": SEED, "replicates": REPLICATES,
     "epoch3": describe(networks, rows, "index", False) + describe(networks, rows, "loss", False),
     "trend": describe(networks, rows, "index", True)},
    open("compare.json", "w"), indent=1)
