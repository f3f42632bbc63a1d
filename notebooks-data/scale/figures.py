"""Draws costs.png of measured.csv: python3 notebooks-data/scale/figures.py. Needs matplotlib."""

import csv
import statistics
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

here = Path(__file__).parent
# By what is measured and size: seconds, of the CPU but for tasks, which wait for each other.
measured = defaultdict(lambda: defaultdict(list))
with open(here / "measured.csv", newline="") as table:
    for row in csv.DictReader(table):
        clock = "seconds" if row["what"].startswith("tasks") else "cpu_seconds"
        if row[clock]:
            measured[row["what"]][int(row["size"])].append(float(row[clock]))

panels = [
    ("rows", "rows (38 units)", ["record", "stats", "cmni", "cmni, 200 permutations", "units, 200 permutations"]),
    ("units", "units (10,000 rows)", ["record", "stats", "cmni", "cmni, 200 permutations", "units, 200 permutations"]),
    ("checkpoints", "checkpoints (10,000 rows × 38 units)", ["record", "cmni", "cmni, a call each,", "cmni, 200 permutations"]),
]
figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
for axis, (by, label, names) in zip(axes.flat, panels):
    for name in names:
        points = measured[f"{name} by {by}"]
        if not points:
            continue
        sizes = sorted(points)
        axis.plot(sizes, [statistics.median(points[size]) for size in sizes], "o-", markersize=4, label=name.rstrip(","))
    axis.set(xlabel=label, ylabel="CPU seconds")
axis = axes.flat[3]
for name in ["tasks of nothing", "tasks of one analysis", "tasks of 100 analyses", "tasks of 100 analyses in one call"]:
    points = measured[name]
    if not points:
        continue
    sizes = sorted(points)
    axis.plot(sizes, [statistics.median(points[size]) for size in sizes], "o-", markersize=4, label=name)
axis.set(xlabel="tasks of an array job (32 slots, two cores)", ylabel="seconds from sbatch to the last end")
for axis in axes.flat:
    axis.set(xscale="log", yscale="log")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
figure.savefig(here / "costs.png", dpi=110)
