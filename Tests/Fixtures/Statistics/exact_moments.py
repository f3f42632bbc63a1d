"""Makes exact_moments.json: columns of float64 values and their moments in exact rational arithmetic, rounded once.

Run: python exact_moments.py > exact_moments.json   (numpy 2.4)

A variance that no double holds is null.
"""

import json
from fractions import Fraction
from math import isqrt

import numpy as np

rng = np.random.default_rng(11)
rows = 200
normal = rng.normal(size=(8, rows))
block = np.arange(rows) // 50
columns = {
    "saturated sigmoid": 1 / (1 + np.exp(-(36 + 0.6 * normal[0]))),
    "huge mean, small spread": 1e9 + 1e-6 * normal[1],
    "two neighbours": 1 + 2.0**-52 * (np.arange(rows) % 37 == 5),
    "0.1 but for one row": np.where(np.arange(rows) == 133, np.nextafter(0.1, 1), 0.1),
    "blocks with different means": 5 + block * 1e-12 + 1e-15 * normal[2],
    "blocks far apart": block * 1e6 + normal[3],
    "mixed magnitudes": normal[4] * 10.0 ** rng.integers(-15, 16, size=rows),
    "normal": normal[5],
    "confident": 1 - 1e-8 + 1e-9 * normal[6],
    "tiny": 1e-200 * (1 + normal[7] ** 2),
    "huge": 1e300 * (1 + 0.1 * normal[7]),
    "largest and least": np.where(np.arange(rows) % 3 == 0, -1.7e308, 1.7e308),
    "huge, in its last digits": 1e300 + np.spacing(1e300) * np.round(2 * normal[0]),
    "tiny in one block, then not": np.where(block < 2, 1e-150 * normal[1], 1e100 * normal[2]),
}
for count in range(1, 6):
    columns[f"{count} rows"] = 0.7 + np.spacing(0.7) * rng.integers(0, 4, size=count)


def root(x):
    """The square root of a fraction to 60 digits."""
    scale = 10**60 * x.denominator
    return Fraction(isqrt(x.numerator * 10**120 * x.denominator), scale)


def double(x):
    try:
        return float(x)
    except OverflowError:
        return None


result = []
for name, values in columns.items():
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    m2, m3, m4 = (sum((v - mean) ** k for v in x) / len(x) for k in (2, 3, 4))
    # Brought near 1, so that the root keeps its digits.
    size = Fraction(2) ** ((m2.numerator.bit_length() - m2.denominator.bit_length()) // 2)
    s2, s3 = m2 / size**2, m3 / size**3
    result.append(
        {
            "name": name,
            "values": [float(v) for v in values],
            "mean": double(mean),
            "variance": double(m2),
            "skewness": float(s3 / (s2 * root(s2))) if m2 else None,
            "kurtosis": float(m4 / m2**2 - 3) if m2 else None,
        }
    )
print(json.dumps(result, indent=0))
