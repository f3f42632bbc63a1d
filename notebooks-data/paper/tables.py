"""Makes the tables of the paper's case from the folder of sweeps/paper.yaml, made with --keep networks: python3 tables.py FOLDER PROGRAMS  (needs h5py)

Networks of the part `case` (2x17, five seeds) are recorded at every kept epoch on a test set of the paper's shares: 40 % hop, 40 % jump, 10 % leap,
10 % help, 20,000 states of other games.

trajectory.csv   a row for each seed and kept epoch, the untrained network (0) first: losses, index in three variants, shares of labels chosen
ranges.csv       a row for each network of the other parts and kept epoch, on the sweep's own test set: what the two thresholds are held against
case-*.csv       of seed 1 at its last kept epoch up to 70, the epoch of the paper's case: stats, units, correlate, circuit, ablate of mirrorscope
"""

import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

FOLDER, PROGRAMS = map(Path, sys.argv[1:3])
HERE = Path(__file__).parent
CASE = {"hidden": "2x17", "learning_rate": "4e-06", "batch_size": "25"}
OPTIONS = ["hidden", "learning_rate", "batch_size", "seed", "kind"]


def run(program, *arguments):
    return subprocess.run([PROGRAMS / program, *map(str, arguments), "--quiet"], check=True, capture_output=True, text=True).stdout


def read(text):
    return list(csv.DictReader(text.splitlines()))


def write(name, rows):
    with open(HERE / name, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)


def epoch(path):
    return int(re.search(r"epoch-0*(\d+)", path.name)[1])


def chosen(recording):
    """Share of all rows, and of those of each label, in which the label is chosen."""
    with h5py.File(recording) as file:
        label, prediction = file["label"][:], file["prediction"][:]
    right = label == prediction
    return {"accuracy": right.mean()} | {name: right[label == code].mean() for code, name in enumerate(["hop", "jump", "leap", "help"])}


def trajectory(networks, states, work):
    for (seed, kind), rows in networks.items():
        loss = {int(row["epoch"]): row["validation_loss"] for row in rows}
        folder = work / f"{kind}-{seed}"
        run("frogtoad", "record", FOLDER / "networks" / rows[0]["network"], "--states", states, "--output", folder)
        files = sorted(folder.glob("*.h5"))
        variants = {}
        for row in read(run("mirrorscope", "cmni", *files)):
            variants.setdefault(int(row["epoch"]), {})[row["variant"]] = row["cmni"]
        for file in files:
            number = epoch(file)
            found = variants[number]
            yield {"seed": seed, "epoch": number, "validation_loss": loss[number], "cmni": found["author"], "hidden": found["hidden"],
                   "standardised": found["standardised"]} | chosen(file)
        if (seed, kind) == ("1", "trained"):
            case(max((file for file in files if epoch(file) <= 70), key=epoch))
        for file in files:
            file.unlink()


def case(recording):
    """Figures 3 to 7 are drawn from these."""
    for name, arguments in {
        "stats": ["stats"], "units": ["units", "--permutations", 10_000], "correlate": ["correlate", "--phase", "all"],
        "circuit": ["circuit"], "ablate": ["ablate", "--top", 4, "--class", "mirror"]}.items():
        (HERE / f"case-{name}.csv").write_text(run("mirrorscope", arguments[0], recording, *arguments[1:]))


def main():
    rows = read((FOLDER / "networks.csv").read_text())
    for row in rows:
        row.setdefault("batch_size", "25")
    is_case = lambda row: all(row[name] == value for name, value in CASE.items())
    networks = {}
    for row in rows:
        if is_case(row) and row["epoch"]:
            networks.setdefault((row["seed"], row["kind"]), []).append(row)
    with tempfile.TemporaryDirectory() as work:
        states = Path(work) / "states.h5"
        run("frogtoad", "generate", "--states", 400_000, "--test", 20_000, "--seed", 1001, "--output", states)
        found = sorted(trajectory(networks, states, Path(work)), key=lambda row: (int(row["seed"]), row["epoch"]))
        write("trajectory.csv", found)
    columns = OPTIONS + ["epoch", "validation_loss", "accuracy", "help_share", "live_units", "cmni", "standardised", "least_overlap_excess", "p_overlap"]
    write("ranges.csv", [{name: row[name] for name in columns} for row in rows])


if __name__ == "__main__":
    main()
