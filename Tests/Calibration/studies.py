"""Studies of networks whose truth is known: does an outcome differ between two conditions, beyond what another seed would have done?"""

import os
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cells import Cells

BATCH = 400
TRUTH_DRAWS = 4_000_000


@dataclass(frozen=True)
class Study:
    """Networks of a condition and of its baseline: an effect, what networks of one seed share (standard deviation 1, where they are paired), and noise.

    shape: of the noise, *normal*, *exponential* (mean 0) or *t3*, with standard deviation 1 in the baseline and `spread` in the condition.
    """

    seeds: int = 10
    baseline_seeds: int | None = None
    shape: str = "normal"
    spread: float = 1
    effect: float = 0
    recordings: float = 4
    analyses: tuple = ("compare",)

    @property
    def is_paired(self):
        return self.baseline_seeds is None

    @property
    def name(self):
        parts = [f"{self.seeds} pairs" if self.is_paired else f"{self.seeds} and {self.baseline_seeds} networks"]
        parts += [self.shape] if self.shape != "normal" else []
        parts += [f"{self.spread:g} times as wide"] if self.spread != 1 else []
        parts += [f"difference {self.effect:g}"] if self.effect else []
        return ", ".join(parts)

    def stream(self, seed):
        return np.random.default_rng([seed, zlib.crc32(repr(self).encode())])

    def noise(self, random, *shape):
        if self.shape == "exponential":
            return random.exponential(size=shape) - 1
        return random.standard_t(3, shape) / np.sqrt(3) if self.shape == "t3" else random.standard_normal(shape)

    def draw(self, random, studies):
        """Outcomes of the condition and of the baseline, [studies][seeds]."""
        new = self.spread * self.noise(random, studies, self.seeds) + self.effect
        old = self.noise(random, studies, self.baseline_seeds or self.seeds)
        shared = random.standard_normal((studies, self.seeds)) if self.is_paired else 0
        return new + shared, old + shared

    def location(self):
        """The interquartile mean over all seeds of the condition."""
        random = self.stream(0)
        values = self.spread * self.noise(random, TRUTH_DRAWS) + self.effect
        values = np.sort(values + random.standard_normal(TRUTH_DRAWS) if self.is_paired else values)
        return values[TRUTH_DRAWS // 4 : -TRUTH_DRAWS // 4].mean()

    @property
    def kind(self):
        if self.effect:
            return "power"
        # Differences of noises of two widths are symmetric only where the noise is; fewer arrangements than 1,000 leave no p of .005.
        is_null = self.spread == 1 or self.is_paired and self.shape != "exponential"
        return "exact" if is_null and (not self.is_paired or self.seeds >= 10) else "level" if is_null else "shown"


def measure_studies(design, analyses, programs, folder, recordings, seed, times=1):
    cells, random, done, location = Cells(), design.stream(seed), 0, design.location()
    path = os.path.join(folder, "studies.csv")
    while done < recordings:
        count = min(BATCH, recordings - done)
        sides = design.draw(random, count)
        # Without common seeds those of the baseline have other numbers.
        pd.concat([
            pd.DataFrame({
                "study": np.arange(count).repeat(values.shape[1]), "kind": kind,
                "seed": np.tile(np.arange(values.shape[1]) + (0 if design.is_paired else 1000 * number), count), "y": values.ravel(),
            })
            for number, (kind, values) in enumerate(zip(("new", "old"), sides))
        ]).to_csv(path, index=False)
        table = programs.table(
            "compare", path, "--by", "study,kind", "--outcome", "y", "--baseline", "old", "--bootstrap", 2000, "--draws", 20_000,
            "--seed", int(random.integers(1 << 31)))
        table = table[table.kind == "new"]
        for row in table.itertuples():
            cells.rejections("compare", "p_value", design.kind, np.array([row.p_value], float), [row.reason])
            for column, low, high, truth in (
                ("ci", row.ci_low, row.ci_high, location), ("difference", row.difference_low, row.difference_high, design.effect)):
                if low == low:
                    cells.share("compare", column, "coverage", low <= truth <= high, 1)
                else:
                    cells.rejections("compare", column, "coverage", np.array([np.nan]), [row.reason], levels=(None,))
        done += count
    return cells
