"""Why small p-values are not extrapolated: a generalised Pareto tail fitted to the largest of N permuted statistics (Winkler et al., 2016), tried.

Run: python pareto_tail.py   (numpy, scipy; two minutes). The statistics are t with 5, 20 and 1,000 degrees of freedom. The tail beyond the K-th
largest is fitted by probability-weighted moments (Hosking and Wallis, 1987); of 1,000 samples the threshold is taken at which the extrapolated p
is alpha, and printed is the true chance to reach it, over alpha: 1 where the level is kept. "heavier": the fitted shape where the tail is heavier
than exponential, otherwise an exponential tail.
"""

import numpy as np
from scipy import stats

rng = np.random.default_rng(1)
levels = (1e-3, 1e-4, 1e-5, 1e-6)


def threshold(largest, permutations, alpha, heavier):
    count = len(largest) - 1
    start = (largest[count] + largest[count - 1]) / 2
    beyond = np.sort(largest[:count] - start)
    mean = beyond.mean()
    weighted = (beyond * (1 - (np.arange(1, count + 1) - 0.35) / count)).mean()
    shape, scale = mean / (mean - 2 * weighted) - 2, 2 * mean * weighted / (mean - 2 * weighted)
    if heavier and shape > 0:
        shape, scale = 0, mean
    share = alpha * permutations / count
    return start - scale * np.log(share) if abs(shape) < 1e-9 else start + scale / shape * (1 - share**shape)


for freedom in (5, 20, 1000):
    for permutations in (1000, 5000):
        for count in (50, 100, 250):
            samples = [np.sort(rng.standard_t(freedom, permutations))[::-1][: count + 1] for _ in range(1000)]
            for name, heavier in (("free shape", False), ("heavier", True)):
                reached = [
                    np.mean([stats.t.sf(threshold(s, permutations, alpha, heavier), freedom) for s in samples]) / alpha for alpha in levels]
                print(f"t({freedom})  N {permutations}  K {count}  {name:10s}", *(f"{alpha:g}: {x:.2f} x" for alpha, x in zip(levels, reached)))
