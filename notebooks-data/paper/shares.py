"""Holds the networks of sweeps/shares.yaml against the paper's Figure 2: python3 shares.py FOLDER PROGRAMS TRAJECTORY

FOLDER is that of the sweep, made with --keep networks; TRAJECTORY the author's table of checkpoints (columns checkpoint_id, cmni; it is his, and not in this
repository). Each kept epoch is recorded on a test set of the paper's shares (40 % hop, 40 % jump, 10 % leap, 10 % help; 20,000 states of other games), as the
author's is. Writes shares.csv, a row for each network, over the epochs that both have:

loss_ratio, index_ratio    root mean square of the logarithm of ours over his
index_factor               median of ours over his
index_spearman             Spearman's rho of the two indices
accuracy_70, help_70       at our last kept epoch up to 70 (he has .9210 at 70, all labels)
"""

import csv
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

FOLDER, PROGRAMS, TRAJECTORY = map(Path, sys.argv[1:])
HERE = Path(__file__).parent


def run(program, *arguments):
    return subprocess.run([PROGRAMS / program, *map(str, arguments), "--quiet"], check=True, capture_output=True, text=True).stdout


def read(text):
    return list(csv.DictReader(text.splitlines()))


def author():
    """By epoch, validation loss and index."""
    found = {}
    for row in read(TRAJECTORY.read_text()):
        epoch, loss = re.search(r"epoch(\d+)-valLoss([\d.]+)", row["checkpoint_id"]).groups()
        found[int(epoch)] = float(loss), float(row["cmni"])
    return found


def main():
    his = author()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        states = Path(work) / "states.h5"
        run("frogtoad", "generate", "--states", 400_000, "--test", 20_000, "--seed", 1001, "--output", states)
        networks = {}
        for row in read((FOLDER / "networks.csv").read_text()):
            networks.setdefault(row["network"], []).append(row)
        for network, kept in networks.items():
            recordings = Path(work) / network
            run("frogtoad", "record", FOLDER / "networks" / network, "--states", states, "--no-inputs", "--output", recordings)
            files = sorted(recordings.glob("*.h5"))
            index = {int(row["epoch"]): float(row["cmni"]) for row in read(run("mirrorscope", "cmni", *files)) if row["variant"] == "author"}
            loss = {int(row["epoch"]): float(row["validation_loss"]) for row in kept}
            common = sorted(set(his) & set(index) & set(loss))
            last = max(epoch for epoch in index if epoch <= 70)
            with_labels = accuracy(next(f for f in files if int(re.search(r"epoch-0*(\d+)", f.name)[1]) == last))
            ratio = lambda ours, part: np.log([ours[epoch] / his[epoch][part] for epoch in common])
            rows.append({
                "balance": kept[0].get("balance", ""), "seed": kept[0].get("seed", ""), "epochs": max(loss), "common": len(common),
                "loss_ratio": math.sqrt(np.mean(ratio(loss, 0) ** 2)), "index_ratio": math.sqrt(np.mean(ratio(index, 1) ** 2)),
                "index_factor": math.exp(np.median(ratio(index, 1))),
                "index_spearman": stats.spearmanr([index[e] for e in common], [his[e][1] for e in common]).statistic,
                "epoch_70": last, "accuracy_70": with_labels[0], "help_70": with_labels[1],
                "peak_epoch": max(index, key=index.get), "peak": max(index.values())})
            for file in files:
                file.unlink()
    with open(HERE / "shares.csv", "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def accuracy(recording):
    """Share of all rows, and of those labelled help, in which the label is chosen."""
    import h5py

    with h5py.File(recording) as file:
        label, chosen = file["label"][:], file["prediction"][:]
    return float(np.mean(label == chosen)), float(np.mean(chosen[label == 3] == 3))


if __name__ == "__main__":
    main()
