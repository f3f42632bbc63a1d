"""What numpy makes of the directions of self and other on made-up activations, halves given.

Run in this folder: python direction.py   (numpy, scipy); writes direction.json: for rows that are free, blocks that hold all three phases
(within) and blocks of one phase each (whole) the phases, strata, halves, activations [rows x 6] in float64, and cosine, ratio of lengths,
Fieller's interval, N over its standard error (ordinary where free, otherwise CR1 by block: G/(G-1)), and the principal angles between the
first two and three axes of self and of other. For "axes" many rows of 80 units with axes that are far apart, and their angles, variances and
shares of variance over the halves given.
"""

import json

import numpy as np
from scipy.linalg import subspace_angles
from scipy.stats import t as student


def influence(x, phase, first, blocks, own, other, weights):
    """Squared standard error of a sum over halves of mean(self) + mean(other) - mean(none) of one number a row."""
    total = 0
    for half in (0, 1):
        rows = first != (half == 1)
        w_own, w_other = weights(half)
        y = np.select([phase == 1, phase == 2], [x @ w_own, x @ w_other], x @ (w_own + w_other))[rows]
        p = phase[rows]
        means = [y[p == k].mean() for k in range(3)]
        if blocks is None:
            total += sum(y[p == k].var(ddof=1) / (p == k).sum() for k in range(3))
        else:
            b = blocks[rows]
            score = np.array([(-1 if k == 0 else 1) * (v - means[k]) / (p == k).sum() for v, k in zip(y, p)])
            sums = np.array([score[b == g].sum() for g in np.unique(b)])
            total += len(sums) / (len(sums) - 1) * (sums**2).sum()
    return total


def fewest(phase, first, blocks):
    counts = []
    for half in (True, False):
        for k in range(3):
            rows = (first == half) & (phase == k)
            counts.append(rows.sum() if blocks is None else len(np.unique(blocks[rows])))
    return min(counts)


def axes(x, count):
    return np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:count]


def analyse(x, phase, first, blocks):
    mean = [[x[(first == half) & (phase == k)].mean(axis=0) for k in range(3)] for half in (True, False)]
    a = [m[1] - m[0] for m in mean]
    b = [m[2] - m[0] for m in mean]
    n, d1, d2 = (a[0] @ b[1] + a[1] @ b[0]) / 2, a[0] @ a[1], b[0] @ b[1]
    root = np.sqrt(d1 * d2)
    product = lambda half: (b[1 - half] / 2, a[1 - half] / 2)
    length = lambda half: (a[1 - half] / 2 * np.sqrt(d2 / d1), b[1 - half] / 2 * np.sqrt(d1 / d2))
    both = lambda half: tuple(u + v for u, v in zip(product(half), length(half)))
    v = [influence(x, phase, first, blocks, a, b, w) for w in (product, length, both)]
    covariance = (v[2] - v[0] - v[1]) / 2
    q = student.ppf(0.975, fewest(phase, first, blocks) - 1)
    lead, middle, rest = root**2 - q**2 * v[1], n * root - q**2 * covariance, n**2 - q**2 * v[0]
    spread = np.sqrt(max(0, middle**2 - lead * rest))
    interval = [(middle - spread) / lead, (middle + spread) / lead] if lead > 0 else None
    own, other = (x[phase == k] for k in (1, 2))
    return {
        "cosine": n / root,
        "norm_ratio": np.sqrt(d2 / d1),
        "interval": interval,
        "t": n / np.sqrt(v[0]),
        "angles": {str(k): np.rad2deg(np.sort(subspace_angles(axes(own, k).T, axes(other, k).T))).tolist() for k in (1, 2, 3)},
    }


def make(design, rng):
    if design == "within":
        blocks, phase = np.repeat(np.arange(12), 6), np.tile([0, 0, 0, 1, 2, 2], 12)
        first = blocks % 2 == 0
    elif design == "whole":
        blocks = np.repeat(np.arange(36), 4)
        phase = blocks % 3
        first = blocks < 18
    else:
        blocks, phase = None, rng.permutation(np.repeat([0, 1, 2], [30, 20, 16]))
        first = rng.random(len(phase)) < 0.5
    shift = np.array([[0] * 6, [2, 1.5, -1, 0, 2, 0.5], [1, 2, -1.5, 0.5, 1, -1]])
    x = rng.normal(size=(len(phase), 6)) + shift[phase] + [0, 1e6, 0, 0, 3, -2]
    if blocks is not None:
        x += 0.7 * rng.normal(size=(blocks.max() + 1, 6))[blocks]
    return {
        "phase": phase.tolist(),
        "strata": None if blocks is None else blocks.tolist(),
        "first": first.tolist(),
        "values": x.ravel().tolist(),
        "expected": analyse(x - [0, 1e6, 0, 0, 3, -2], phase, first, blocks),
    }


def wide(rng):
    """Self and other with three axes each that are far apart, as many rows of each half of either, so that none are drawn."""
    units, rows = 80, 30
    phase, first = np.repeat([0, 1, 2], 2 * rows), np.tile(np.repeat([True, False], rows), 3)
    basis = np.linalg.qr(rng.normal(size=(units, 6)))[0].T
    own, other = basis[:3], basis[:3] * 0.8 + basis[3:] * 0.6
    x = rng.normal(size=(len(phase), units)) * 0.2
    for k, a in ((1, own), (2, other)):
        x[phase == k] += rng.normal(size=(2 * rows, 3)) * [9, 6, 4] @ a
    x = np.round(x, 4)
    shares = []
    for which in (1, 2):
        share = 0
        for half in (True, False):
            v = axes(x[(phase == which) & (first == half)], 3)
            m = x[(phase == 2) & (first != half)]
            m = m - m.mean(axis=0)
            share += ((m @ v.T) ** 2).sum() / (m**2).sum() / 2
        shares.append(share)
    o, s = x[phase == 2], x[phase == 1]
    return {
        "phase": phase.tolist(),
        "first": first.tolist(),
        "values": x.ravel().tolist(),
        "units": units,
        "shared_variance": shares[0] / shares[1],
        "shared_null": 3 / units / shares[1],
        "angles": np.rad2deg(np.sort(subspace_angles(axes(s, 3).T, axes(o, 3).T))).tolist(),
    }


rng = np.random.default_rng(12)
with open("direction.json", "w") as out:
    json.dump({"designs": {design: make(design, rng) for design in ("free", "within", "whole")}, "axes": wide(rng)}, out)
