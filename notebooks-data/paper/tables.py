"""Makes the tables of the paper's case from the folder of sweeps/paper.yaml, made with --keep networks: python3 tables.py FOLDER PROGRAMS  (needs h5py)

Networks of the part `case` (2x17, five seeds) are recorded at every kept epoch on a test set of the paper's shares: 40 % hop, 40 % jump, 10 % leap,
10 % help, 20,000 states of other games.

trajectory.csv   a row for each seed and kept epoch, the untrained network (0) first: losses, index in three variants, shares of labels chosen
tables-1-2.csv   a row for each network of the paper's Tables 1 and 2 and seed, at the paper's epoch (the last kept one up to it), beside the paper's values
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
# Shape, learning rate, epoch, and the paper's index and validation loss: high ones (Table 1), low ones (Table 2).
PUBLISHED = [
    (1, "2x11", 5e-5, 1, 0.01228, 0.0573), (1, "1x15", 4e-6, 4, 0.01181, 0.0579), (1, "2x9", 5e-6, 11, 0.01125, 0.0577),
    (1, "1x11", 4e-6, 4, 0.01125, 0.0588), (1, "1x10", 4e-6, 22, 0.01119, 0.0536), (2, "2x10", 3e-6, 3, 0.00046, 0.0800),
    (2, "3x11", 5e-5, 1, 0.00026, 0.0774), (2, "3x10", 1e-4, 3, 0.00045, 0.0805), (2, "3x10", 1e-5, 6, 0.00029, 0.0804),
    (2, "3x10", 2e-4, 2, 0.00049, 0.0812)]
OPTIONS = ["hidden", "learning_rate", "batch_size", "seed", "kind"]


def run(program, *arguments, folder=None):
    """folder: where the program runs, so that tables name files as they are called there."""
    command = [(PROGRAMS / program).resolve(), *map(str, arguments), "--quiet"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout


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


def published(rows, states, work):
    for table, hidden, rate, at, index, loss in PUBLISHED:
        for seed in map(str, range(1, 6)):
            kept = [row for row in rows if row["kind"] == "trained" and row["hidden"] == hidden and float(row["learning_rate"]) == rate
                    and row["batch_size"] == "25" and row["seed"] == seed and int(row["epochs"]) < 500 and row["epoch"] and int(row["epoch"]) <= at]
            if not kept:
                continue
            row = max(kept, key=lambda row: int(row["epoch"]))
            recording = work / "published.h5"
            checkpoint = FOLDER / "networks" / row["network"] / f"epoch-{int(row['epoch']):03}.h5"
            run("frogtoad", "record", checkpoint, "--states", states, "--output", recording, "--force")
            found = {found["variant"]: found["cmni"] for found in read(run("mirrorscope", "cmni", recording))}
            yield {"table": table, "hidden": hidden, "learning_rate": rate, "epoch": at, "paper_cmni": index, "paper_loss": loss, "seed": seed,
                   "kept_epoch": row["epoch"], "cmni": found["author"], "standardised": found["standardised"],
                   "validation_loss": row["validation_loss"], "live_units": row["live_units"]} | chosen(recording)


def case(recording):
    """Figures 3 to 7 are drawn from these."""
    for name, arguments in {
        "stats": ["stats"], "units": ["units", "--permutations", 10_000], "correlate": ["correlate", "--phase", "all"],
        "circuit": ["circuit"], "ablate": ["ablate", "--top", 4, "--class", "mirror"]}.items():
        (HERE / f"case-{name}.csv").write_text(run("mirrorscope", arguments[0], recording.name, *arguments[1:], folder=recording.parent))


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
        write("tables-1-2.csv", list(published(rows, states, Path(work))))
    columns = OPTIONS + ["epochs", "epoch", "validation_loss", "accuracy", "help_share", "live_units", "cmni", "standardised", "least_overlap_excess", "p_overlap"]
    write("ranges.csv", [{name: row[name] for name in columns} for row in rows])


if __name__ == "__main__":
    main()
