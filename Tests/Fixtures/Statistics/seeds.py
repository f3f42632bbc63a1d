"""Statistics over a few networks, by scipy and numpy: python seeds.py makes seeds.json.

Interquartile means (rliable: aggregate_iqm), probability of improvement (rliable: Mann-Whitney's U over n m), exact sign flips and permutations,
slopes, and bootstrap intervals drawn as SampleBootstrap draws (random_stream.py reads the streams independently).
"""

import itertools
import json
import math

import numpy as np
from random_stream import M, numbers
from scipy import stats

SEED, REPLICATES = 7, 400


def expanded(replicates, n):
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    return [float(v) for v in np.quantile(replicates, [tail, 1 - tail])]


def below(stream, bound):
    """A whole number below the bound (Lemire, 2019), as Swift's generators draw it."""
    product = next(stream) * bound
    while product & M < (1 << 64) % bound:
        product = next(stream) * bound
    return product >> 64


def draws(purpose, *samples):
    """One resample of each sample per replicate, in ascending order of the values before."""
    for replicate in range(REPLICATES):
        stream = numbers(SEED, purpose, replicate)
        yield [np.sort(s)[[below(stream, len(s)) for _ in s]] for s in samples]


def welch(x, y, axis=-1):
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.var(x, axis=axis, ddof=1) / x.shape[axis] + np.var(y, axis=axis, ddof=1) / y.shape[axis]
        return (np.mean(x, axis=axis) - np.mean(y, axis=axis)) / np.sqrt(v)


def typical_values(d):
    """Hartigan (1969): the means of all subsets but the empty one divide the line into 2^n parts, each as likely to hold the centre."""
    n = len(d)
    k = math.floor(0.025 * 2**n)
    means = sorted(np.mean(s) for size in range(1, n + 1) for s in itertools.combinations(d, size))
    return [float(means[k - 1]), float(means[-k])] if k > 0 else [None, None]


def case(x, y):
    x, y = np.array(x, float), np.array(y, float)
    out = {"x": x.tolist(), "y": y.tolist(), "iqm": float(stats.trim_mean(x, 0.25)), "mean": float(x.mean())}
    u = stats.mannwhitneyu(x, y, alternative="greater").statistic
    out["improvement"] = float(u / len(x) / len(y))
    out["interval"] = expanded([stats.trim_mean(r, 0.25) for (r,) in draws("interval", x)], len(x))
    both = [a.mean() - b.mean() for a, b in draws("difference", x, y)]
    out["unpaired_interval"] = expanded(both, min(len(x), len(y)))
    exact = dict(n_resamples=np.inf, alternative="two-sided")
    # |t|, one-sided: the two-sided p of scipy is twice the smaller tail, and t need not be symmetric.
    out["permutation_p"] = float(
        stats.permutation_test((x, y), lambda a, b, axis: np.abs(welch(a, b, axis)), vectorized=True, n_resamples=np.inf,
                               alternative="greater").pvalue)
    out["slope"] = float(np.polyfit(y[: len(x)], x[: len(y)], 1)[0])
    if len(x) == len(y):
        d = x - y
        out["flips_p"] = float(
            stats.permutation_test((d,), lambda d, axis: np.mean(d, axis=axis), permutation_type="samples", vectorized=True, **exact).pvalue)
        out["paired_interval"] = typical_values(d)
    return out


def main():
    rng = np.random.default_rng(20)
    cases = []
    for n, m in [(5, 5), (6, 6), (7, 5), (8, 8), (9, 6), (10, 10)]:
        cases.append(case(rng.normal(0.4, 1, n), rng.normal(0, 0.5, m)))
    # Ties, zeros and halves of integers.
    cases.append(case(rng.integers(0, 4, 8), rng.integers(0, 3, 8)))
    cases.append(case([0, 0, 1, 0, 0, 2], [0, 0, 0, 0, 0, 1]))
    # Differences that differ by rounding alone: 0.3 - 0.2 and 0.2 - 0.1.
    cases.append(case([0.3, 0.2, 0.4, 0.1, 0.6], [0.2, 0.1, 0.5, 0.2, 0.5]))
    trimmed = [[float(v) for v in rng.normal(size=n)] for n in range(1, 14)]
    many = rng.normal(0.3, 1, 24)
    sums = np.zeros(1)
    for d in many:
        sums = np.concatenate([sums + d, sums - d])
    p = float(np.mean(np.abs(sums) >= abs(many.sum()) * (1 - 1e-12)))
    subset, size = np.zeros(1), np.zeros(1)
    for d in many:
        subset, size = np.concatenate([subset, subset + d]), np.concatenate([size, size + 1])
    means = subset[1:] / size[1:]
    k = math.floor(0.025 * 2**24)
    interval = [float(np.partition(means, k - 1)[k - 1]), float(-np.partition(-means, k - 1)[k - 1])]
    json.dump(
        {
            "seed": SEED, "replicates": REPLICATES, "cases": cases,
            "trimmed": [{"values": v, "iqm": float(stats.trim_mean(v, 0.25))} for v in trimmed],
            "many": {"differences": many.tolist(), "p": p, "interval": interval},
        },
        open("seeds.json", "w"), indent=1)


main()
