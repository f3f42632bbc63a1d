"""Makes the tables of the study from the folder of its sweep: python3 tables.py FOLDER [mirrorscope]

networks.csv   a row for each network, the columns of the sweep's own networks.csv that the study looks at
seeds.csv      the same, averaged over the two data sets: a row for each cell, kind and seed of the weights, which is the replicate
cells.csv      mirrorscope compare of seeds.csv, each cell against its untrained networks
contrasts.csv  the planned contrasts, each by mirrorscope compare, with Holm's p over all of them

and, where measures.csv and circuits.csv are there (measures.py, circuits.py):

measure-cells.csv   mirrorscope compare of the secondary measures, likewise
circuit-cells.csv   mirrorscope compare of the effects of targets with those of their reference sets, over all networks and over those in which
                    the target is matched to its reference sets (they have a p)
"""

import collections
import csv
import io
import subprocess
import sys
import tempfile
from pathlib import Path

folder, program = Path(sys.argv[1]), (sys.argv[2:] or [".build/release/mirrorscope"])[0]
here = Path(__file__).parent
CELL = ["hidden", "help_from", "veil", "dependency", "obstacle_rate", "fly_patterns"]
PRIMARY = ["standardised", "least_overlap_excess"]
OUTCOMES = PRIMARY + [
    "standardised_all_rows", "least_overlap_excess_all_rows", "cmni", "cmni_crossfit", "validation_loss", "accuracy", "help_share",
    "helps_in_distress", "helps_otherwise", "help_selectivity", "score_together", "live_units"]
NETWORK = CELL + ["kind", "seed", "data_seed", "epoch", "hidden_units", "test_states", "p_overlap"] + OUTCOMES
PAPER = {"hidden": "2x17", "help_from": "26", "veil": "paper", "dependency": "1.0", "obstacle_rate": "0.075", "fly_patterns": "6"}


def write(name, columns, rows):
    with open(here / name, "w", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)


networks = list(csv.DictReader(open(folder / "networks.csv")))
write("networks.csv", NETWORK, networks)

def seeds(rows, keys, outcomes, least=2):
    """A row for each seed of the weights. Its two data sets share initial weights and games' rules: their mean is one number, not two.

    With fewer than `least` of them there is none: of one data set alone it would be another quantity.
    """
    groups = collections.defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in keys)].append(row)
    for key, rows in groups.items():
        mean = dict(zip(keys, key))
        for outcome in outcomes:
            values = [float(row[outcome]) for row in rows if row[outcome] != ""]
            mean[outcome] = sum(values) / len(values) if len(values) >= least else ""
        yield mean


write("seeds.csv", CELL + ["kind", "seed"] + OUTCOMES, seeds(networks, CELL + ["kind", "seed"], OUTCOMES))


def compare(*arguments, table=here / "seeds.csv"):
    run = subprocess.run([program, "compare", table, "--quiet", *arguments], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return run.stdout


(here / "cells.csv").write_text(
    compare("--by", ",".join(CELL + ["kind"]), "--baseline", "untrained", "--outcome", ",".join(OUTCOMES)))


def contrast(name, by, value, baseline, **cell):
    """Networks with `by` = value against those with baseline, paired by seed; all else as in the paper's cell, but for `cell`."""
    chosen = {"kind": "trained"} | PAPER | cell
    where = " and ".join(f"{name} == {text}" for name, text in chosen.items() if name != by)
    where += f" and ({by} == {value} or {by} == {baseline})"
    table = compare("--by", by, "--where", where, "--baseline", f"{by}={baseline}", "--outcome", ",".join(PRIMARY))
    for row in csv.DictReader(io.StringIO(table)):
        # In a column of numbers compare writes 1 for 1.0.
        if row[by] in (value, value.removesuffix(".0")):
            yield {"contrast": name, "p_holm": ""} | {name: row[name] for name in COMPARED}


COMPARED = ["outcome", "mean", "baseline", "pairs", "difference", "difference_low", "difference_high", "improvement", "p_value", "reason"]
contrasts = [
    *contrast("training, the paper's game", "kind", "trained", "untrained"),
    *contrast("training, Toad never matters", "kind", "trained", "untrained", help_from="alone"),
    *contrast("help from cell 26, against alone", "help_from", "26", "alone"),
    *contrast("help from cell 0, against alone", "help_from", "0", "alone"),
    *contrast("veil 1, against 0", "veil", "1.0", "0.0"),
    *contrast("the paper's veil, against 0", "veil", "paper", "0.0"),
    *contrast("2x50 units, against 2x5", "hidden", "2x50", "2x5"),
    *contrast("three layers of 17, against one", "hidden", "3x17", "1x17"),
    *contrast("dependency 1, against 0", "dependency", "1.0", "0.0"),
    *contrast("obstacle rate .15, against .0375", "obstacle_rate", "0.15", "0.0375"),
    *contrast("24 fly patterns, against 1", "fly_patterns", "24", "1"),
]
# Holm: the smallest p times their number, the next times one less, and none below the one before.
tested = sorted((row for row in contrasts if row["p_value"]), key=lambda row: float(row["p_value"]))
least = 0.0
for rank, row in enumerate(tested):
    least = max(least, min(1.0, float(row["p_value"]) * (len(tested) - rank)))
    row["p_holm"] = least
write("contrasts.csv", ["contrast"] + COMPARED + ["p_holm"], contrasts)

with tempfile.TemporaryDirectory() as folder:
    table = Path(folder) / "table.csv"
    if (here / "measures.csv").exists():
        rows = list(csv.DictReader(open(here / "measures.csv")))
        measures = [name for name in rows[0] if name not in CELL + ["kind", "seed", "data_seed"]]
        # Before training nothing has grown.
        for row in rows:
            row.update({name: 0 for name in ("outgoing_gain", "incoming_gain") if row["kind"] == "untrained"})
        write(table, CELL + ["kind", "seed"] + measures, seeds(rows, CELL + ["kind", "seed"], measures))
        (here / "measure-cells.csv").write_text(
            compare("--by", ",".join(CELL + ["kind"]), "--baseline", "untrained", "--outcome", ",".join(measures), table=table))
    if (here / "circuits.csv").exists():
        target = ["help_from", "way", "target", "layer", "networks", "outcome"]
        rows = [
            row | {"networks": networks, "set": chosen, "value": row[effect]}
            for row in csv.DictReader(open(here / "circuits.csv")) for networks in ("all", "matched")
            for chosen, effect in (("target", "effect"), ("reference", "reference"))
            if row["effect"] and row["reference"] and (networks == "all" or row["p_value"])]
        write(table, target + ["set", "seed", "value"], seeds(rows, target + ["set", "seed"], ["value"], least=1))
        found = list(csv.DictReader(io.StringIO(compare("--by", ",".join(target[:-1] + ["set"]), "--baseline", "set=reference", table=table))))
        # Not every way has every outcome.
        write("circuit-cells.csv", list(found[0]), [row for row in found if row["seeds"] != "0"])
