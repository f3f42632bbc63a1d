"""What numpy makes of the cross-fitted index and its standard error on made-up activations, halves given.

Run in this folder: python crossfit.py   (numpy); writes crossfit.json: for rows that are free, blocks that hold all three phases (within)
and blocks of one phase each (whole) the phases, strata, halves, activations of two layers (the second the output) in float64, and per
variant the index, its cross-fitted value and the standard error (ordinary where free, otherwise CR1 by block: G/(G-1)); and under each
null of overlap p and excess: over all orders of the units of each layer and all signs, and over 100,000 random directions, as they are and
about the mean of each layer's units.
"""

import itertools
import json

import numpy as np

VARIANTS = ["author", "formula", "hidden", "standardised", "symmetric"]
OUTPUT = np.array([False] * 4 + [True] * 2)


def pooled(x, phase, other):
    rest = [((x[phase == p] - x[phase == p].mean(axis=0)) ** 2).sum(axis=0) for p in (0, other)]
    return np.sqrt((rest[0] + rest[1]) / ((phase == 0).sum() + (phase == other).sum() - 2))


def contrasts(x, phase):
    return [x[phase == p].mean(axis=0) - x[phase == 0].mean(axis=0) for p in (1, 2)]


def index(own, other, variant):
    low = np.minimum(own, other)
    if variant == "symmetric":
        return np.where(own * other > 0, np.minimum(abs(own), abs(other)), 0)
    return low if variant == "formula" else np.maximum(low, 0)


def analyse(x, phase, first, blocks):
    result = {}
    spread = [pooled(x, phase, p) for p in (1, 2)]
    for variant in VARIANTS:
        used = ~OUTPUT if variant == "hidden" else OUTPUT | True
        scale = spread if variant == "standardised" else [np.ones(len(OUTPUT))] * 2
        own, other = (c / s for c, s in zip(contrasts(x, phase), scale))
        observed = index(own, other, variant)[used].mean()
        estimates, errors = [], []
        for half in (True, False):
            chooser, rows = first != half, first == half
            own, other = (c / s for c, s in zip(contrasts(x[chooser], phase[chooser]), scale))
            if variant == "symmetric":
                sign, smaller = np.where(own * other > 0, np.sign(own), 0), abs(own) < abs(other)
            else:
                sign = np.ones(len(own)) if variant == "formula" else ((own > 0) & (other > 0)).astype(float)
                smaller = own < other
            w = sign * used / used.sum()
            w_own, w_other = w * smaller / scale[0], w * ~smaller / scale[1]
            y = np.select([phase == 1, phase == 2], [x @ w_own, x @ w_other], x @ (w_own + w_other))[rows]
            p, b = phase[rows], None if blocks is None else blocks[rows]
            means = [y[p == k].mean() for k in range(3)]
            estimates.append(means[1] + means[2] - means[0])
            if b is None:
                errors.append(np.sqrt(sum(y[p == k].var(ddof=1) / (p == k).sum() for k in range(3))))
            else:
                score = np.array([(-1 if k == 0 else 1) * (v - means[k]) / (p == k).sum() for v, k in zip(y, p)])
                sums = np.array([score[b == g].sum() for g in np.unique(b)])
                errors.append(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()))
        result[variant] = {"index": observed, "cross_fit": np.mean(estimates), "standard_error": np.mean(errors)}
    return result


def scores(own, other, variant):
    """Of each unit."""
    low = np.minimum(own, other)
    if variant == "symmetric":
        return np.where(own * other > 0, np.minimum(abs(own), abs(other)), 0)
    return low if variant == "formula" else np.maximum(low, 0)


def share(null, observed):
    return (null >= observed - 1e-9).mean()


