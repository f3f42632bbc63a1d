"""Writes docs/calibration.md from the table of all cells."""

import re

import pandas as pd

from cells import BEYOND, COVERAGE, POWER
from reasons import reason

MARKS = {"above": "▲", "below": "▽", "short": "▼", "wide": "◇", "weak": "▼"}
INTRODUCTION = """# Calibration

How often each p-value and each interval of `mirrorscope` is right, counted over made-up recordings whose truth is known.

```sh
scripts/calibrate            # everything, about {minutes} minutes on one core; writes this page and calibration.csv
scripts/calibrate --quick    # a tenth of the recordings of a few designs, in less than two minutes
```

{wanted} recordings a design (fewer of the large ones, see `recordings` in [calibration.csv](calibration.csv)), seed {seed}. A p of single units is counted over all units of at
least ten recordings. Each batch of up to 25 recordings has a `--seed` of its own, so that permutations and halves vary as well as the data.

**The rule.** Share of p ≤ α never above α by more than two Monte-Carlo standard errors; of exact tests (the index's `p_value`, p's of units,
divergence, similarity, overlap, ablation) not below α/2 either; 95 % intervals hold the truth in {low:g} to {high:g} of recordings; mirror units of g = 0.5 are found by q ≤ .05 in more than
{power:g} where each phase has 1,000 rows. In brackets the standard error: between recordings, where each gives many p's, or binomial, the larger one.

▲ rejects too often · ▽ rejects too seldom for an exact test (said where the level promises eight rejections or more) · ▼ interval too short, or too
little power · ◇ interval wider than it need be · *italics*: power, or a design outside of the null that a p names, where the rule says nothing · – empty in
every recording, with the reason in the table.

**A second run.** Of {first} cells under the rule {first_marks} were beyond it in the first run, apart from intervals that are too wide; by chance alone one in fifty of the
exact p's would be. All cells of these analyses of these designs were run again with other draws and four times the recordings, and those figures stand here: {second_marks}
marks are left{unrepeated}. Both runs are in calibration.csv.
"""
NOTES = """
A design: rows of none/self/other, units, activations (`normal`; `rectified`: max(z − 1, 0), 84 % zeros; `saturated`: z cut off at ±1), exchange with the
intraclass correlation of rows of a block (`whole`: blocks of five rows of one phase; `within`: blocks of all phases, as many as a quarter of the rows of the
smallest phase), standard deviations of none/self/other if not equal, factors that share half of each unit's variance, and the effect: number of units and their shifts in self/other, in standard deviations of z.
"""
TABLES = [
    ("cmni", "Variant `author`; the others are in calibration.csv, and below where they break the rule. `interval` is against the estimand that [cmni](analyses/cmni.md) names, what "
     "the units that one half chooses truly have: the halves are drawn again from the program's seed, the choice is made as the program makes it, and the true Δ of the chosen "
     "units are averaged. `true index` is how often the same interval holds the plain index of the true Δ, which it does not promise.",
     [("p_value", "p_value"), ("p_both", "p_both"), ("p_overlap", "p_overlap"), ("ci", "interval"), ("ci of the true index", "true index")]),
    ("units", "p's over units whose Δ of that contrast is truly 0 (`p_conjunction`: self or other is). `g` is held against Δ/σ, σ² the true variances of the two phases, pooled "
     "as g pools them. 199 permutations where the design does not say otherwise; see the next table for q, `p_fwer` and `class`.",
     [("p_self", "p_self"), ("p_other", "p_other"), ("p_interaction", "p_interaction"), ("p_conjunction", "p_conjunction"), ("g_self", "g_self"), ("g_other", "g_other")]),
    ("units, families", "`p_fwer`: share of recordings with any false mirror unit. `q` and `class`: mean share of false ones among the units found (class: in the first four classes); 0 where "
     "none is found, so without any effect it is the share of recordings with any. `unresponsive`: share of the units with |g| ≥ 0.1 that are called unresponsive. Power: share of true mirror units "
     "with q ≤ .05, of class mirror, with p_fwer ≤ .05; with 199 permutations a few mirrors among 38 units cannot reach the q ≤ .0125 that a class needs.",
     [("p_fwer, any false", "p_fwer"), ("q_value, share false", "q"), ("class, share false", "class"), ("class unresponsive, false", "unresponsive"), ("q_value", "*power: q*"),
      ("class mirror", "*class*"), ("p_fwer", "*p_fwer*")]),
    ("ablate", "25 random targets a network, zeroed, 99 reference sets at most, outcome `mean:a`. p's of the targets that have one; `empty` is the share without (matching failed, or fewer than 19 "
     "reference sets). The interval is held against the true effect on the mean over all rows, and all episodes, that the network could have been shown.",
     [("p_value", "p_value"), ("ci", "interval")]),
    ("divergence", "p's over units whose two phases have equal distributions (power over the others).", None),
    ("similarity", "Two layers of independent noise; phases self and other.", None),
    ("decode", "No effect in the phase that is tested.", None),
    ("direction", "`interval` is held against the cosine of the true Δ of self and other, of the recordings that have one; *given* is their share, and *without a cosine* the share "
     "of recordings with an interval where self or other has no effect, so that there is nothing for it to hold.",
     [("p_value", "p_value"), ("ci", "interval"), ("ci given", "*given*"), ("ci without a cosine", "*without a cosine*")]),
    ("overlap", "Wordings have a standard deviation of 1 in each unit, noise one of 0.7; `pairs` is that of what the two versions of a pair have in common. The interval is held "
     "against the mean distance of 20,000 pairs and more.",
     [(f"{column}, {measure}", f"{title}: {measure}") for measure in ("mse", "cosine", "correlation") for column, title in (("p_value", "p"), ("ci", "interval"))]),
    ("units --stop-early", "As p's of `units`, of up to 999 permutations: those of a unit end with the 20th that is as extreme.",
     [("p_self", "p_self"), ("p_other", "p_other"), ("p_interaction", "p_interaction"), ("p_conjunction", "p_conjunction")]),
    ("compare", "A study: networks of a condition and of its baseline, with noise of standard deviation 1 (`exponential`, `t3`: Student's t with 3 degrees of freedom; a condition may be "
     "so many `times as wide`). Pairs share a part of standard deviation 1. `interval` is held against the interquartile mean over all seeds of the condition, `of the difference` "
     "against the difference of means. p's and intervals of fewer than so many networks as they need are empty.",
     [("p_value", "p_value"), ("ci", "interval"), ("difference", "of the difference")]),
]


