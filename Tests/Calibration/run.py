"""Runs every p-value and every interval of `mirrorscope` over made-up recordings whose truth is known, and writes down how often each is right.

Called by scripts/calibrate: run.py PROGRAMS [--quick] [--recordings N] [--seed N] [--minutes N] [--without ANALYSIS] [--resume] [--output FOLDER]
"""

import argparse
import os
import sys
import tempfile
import time

from cells import BEYOND, append, written
from grid import DESIGNS, QUICK
from measure import Programs, measure
from networks import Network, measure_network
from pairs import Pairs, measure_pairs
from report import write_report
from studies import Study, measure_studies

MEASURES = {Network: measure_network, Pairs: measure_pairs, Study: measure_studies}
options = argparse.ArgumentParser()
options.add_argument("programs", help="folder of the release programs")
options.add_argument("--quick", action="store_true", help="a tenth of the recordings of a few designs, in less than two minutes")
options.add_argument("--recordings", type=int, help="recordings of a design (400; 40 with --quick); some designs take fewer")
options.add_argument("--seed", type=int, default=1)
options.add_argument("--minutes", type=float, default=float("inf"), help="begin no design after so long; what is left is named")
options.add_argument("--without", action="append", default=[], metavar="ANALYSIS", help="leave out what this analysis gives")
options.add_argument("--resume", action="store_true", help="keep what calibration.csv has, and go on where --minutes ended")
options.add_argument("--output", default="docs", help="folder of calibration.md and calibration.csv")
chosen = options.parse_args()
wanted = chosen.recordings or (40 if chosen.quick else 400)
start = time.monotonic()
programs = Programs(chosen.programs)
designs = QUICK if chosen.quick else DESIGNS
path = os.path.join(chosen.output, "calibration.csv")
os.makedirs(chosen.output, exist_ok=True)
if not chosen.resume:
    append(path, [], new=True)


def is_left():
    return time.monotonic() - start < 60 * chosen.minutes


def run(design, folder, number, analyses):
    """number: 1, or 2 for the second run, which has another seed and four times the recordings."""
    times = 4 if number == 2 else 1
    recordings = max(10, round(wanted * design.recordings)) * times
    make = MEASURES.get(type(design), measure)
    cells = make(design, analyses, programs, folder, recordings, 2 * chosen.seed + number, times)
    append(path, cells.rows(design.name, number))
    marks = [
        f"{cell.analysis} {cell.column} {cell.variant} {cell.level or ''}: {cell.verdict} ({cell.rate:.3f})"
        for cell in cells.cells.values() if cell.verdict in BEYOND]
    print(f"{time.monotonic() - start:6.0f} s  run {number}  {design.name}  {'; '.join(marks)}", file=sys.stderr, flush=True)


with tempfile.TemporaryDirectory(prefix="calibrate-") as folder:
    done = {(row["design"], row["analysis"]) for row in written(path)}
    for design in designs:
        analyses = [name for name in design.analyses if name not in chosen.without and (design.name, name) not in done]
        if analyses and is_left():
            run(design, folder, 1, analyses)
    # Of thousands of cells some are beyond the rule by chance: whether they are again with other draws tells.
    rows = list(written(path))
    repeated = {(row["design"], row["analysis"]) for row in rows if row["run"] == "2"}
    marked = {(row["design"], row["analysis"]) for row in rows if row["run"] == "1" and row["verdict"] in BEYOND} - repeated
    for design in [] if chosen.quick else designs:
        analyses = [name for name in design.analyses if name not in chosen.without and (design.name, name) in marked]
        if analyses and is_left():
            run(design, folder, 2, analyses)

write_report(path, os.path.join(chosen.output, "calibration.md"), designs, wanted, chosen.seed)
