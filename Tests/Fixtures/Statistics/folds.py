"""`stratifiedFolds` from an independent reading of its definition, for oracles that need the same rows as the program draws.

`shuffle` is Swift's: from the first place on, each is exchanged with one of those from it on, drawn by Lemire's method.
"""

import numpy as np

from random_stream import M, numbers


class Draws:
    def __init__(self, seed, purpose, index=0):
        self.numbers = numbers(seed, purpose, index)

    def below(self, bound):
        product = next(self.numbers) * bound
        if product & M < bound:
            while product & M < (1 << 64) % bound:
                product = next(self.numbers) * bound
        return product >> 64

    def shuffle(self, items):
        items = list(items)
        for place in range(len(items) - 1):
            other = place + self.below(len(items) - place)
            items[place], items[other] = items[other], items[place]
        return items


def folds(labels, clusters, count, seed, purpose):
    draws = Draws(seed, purpose)
    fold = np.zeros(len(labels), int)
    if clusters is None:
        dealt = [row for label in np.unique(labels) for row in draws.shuffle(np.flatnonzero(labels == label))]
        fold[dealt] = np.arange(len(dealt)) % count
        return fold
    classes = np.unique(labels)
    totals = np.array([np.sum(labels == c) for c in classes], float)
    shares = np.zeros((count, len(classes)))
    dealt = draws.shuffle([np.flatnonzero(clusters == c) for c in np.unique(clusters)])
    for members in sorted(dealt, key=len, reverse=True):
        added = np.array([np.sum(labels[members] == c) for c in classes]) / totals
        best = int(np.argmin([np.round(np.sum((s + added) ** 2 - s**2), 12) for s in shares]))
        shares[best] += added
        fold[members] = best
    return fold
