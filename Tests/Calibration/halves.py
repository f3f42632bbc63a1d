"""The halves of the rows that `cmni` draws, and from them what its interval is about.

The estimand of `cmni_crossfit` is what the units that one half chooses truly have, averaged over both orders of the halves. Which half a row
is in follows from `--seed`, phases and strata alone, so it is drawn here again, by the same generator (xoshiro256++ filled by SplitMix64). The
estimate itself is reckoned here too: where it is not the table's, the halves are not the program's, and the calibration stops.
"""

import numpy as np

MASK = (1 << 64) - 1
VARIANTS = ("author", "formula", "standardised", "symmetric")


class Stream:
    """Random numbers as a function of a seed, a purpose and an index (`RandomStream.swift`)."""

    def __init__(self, seed, purpose, index):
        name = 0xCBF29CE484222325
        for byte in purpose.encode():
            name = (name ^ byte) * 0x100000001B3 & MASK
        self.mixer = seed
        self.mixer = self._mixed() ^ name
        self.mixer = self._mixed() ^ index
        self.state = [self._mixed() for _ in range(4)]

    def _mixed(self):
        self.mixer = self.mixer + 0x9E3779B97F4A7C15 & MASK
        z = self.mixer
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    def next(self):
        a, b, c, d = self.state
        total = a + d & MASK
        result = (total << 23 | total >> 41) + a & MASK
        c ^= a
        d ^= b
        self.state = [a ^ d, b ^ c, c ^ b << 17 & MASK, (d << 45 | d >> 19) & MASK]
        return result

    def below(self, bound):
        product = self.next() * bound
        if product & MASK < bound:
            least = (1 << 64) % bound
            while product & MASK < least:
                product = self.next() * bound
        return product >> 64

    def shuffled(self, items):
        items = list(items)
        for first in range(len(items) - 1):
            other = first + self.below(len(items) - first)
            items[first], items[other] = items[other], items[first]
        return items


def first_half(phase, block, seed):
    """Whether each row, in order of phases, is in the first half. block: None where rows are free."""
    if block is None:
        pattern, number = 1 << phase.astype(int), np.arange(len(phase))
    else:
        # Blocks in the order in which they come first.
        names, first, number = np.unique(block, return_index=True, return_inverse=True)
        place = np.argsort(np.argsort(first))
        number = place[number]
        pattern = np.zeros(len(names), int)
        np.bitwise_or.at(pattern, number, 1 << phase.astype(int))
    chosen = np.zeros(len(pattern), bool)
    for group in np.unique(pattern):
        stream = Stream(seed, "halves of cmni", int(group))
        shuffled = stream.shuffled(np.flatnonzero(pattern == group))
        odd = len(shuffled) % 2 == 1 and (stream.next() >> 11) * 2.0**-53 < 0.5
        chosen[shuffled[: len(shuffled) // 2 + odd]] = True
    return chosen[number]


def cross_fit(values, phase, first, own, other):
    """By variant (estimate, estimand). own, other: true Δself and Δother of each unit."""
    count = np.bincount(phase)
    mean = [values[phase == k].mean(0) for k in range(3)]
    squares = [((values[phase == k] - mean[k]) ** 2).sum(0) for k in range(3)]
    sd = [np.sqrt((squares[0] + squares[k]) / (count[0] + count[k] - 2)) for k in (1, 2)]
    parts = [[values[(phase == k) & (first == side)].mean(0) for k in range(3)] for side in (True, False)]
    contrasts = [(part[1] - part[0], part[2] - part[0]) for part in parts]
    result = np.zeros((len(VARIANTS), 2))
    for side in range(2):
        s, o = contrasts[1 - side]
        rises, falls = (s > 0) & (o > 0), (s < 0) & (o < 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = [np.where(d > 0, 1 / d, 0) for d in sd]
        both = rises & (inverse[0] > 0) & (inverse[1] > 0)
        smaller, smaller_d, nearer = s < o, s * inverse[0] < o * inverse[1], abs(s) < abs(o)
        weights = [
            (rises & smaller, rises & ~smaller),
            (smaller, ~smaller),
            (both * smaller_d * inverse[0], both * ~smaller_d * inverse[1]),
            (np.where(rises, 1, -1) * (rises | falls) * nearer, np.where(rises, 1, -1) * (rises | falls) * ~nearer),
        ]
        for row, (u, v) in enumerate(weights):
            result[row, 0] += (u @ contrasts[side][0] + v @ contrasts[side][1]) / 2 / len(own)
            result[row, 1] += (u @ own + v @ other) / 2 / len(own)
    return dict(zip(VARIANTS, result))
