"""Counts of what a calibration finds, and the rule that they are held against."""

import csv
import math
from dataclasses import dataclass, field

LEVELS = (0.05, 0.01)
COVERAGE = (0.93, 0.995)
BEYOND = ("above", "below", "short", "weak")
"""What a second run with other draws is to confirm or not. An interval that is too wide needs none."""

POWER = 0.95
"""Share of mirror units of g = .5 that 1,000 rows a phase have to find."""
LEAST_EXPECTED = 8
"""Rejections that the level has to promise before too few of them mean something."""

FIELDS = (
    "run design analysis column variant kind level rate se recordings trials empty verdict reason".split())


@dataclass
class Cell:
    """One share: of p's at or below a level, of intervals that hold the truth, of units found.

    kind: *exact* (rejection at the level, not below half of it), *level* (rejection at most at the level), *coverage*, *power* (required where
    the design says so), *shown* (no rule: the design is outside of the null that the p names).
    """

    analysis: str
    column: str
    variant: str
    kind: str
    level: float | None
    hits: list = field(default_factory=list)
    trials: list = field(default_factory=list)
    empty: int = 0
    reasons: dict = field(default_factory=dict)
    required: float | None = None

    @property
    def rate(self):
        return sum(self.hits) / sum(self.trials) if sum(self.trials) else None

    @property
    def se(self):
        """Between recordings where there are ten or more of several trials, otherwise binomial; the larger one counts."""
        total = sum(self.trials)
        if not total:
            return None
        rate, count = self.rate, len(self.trials)
        around = self.level if self.kind in ("exact", "level") else rate
        binomial = math.sqrt(around * (1 - around) / total)
        if count < 10 or total == count:
            return binomial
        squares = sum((hit - rate * trials) ** 2 for hit, trials in zip(self.hits, self.trials))
        return max(binomial, math.sqrt(squares * count / (count - 1)) / total)

    @property
    def verdict(self):
        rate, se = self.rate, self.se
        if rate is None:
            return "empty"
        if self.kind in ("exact", "level") and rate > self.level + 2 * se:
            return "above"
        if self.kind == "exact" and rate < self.level / 2 and self.level * sum(self.trials) >= LEAST_EXPECTED:
            return "below"
        if self.kind == "coverage" and rate < COVERAGE[0]:
            return "short"
        if self.kind == "coverage" and rate > COVERAGE[1]:
            return "wide"
        if self.required and rate <= self.required:
            return "weak"
        return ""


class Cells:
    """The cells of one design."""

    def __init__(self):
        self.cells = {}

    def _cell(self, analysis, column, variant, kind, level, required=None):
        key = analysis, column, variant, kind, level
        if key not in self.cells:
            self.cells[key] = Cell(*key, required=required)
        return self.cells[key]

    def share(self, analysis, column, kind, hits, trials, variant="", level=None, required=None):
        """A share of one recording."""
        if trials:
            cell = self._cell(analysis, column, variant, kind, level, required)
            cell.hits.append(float(hits))
            cell.trials.append(int(trials))

    def rejections(self, analysis, column, kind, values, reasons=(), variant="", levels=LEVELS):
        """values: the p's of one recording, as a numpy array, NaN where the cell of the table is empty."""
        missing = values != values
        for level in levels:
            cell = self._cell(analysis, column, variant, kind, level)
            cell.empty += int(missing.sum())
            for reason in {text for text, gone in zip(reasons, missing) if gone and isinstance(text, str)}:
                cell.reasons[reason] = cell.reasons.get(reason, 0) + 1
            if not missing.all():
                cell.hits.append(int((values[~missing] <= level + 1e-9).sum()))
                cell.trials.append(int((~missing).sum()))

    def rows(self, design, run):
        for cell in self.cells.values():
            rate = "" if cell.rate is None else f"{cell.rate:.5f}"
            se = "" if cell.se is None else f"{cell.se:.5f}"
            reason = max(cell.reasons, key=cell.reasons.get) if cell.reasons else ""
            yield dict(zip(FIELDS, (
                run, design, cell.analysis, cell.column, cell.variant, cell.kind, "" if cell.level is None else cell.level, rate, se,
                len(cell.trials), sum(cell.trials), cell.empty, cell.verdict, reason)))


def append(path, rows, new=False):
    with open(path, "w" if new else "a", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if new:
            table.writeheader()
        table.writerows(rows)


def written(path):
    with open(path, newline="") as file:
        yield from csv.DictReader(file)
