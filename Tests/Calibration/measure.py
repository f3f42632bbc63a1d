"""Makes the recordings of a design, gives them to `mirrorscope` many at a time, and counts what its tables say of them."""

import io
import math
import os
import subprocess

import numpy as np
import pandas as pd

from cells import Cells, LEVELS, POWER
from halves import VARIANTS, cross_fit, first_half
from recordings import write

BATCH_BYTES = 150_000_000
CLASSES = ("mirror", "suppressed", "opposite", "differentiating")


class Programs:
    def __init__(self, folder):
        self.program = os.path.join(folder, "mirrorscope")

    def table(self, *arguments):
        """Of one command, on one thread. Fails with what the command says."""
        run = subprocess.run([self.program, *map(str, arguments), "--threads", "1", "--quiet"], capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"calibrate: mirrorscope {arguments[0]} ended with {run.returncode}: {run.stderr.strip()}")
        return pd.read_csv(io.StringIO(run.stdout), dtype={"reason": str, "class": str, "target_units": str})


def measure(design, analyses, programs, folder, recordings, seed, times=1):
    """Cells of one design. Each batch has a program seed of its own, so that permutations and halves vary too.

    times: by how much more units than usual are enough.
    """
    cells, random = Cells(), design.stream(seed)
    enough = {"units": design.unit_count, "units --stop-early": design.unit_count, "divergence": 2000}
    needed = {name: max(10, math.ceil(times * count / design.units)) for name, count in enough.items()}
    size = max(1, min(25, BATCH_BYTES // (sum(design.rows) * design.units * 4 * design.layers)))
    needed_most = max(needed.get(name, recordings) for name in analyses)
    recordings, done = min(recordings, needed_most), 0
    while done < recordings:
        made = []
        program_seed = int(random.integers(1 << 31))
        first = first_half(design.phase, design.block, program_seed) if "cmni" in analyses else None
        for number in range(min(size, recordings - done)):
            layers = design.draw(random)
            path = os.path.join(folder, f"{number}.h5")
            write(path, layers, design.phase, design.block)
            fit = None if first is None else cross_fit(layers[0].astype("f8"), design.phase, first, *design.truth[0])
            made.append((path, fit))
        for analysis in analyses:
            part = made[: max(0, needed.get(analysis, recordings) - done)]
            if part:
                paths = [path for path, _ in part]
                options = ["--seed", program_seed, *([] if analysis == "decode" else ["--permutations", design.permutations])]
                table = programs.table(*analysis.split()[:1], *paths, *options, *analysis.split()[1:], *EXTRA.get(analysis, []))
                for path, fit in part:
                    COUNTS[analysis](cells, design, table[table.recording == path], fit)
        done += len(made)
    return cells


def count_cmni(cells, design, table, fit):
    own, other = design.truth[0]
    spread, rows = design.spread, table.set_index("variant")
    alike = [not own.any() and spread[1] == spread[0], not other.any() and spread[2] == spread[0]]
    # Units that all answer alike are no evidence that answers go together, and as many that answer to both as chance gives are none either.
    alone = not (own * other).any() or (np.ptp(own) == 0 and np.ptp(other) == 0)
    unrelated = alone or abs(np.cov(own, other)[0, 1]) < 1e-9
    kinds = {
        "p_value": "exact" if all(alike) else "power" if own.any() or other.any() else "shown",
        "p_both": "level" if any(alike) else "power" if own.any() and other.any() else "shown",
        "p_overlap": "level" if unrelated else "power",
    }
    scores = np.minimum(own, other)
    deltas = design.truth[1]
    index = {
        "author": np.maximum(scores, 0).mean(), "formula": scores.mean(), "standardised": np.maximum(deltas.min(0), 0).mean(),
        "symmetric": np.where(own * other > 0, np.minimum(abs(own), abs(other)), 0).mean(),
    }
    for variant in VARIANTS:
        row = rows.loc[variant]
        for column, kind in kinds.items():
            cells.rejections("cmni", column, kind, np.array([row[column]], float), [row.reason], variant)
        estimate, estimand = fit[variant]
        if abs(estimate - row.cmni_crossfit) > 1e-4 * (abs(estimate) + 0.1):
            raise SystemExit(f"calibrate: {design.name}: cmni_crossfit is {row.cmni_crossfit}, and {estimate} by the halves drawn here.")
        if row.ci_low == row.ci_low:
            cells.share("cmni", "ci", "coverage", row.ci_low <= estimand <= row.ci_high, 1, variant)
            cells.share("cmni", "ci of the true index", "shown", row.ci_low <= index[variant] <= row.ci_high, 1, variant)
        else:
            cells.rejections("cmni", "ci", "coverage", np.array([np.nan]), [row.reason], variant, levels=(None,))


def count_tests(cells, analysis, design, table):
    (own, other), _ = design.truth
    false = (own <= 0) | (other <= 0)
    for column, which, kind in (
        ("p_self", own == 0, "exact"), ("p_other", other == 0, "exact"), ("p_interaction", own == other, "exact"), ("p_conjunction", false, "level")):
        if which.any():
            cells.rejections(analysis, column, kind, table[column].to_numpy(float)[which], table.reason.to_numpy(object)[which])


def count_early(cells, design, table, _):
    count_tests(cells, "units --stop-early", design, table)


def count_units(cells, design, table, _):
    (own, other), standardised = design.truth
    count_tests(cells, "units", design, table)
    false = (own <= 0) | (other <= 0)
    family, q = table.p_fwer.to_numpy(float), table.q_value.to_numpy(float)
    if false.any() and (family == family).any():
        least = np.nanmin(family[false])
        for level in LEVELS:
            cells.share("units", "p_fwer, any false", "level", least <= level + 1e-9, 1, level=level)
    found = q <= 0.05
    # q keeps the mean share of false ones among those found, and so does class.
    cells.share("units", "q_value, share false", "level", (found & false).sum() / max(1, found.sum()), 1, level=0.05)
    called = table["class"].to_numpy()
    true = {"mirror": ~false, "suppressed": (own < 0) & (other < 0), "opposite": own * other < 0, "differentiating": own != other}
    counted = np.isin(called, CLASSES)
    wrong = sum(((called == name) & ~true[name]).sum() for name in CLASSES)
    cells.share("units", "class, share false", "level", wrong / max(1, counted.sum()), 1, level=0.05)
    large = (abs(standardised) >= 0.1 - 1e-6).any(0)
    cells.share("units", "class unresponsive, false", "level", ((called == "unresponsive") & large).sum(), large.sum(), level=0.05)
    for column, g in (("g_self", standardised[0]), ("g_other", standardised[1])):
        low, high = (table[f"{column}_{end}"].to_numpy(float) for end in ("low", "high"))
        there = low == low
        cells.share("units", column, "coverage", ((low <= g) & (g <= high) & there).sum(), there.sum())
    mirrors = (own > 0) & (other > 0)
    required = POWER if min(design.rows) >= 1000 and mirrors.any() and standardised[:, mirrors].min() >= 0.5 else None
    for column, hit in (("q_value", found), ("class mirror", called == "mirror"), ("p_fwer", family <= 0.05)):
        cells.share(
            "units", column, "power", (hit & mirrors).sum(), mirrors.sum(), level=0.05, required=required if column == "q_value" else None)


def count_divergence(cells, design, table, _):
    shifts, numbers = design.shifts, {"none": 0, "self": 1, "other": 2}
    table = table[table.layer == "dense_1"]
    for (a, b), part in table.groupby(["phase_a", "phase_b"]):
        if a in numbers and b in numbers:
            name, a, b = f"{a}, {b}", numbers[a], numbers[b]
            same = (shifts[a] == shifts[b]) & (design.spread[a] == design.spread[b])
            values, reasons = part.p_value.to_numpy(float), part.reason.to_numpy(object)
            if same.any():
                cells.rejections("divergence", "p_value", "exact", values[same], reasons[same], name)
            if not same.all():
                cells.rejections("divergence", "p_value", "power", values[~same], reasons[~same], name)


def count_similarity(cells, design, table, _):
    for row in table.itertuples():
        between_layers = row.layer_a != row.layer_b
        if between_layers and row.phase_a != row.phase_b:
            continue
        # Phases of one stratum share what the stratum has of its own; cka subtracts that, rsa does not.
        null = between_layers or not design.icc or row.measure != "rsa"
        what = "layers" if between_layers else "phases"
        cells.rejections(
            "similarity", "p_value", "exact" if null else "shown", np.array([row.p_value], float), [row.reason], f"{row.measure}, {what}")


def count_decode(cells, design, table, _):
    truth = dict(zip(("self", "other"), design.truth[0]))
    for row in table[table.target == "distress"].itertuples():
        name, kind = f"{row.train_phase} to {row.test_phase}", "power" if truth[row.test_phase].any() else "level"
        cells.rejections("decode", "p_value", kind, np.array([row.p_value], float), [row.reason], name)
        low, high = (getattr(row, end, np.nan) for end in ("ci_low", "ci_high"))
        if kind == "level" and low == low:
            cells.share("decode", "ci", "coverage", low <= 0.5 <= high, 1, name)


def count_direction(cells, design, table, _):
    own, other = design.truth[0]
    product = own @ other
    lengths = np.sqrt((own @ own) * (other @ other))
    row = table.iloc[0]
    # Effects square to each other, or opposite, are no evidence of one direction.
    kind = "power" if product > 1e-9 * lengths else "level"
    cells.rejections("direction", "p_value", kind, np.array([row.p_value], float), [row.reason])
    given = row.ci_low == row.ci_low
    if not lengths:
        # Without an effect of either there is no cosine that an interval could hold.
        cells.share("direction", "ci without a cosine", "shown", given, 1)
        return
    cells.share("direction", "ci given", "shown", given, 1)
    if given:
        cells.share("direction", "ci", "coverage", row.ci_low <= product / lengths <= row.ci_high, 1)
    else:
        cells.rejections("direction", "ci", "coverage", np.array([np.nan]), [row.reason], levels=(None,))


EXTRA = {"similarity": ["--phase", "self,other"]}
COUNTS = {
    "cmni": count_cmni, "units": count_units, "divergence": count_divergence, "similarity": count_similarity, "decode": count_decode,
    "direction": count_direction, "units --stop-early": count_early,
}