def label(design):
    return design.replace(", effect none", "").replace(", effect ", ", ").replace(", normal", "").replace(", free", "")


def number(row):
    if not row.recordings:
        return "–"
    text = f"{row.rate:.3f}".lstrip("0") if row.rate < 1 else "1"
    text += f" ({row.se:.3f})".replace("0.", ".") if row.kind != "power" else ""
    if row.kind in ("power", "shown"):
        text = f"*{text}*"
    return text + (" " + MARKS[row.verdict] if row.verdict in MARKS else "")


def both(part, column):
    cells = part[part.column == column]
    # A p has a share at each level; an empty interval has no level.
    return " ".join(number(row) for row in cells.itertuples()) if len(cells) else ""


def table(cells, columns):
    lines = ["| design | " + " | ".join(title for _, title in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for design, part in cells.groupby("design", sort=False):
        values = [both(part, column) for column, _ in columns]
        if any(values):
            lines.append(f"| {label(design)} | " + " | ".join(values) + " |")
    return lines if len(lines) > 2 else []


def section(cells, name, text, columns):
    part = cells[cells.analysis == name.split(",")[0]]
    if name == "cmni":
        part = part[part.variant == "author"]
    if columns is None:
        part = part.assign(column=part.variant)
        columns = [(variant, variant) for variant in part.variant.drop_duplicates()]
    if name == "ablate":
        extra = part[(part.column == "p_value") & (part.level == 0.05)]
        part = pd.concat([part, extra.assign(column="empty", kind="power", rate=extra["empty"] / (extra["empty"] + extra.trials), verdict="")])
        columns = [*columns, ("empty", "empty")]
    lines = table(part, columns)
    return ["", f"## {name}", "", text + " p's: share at .05 and at .01." * (name != "units, families"), "", *lines] if lines else []


def spelled(row):
    level = f" at {row.level:g}" if row.level == row.level else ""
    return f"{row.variant} {number(row)}{level}".strip()


def marked(cells):
    lines = []
    groups = cells[cells.verdict.isin(list(MARKS))].groupby(["analysis", "column", "verdict"], sort=False)
    for (analysis, column, verdict), part in groups:
        for sentence, same in part.assign(sentence=[reason(row) for row in part.itertuples()]).groupby("sentence", sort=False):
            where = [
                f"{label(design)}: " + ", ".join(map(spelled, rows.itertuples()))
                for design, rows in same.groupby("design", sort=False)]
            lines += [f"- {MARKS[verdict]} **{analysis} {column}**. {sentence}"] + [f"  - {text}" for text in where]
    return lines


def write_report(source, path, designs, wanted, seed, minutes="80"):
    cells = pd.read_csv(source, keep_default_na=False, na_values={"level": [""], "rate": [""], "se": [""]})
    ruled = cells[(cells.run == 1) & cells.kind.isin(["exact", "level", "coverage"]) & (cells.recordings > 0)]
    cells["key"] = cells.design + "; " + cells.analysis
    repeated = set(cells[cells.run == 2].key)
    again = [key for key in dict.fromkeys(cells[(cells.run == 1) & cells.verdict.isin(BEYOND)].key) if key not in repeated]
    last = cells[(cells.run == 2) | ~cells.key.isin(repeated)]
    # A design may be there for several analyses; its first place counts.
    order = {design.name: place for place, design in reversed(list(enumerate(designs)))}
    last = last.iloc[last.design.map(lambda name: order.get(name, len(order))).argsort(kind="stable")]
    lines = [INTRODUCTION.format(
        minutes=minutes, wanted=wanted, seed=seed, low=COVERAGE[0], high=COVERAGE[1], power=POWER, first=len(ruled),
        first_marks=int(ruled.verdict.isin(BEYOND).sum()), second_marks=int(last.verdict.isin(BEYOND).sum()),
        unrepeated=f" ({len(again)}, named at the end, had no second run)" if again else "") + NOTES]
    lines += ["", "## Cells that break the rule", "", *(marked(last) or ["None."])]
    for name, text, columns in TABLES:
        lines += section(last, name, text, columns)
    empty = last[(last["empty"] > 0) & (last.reason != "") & (last.analysis != "ablate") & ~(last.level == 0.01)]
    if len(empty):
        lines += ["", "## Empty cells", ""]
        for sentence, part in empty.groupby("reason", sort=False):
            lines.append(f"- {sentence}: " + "; ".join(dict.fromkeys(f"{label(row.design)} ({row.analysis} {row.column})" for row in part.itertuples())))
    held = set(cells.key)
    missing = [key for key in (f"{design.name}; {name}" for design in designs for name in design.analyses) if key not in held]
    if missing or again:
        lines += ["", "## Not run", ""]
        lines += [f"- {label(name)}" for name in missing] + [f"- no second run: {label(name)}" for name in again]
    with open(path, "w") as file:
        file.write(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n")
