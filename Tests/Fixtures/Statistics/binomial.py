"""Upper tails of binomial distributions by scipy. Run in this folder: python binomial.py   (scipy 1.17); writes binomial.json."""

import json

from scipy.stats import binom

rows = []
for n in (0, 1, 14, 30, 1000, 10000):
    for p in (0.0, 0.01, 0.4, 0.5, 0.97, 1.0):
        for k in sorted({0, 1, n // 3, n // 2, int(0.9 * n), n - 1, n, n + 1}):
            rows.append({"successes": k, "trials": n, "probability": p, "tail": float(binom.sf(k - 1, n, p))})
with open("binomial.json", "w") as out:
    json.dump(rows, out)
