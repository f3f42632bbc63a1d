"""Recordings of pairs in wordings whose truth is known: is a pair's own version closer, and how far is it?"""

import functools
import os
import zlib
from dataclasses import dataclass

import numpy as np

from cells import Cells
from recordings import write

NOISE = 0.7
MEASURES = ("mse", "cosine", "correlation")
PAIRS_OF_TRUTH = 400_000


@dataclass(frozen=True)
class Pairs:
    """A self and an other version of each pair: what their wording has (standard deviation 1, or `wording`), what the pair has, what the wording has in either
    phase, and noise. Versions have as many rows as `rows` says, drawn for each pair."""

    wordings: int = 10
    each: int = 4
    units: int = 100
    item: float = 0
    wording: float = 1
    by_phase: float = 0
    rectified: bool = False
    rows: tuple = (1,)
    recordings: float = 0.5
    analyses: tuple = ("overlap",)
    permutations: int = 199

    @property
    def name(self):
        parts = [f"{self.wordings} wordings of {self.each} pairs, {self.units} units, pairs {self.item:g}"]
        parts += [f"wordings by phase {self.by_phase:g}"] if self.by_phase else []
        parts += [f"wordings {self.wording:g}"] if self.wording != 1 else []
        parts += ["rectified"] if self.rectified else []
        parts += [f"{' or '.join(map(str, self.rows))} rows a version"] if self.rows != (1,) else []
        return ", ".join(parts)

    def stream(self, seed):
        return np.random.default_rng([seed, zlib.crc32(repr(self).encode())])

    def versions(self, random, wordings, each, rows=None):
        """Activations of self and of other, [2][pairs or rows][units]; rows: of each pair, its means are over them without any."""
        shape = (wordings, 1, self.units)
        shared = self.wording * random.standard_normal(shape) + self.item * random.standard_normal((wordings, each, self.units))
        sets = []
        for _ in range(2):
            whole = shared + self.by_phase * random.standard_normal(shape)
            whole = whole.reshape(-1, self.units)
            whole = whole if rows is None else whole.repeat(rows, 0)
            whole = whole + NOISE * random.standard_normal(whole.shape)
            sets.append(np.maximum(whole, 0) if self.rectified else whole)
        return sets

    @functools.cached_property
    def truth(self):
        """Mean distance of a pair by each measure, over a population of them."""
        random = self.stream(0)
        pairs = max(20_000, PAIRS_OF_TRUTH // len(self.rows) // max(1, self.units // 10))
        sums = np.zeros(3)
        batch = 2000
        for _ in range(pairs // batch):
            rows = random.choice(self.rows, batch)
            own, other = (means(values, rows) for values in self.versions(random, batch, 1, rows))
            sums += [distance(own, other, measure).mean() for measure in MEASURES]
        return dict(zip(MEASURES, sums / (pairs // batch)))


def means(values, rows):
    return np.add.reduceat(values, np.cumsum(rows) - rows, 0) / rows[:, None]


def distance(own, other, measure):
    if measure == "mse":
        return ((own - other) ** 2).mean(1)
    if measure == "correlation":
        own, other = (values - values.mean(1, keepdims=True) for values in (own, other))
    return 1 - (own * other).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(other, axis=1)


def measure_pairs(design, analyses, programs, folder, recordings, seed, times=1):
    cells, random, done = Cells(), design.stream(seed), 0
    pairs = design.wordings * design.each
    while done < recordings:
        paths = [os.path.join(folder, f"{number}.h5") for number in range(min(25, recordings - done))]
        for path in paths:
            rows = random.choice(design.rows, pairs)
            values = np.concatenate(design.versions(random, design.wordings, design.each, rows)).astype("f4")
            pair = np.tile(np.arange(pairs).repeat(rows), 2).astype("i4")
            phase = np.repeat(np.array([1, 2], "u1"), rows.sum())
            write(path, [values], phase, pair // design.each if design.each > 1 else None, pair=pair)
        table = programs.table("overlap", *paths, "--permutations", design.permutations, "--seed", int(random.integers(1 << 31)))
        for row in table.itertuples():
            cells.rejections(
                "overlap", f"p_value, {row.measure}", "power" if design.item else "exact",
                np.array([row.p_value], float), [row.reason])
            if row.ci_low == row.ci_low:
                cells.share("overlap", f"ci, {row.measure}", "coverage", row.ci_low <= design.truth[row.measure] <= row.ci_high, 1)
            else:
                cells.rejections("overlap", f"ci, {row.measure}", "coverage", np.array([np.nan]), [row.reason], levels=(None,))
        done += len(paths)
    return cells
