"""Makes moments.json: columns of float32 values and their moments by numpy and scipy (float64, biased).

Run: python moments.py > moments.json   (numpy 2.4, scipy 1.17)
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
rows = 257
columns = {
    "normal": rng.normal(size=rows),
    "relu, half zeros": np.maximum(rng.normal(size=rows), 0),
    "far from zero": 1e4 + rng.normal(size=rows),
    "heavy tail": rng.standard_t(3, size=rows),
    "tiny": 1e-20 * rng.exponential(size=rows),
    "nearly dead": np.where(np.arange(rows) == 100, 3.5, 0.0),
}
result = []
for name, values in columns.items():
    x = values.astype(np.float32)
    y = x.astype(np.float64)
    result.append(
        {
            "name": name,
            "values": [float(v) for v in x],
            "mean": float(np.mean(y)),
            "variance": float(np.var(y)),
            "skewness": float(stats.skew(y, bias=True)),
            "kurtosis": float(stats.kurtosis(y, fisher=True, bias=True)),
            "minimum": float(np.min(y)),
            "maximum": float(np.max(y)),
        }
    )
print(json.dumps(result, indent=0))