def overlap(x, phase, first, rng):
    """p and excess of each null, exact but for the random directions."""
    def deviation(rows):
        rest = [((x[rows & (phase == p)] - x[rows & (phase == p)].mean(axis=0)) ** 2).sum(axis=0) for p in range(3)]
        return np.sqrt(sum(rest) / (rows.sum() - 3))

    halves = [first, ~first]
    raw = [contrasts(x[h], phase[h]) for h in halves]
    whole = deviation(first | ~first)
    own_deviations = [deviation(h) for h in halves]
    # Of each order of the halves: self of one and other of the other, in standard deviations of the half that each comes from.
    orders = [(raw[h][0] / own_deviations[h], raw[1 - h][1] / own_deviations[1 - h]) for h in (0, 1)]
    none = x[phase == 0] - x[phase == 0].mean(axis=0)
    directions = rng.normal(size=(100_000, len(none))) @ none
    result = {}
    for variant in VARIANTS:
        used = ~OUTPUT if variant == "hidden" else OUTPUT | True
        size = 2 * used.sum()
        scale = whole if variant == "standardised" else np.ones(len(OUTPUT))
        observed, null = 0, 0
        for h in (0, 1):
            own, other, random = raw[h][0] / scale, raw[1 - h][1] / scale, directions / scale
            length = np.linalg.norm(other[used]) / np.linalg.norm(random[:, used], axis=1)
            observed += scores(own, other, variant)[used].sum() / size
            null = null + scores(own, random * length[:, None], variant)[:, used].sum(axis=1) / size
        directed = (share(null, observed), observed - null.mean())
        about = []
        for own, other in orders:
            # In each layer about the mean of its units, and as far from it.
            random, null = directions / whole, 0
            for layer in (~OUTPUT, OUTPUT):
                rest = random[:, layer] - random[:, layer].mean(axis=1)[:, None]
                mean = other[layer].mean()
                factor = np.linalg.norm(other[layer] - mean) / np.linalg.norm(rest, axis=1)
                if used[layer].all():
                    null = null + scores(own[layer], mean + rest * factor[:, None], variant).sum(axis=1) / size
            observed = scores(own, other, variant)[used].sum() / size
            about.append((share(null, observed), observed - null.mean()))
        moved = []
        for own, other in orders:
            null = np.array([
                scores(own, other[list(hidden) + list(output)], variant)[used].sum() / size
                for hidden in itertools.permutations(range(4)) for output in itertools.permutations([4, 5])])
            observed = scores(own, other, variant)[used].sum() / size
            moved.append((share(null, observed), observed - null.mean()))
        null = np.array([
            sum(scores(own, other * sign, variant)[used].sum() / size for own, other in orders) for sign in itertools.product([1, -1], repeat=6)])
        observed = sum(scores(own, other, variant)[used].sum() / size for own, other in orders)
        signed = (share(null, observed), observed - null.mean())
        shuffled, around = ((min(1, 2 * min(p for p, _ in tests)), sum(excess for _, excess in tests)) for tests in (moved, about))
        result[variant] = {"p": [null[0] for null in (directed, shuffled, signed, around)], "excess": [null[1] for null in (directed, shuffled, signed, around)]}
    return result


def make(design, rng):
    if design == "within":
        blocks, phase = np.repeat(np.arange(12), 6), np.tile([0, 0, 0, 1, 2, 2], 12)
        first = blocks % 2 == 0
    elif design == "whole":
        blocks = np.repeat(np.arange(18), 4)
        phase = blocks % 3
        first = blocks < 9
    else:
        blocks, phase = None, rng.permutation(np.repeat([0, 1, 2], [30, 20, 16]))
        first = rng.random(len(phase)) < 0.5
    x = rng.normal(size=(len(phase), 6)) + np.array([0, 0.5, 0.4])[phase][:, None] * [1, 1, -1, 0, 1, 0.5] + [0, 1e6, 0, 0, 3, -2]
    if blocks is not None:
        x += rng.normal(size=(blocks.max() + 1, 6))[blocks]
    return {
        "phase": phase.tolist(),
        "strata": None if blocks is None else blocks.tolist(),
        "first": first.tolist(),
        "hidden": x[:, :4].ravel().tolist(),
        "output": x[:, 4:].ravel().tolist(),
        "expected": analyse(x - [0, 1e6, 0, 0, 3, -2], phase, first, blocks),
        "overlap": overlap(x - [0, 1e6, 0, 0, 3, -2], phase, first, np.random.default_rng(12)),
    }


rng = np.random.default_rng(11)
with open("crossfit.json", "w") as out:
    json.dump({design: make(design, rng) for design in ("free", "within", "whole")}, out)
