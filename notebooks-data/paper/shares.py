"""Holds the networks of sweeps/shares.yaml against the paper's Figure 2: python3 shares.py FOLDER PROGRAMS TRAJECTORY

FOLDER is that of the sweep, made with --keep networks; TRAJECTORY the author's table of checkpoints (columns checkpoint_id, cmni; it is his, and not in this
repository). Each kept epoch is recorded on a test set of the paper's shares (40 % hop, 40 % jump, 10 % leap, 10 % help; 20,000 states of other games), as the
author's is. Writes shares.csv, a row for each network, over the epochs that both have:

loss_ratio, index_ratio    root mean square of the logarithm of ours over his
index_factor               median of ours over his
index_spearman             Spearman's rho of the two indices
accuracy_70, help_70       at our last kept epoch up to 70 (he has .9210 at 70, all labels)
"""

import math
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from tables import FOLDER, chosen, epoch, read, run, write

TRAJECTORY = Path(sys.argv[3])


def author():
    """By epoch, validation loss and index."""
    found = {}
    for row in read(TRAJECTORY.read_text()):
        number, loss = re.search(r"epoch(\d+)-valLoss([\d.]+)", row["checkpoint_id"]).groups()
        found[int(number)] = float(loss), float(row["cmni"])
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
            last = max((file for file in files if epoch(file) <= 70), key=epoch)
            with_labels = chosen(last)
            ratio = lambda ours, part: np.log([ours[e] / his[e][part] for e in common])
            rows.append({
                "balance": kept[0].get("balance", ""), "seed": kept[0].get("seed", ""), "epochs": max(loss), "common": len(common),
                "loss_ratio": math.sqrt(np.mean(ratio(loss, 0) ** 2)), "index_ratio": math.sqrt(np.mean(ratio(index, 1) ** 2)),
                "index_factor": math.exp(np.median(ratio(index, 1))),
                "index_spearman": stats.spearmanr([index[e] for e in common], [his[e][1] for e in common]).statistic,
                "epoch_70": epoch(last), "accuracy_70": with_labels["accuracy"], "help_70": with_labels["help"],
                "peak_epoch": max(index, key=index.get), "peak": max(index.values())})
            for file in files:
                file.unlink()
    write("shares.csv", rows)


if __name__ == "__main__":
    main()
