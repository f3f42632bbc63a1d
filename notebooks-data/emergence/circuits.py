"""What mirror units do in the study's trained networks: python3 circuits.py FOLDER PROGRAMS  (needs numpy and h5py)

For the 2x17 networks of the paper's game, of the game in which Toad never matters and of that in which Frog helps from cell 0 on, ten seeds and two
data sets each. Writes circuits.csv, a row for each network, target and outcome:

ablation  mirrorscope ablate on the common test set: the four units of a hidden layer with the highest scores, and all of class mirror
games     frogtoad games, 200 of 500 turns with a random Toad, energy and flies as in training: the same targets of the first layer
edges     in the matrix product of the whole test set: the positive weights from the mirror units of the first layer to the units of the second
          that raise help (or leap), set to 0; the references are 200 sets of as many other positive weights into the same units, from any unit of
          the first layer that is not always 0, with as many in each quarter of weight times mean activation

effect is of the target, reference that of the mean reference set; p_value is empty where the program gives none, with its reason.
"""

import csv
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from measures import CELL, FOLDER, HERE, checkpoint, record, run, tests

COLUMNS = ["help_from", "seed", "data_seed", "way", "target", "layer", "units", "outcome", "intact", "effect", "reference", "references",
           "p_value", "reason"]
OUTCOMES = ["accuracy", "accuracy:help", "accuracy:leap", "chosen:help", "chosen:leap"]
PLAYED = ["helps_in_distress", "helps_otherwise", "help_selectivity", "distress_frog", "leaps", "energy_frog", "score_together"]
LEAP, HELP = 2, 3


def read(text):
    return list(csv.DictReader(text.splitlines()))


def ablations(recording, target):
    options = ["--top", 4] if target == "top" else ["--class", "mirror"]
    for row in read(run("mirrorscope", "ablate", recording, *options, "--outcome", "accuracy:help", "--threads", 1)):
        if row["outcome"] in OUTCOMES and row["phase"] == "all":
            yield {"way": "ablation", "target": target, "layer": row["target"], "units": row["target_units"], "outcome": row["outcome"],
                   "intact": row["baseline"], "effect": row["effect"], "reference": row["control_mean"], "references": row["controls"],
                   "p_value": row["p_value"], "reason": row["reason"]}


def games(path, targets):
    """targets: of the first layer, by name, units."""
    options = [option for units in targets.values() for option in ("--ablate", "dense_1:" + units.replace(";", ","))]
    rows = read(run("frogtoad", "games", "--checkpoint", path, "--games", 200, "--turns", 500, "--as-trained", "--threads", 1, *options))
    intact = {row["outcome"]: float(row["value"]) for row in rows if row["ablation"] == "intact" and row["value"]}
    for target, units in targets.items():
        for row in rows:
            outcome = row["outcome"]
            if row["units"] == units and row["ablation"] != "intact" and outcome in PLAYED and row["value"] and outcome in intact:
                reference = float(row["control_mean"]) - intact[outcome] if row["control_mean"] else ""
                yield {"way": "games", "target": target, "layer": "dense_1", "units": units, "outcome": outcome, "intact": intact[outcome],
                       "effect": float(row["value"]) - intact[outcome], "reference": reference, "references": row["controls"],
                       "p_value": row["p_value"], "reason": row["reason"]}


def edges(recorded, kernels, biases, label, mirror):
    """Of help and of leap: the circuit's effect on the share of the label's rows in which it is chosen."""
    first = recorded.layers[0]
    live = first.max(0) > 0
    random = np.random.default_rng(1)
    for action, name in ((HELP, "accuracy:help"), (LEAP, "accuracy:leap")):
        rows = label == action
        raising = kernels[2][:, action] > 0
        allowed = (kernels[1] > 0) & raising & live[:, None]
        circuit = allowed & mirror[:, None]
        if not circuit.any() or not rows.any():
            continue

        def share(removed):
            second = np.maximum(first[rows] @ np.where(removed, 0, kernels[1]) + biases[1], 0)
            return float(np.mean((second @ kernels[2] + biases[2]).argmax(1) == action))

        intact = share(np.zeros_like(circuit))
        sizes = kernels[1] * first.mean(0)[:, None]
        cuts = np.quantile(sizes[allowed], [0.25, 0.5, 0.75])
        quarter = np.digitize(sizes, cuts)
        places = [np.flatnonzero(allowed & (quarter == q)) for q in range(4)]
        wanted = [int((circuit & (quarter == q)).sum()) for q in range(4)]
        effects = []
        for _ in range(200):
            removed = np.zeros(circuit.size, bool)
            for place, count in zip(places, wanted):
                removed[random.choice(place, count, replace=False)] = True
            effects.append(share(removed.reshape(circuit.shape)) - intact)
        effect = share(circuit) - intact
        # A circuit that is nearly all there is leaves no references but itself.
        can = circuit.sum() < 0.9 * allowed.sum()
        p = (1 + sum(abs(e) >= abs(effect) - 1e-12 for e in effects)) / 201
        yield {"way": "edges", "target": "mirror", "layer": "dense_1", "units": f"{circuit.sum()} of {allowed.sum()} weights", "outcome": name,
               "intact": intact, "effect": effect, "reference": float(np.mean(effects)), "references": 200, "p_value": p if can else "",
               "reason": "" if can else "nearly all weights are the circuit's"}


def main():
    sets, chosen = tests(), {}
    with tempfile.TemporaryDirectory() as work, open(HERE / "circuits.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        recording = Path(work) / "recording.h5"
        for row in csv.DictReader(open(FOLDER / "networks.csv")):
            cell = [row[name] for name in CELL]
            if row["kind"] != "trained" or cell[1] not in ("26", "alone", "0") or cell[:1] + cell[2:] != ["2x17", "paper", "1.0", "0.075", "6"]:
                continue
            path = checkpoint(row["network"])
            recorded, test = record(row, chosen.get(cell[1], sets[cell[1], 1.0, 0.075, 6]), recording)
            chosen[cell[1]] = [test]
            known = {"help_from": cell[1], "seed": row["seed"], "data_seed": row["data_seed"]}
            found = [*ablations(recording, "top"), *ablations(recording, "mirror")]
            targets = {target: next((r["units"] for r in found if r["layer"] == "dense_1" and r["target"] == target), None)
                       for target in ("top", "mirror")}
            found += games(path, {name: units for name, units in targets.items() if units})
            units = read(run("mirrorscope", "units", recording, "--p-values", "welch", "--threads", 1))
            mirror = np.array([unit["class"] == "mirror" for unit in units if unit["layer"] == "dense_1"])
            with h5py.File(path) as opened:
                layers = [opened[f"layers/dense_{number}"] for number in (1, 2, 3)]
                kernels, biases = ([layer[part][:].astype("f8") for layer in layers] for part in ("kernel", "bias"))
            with h5py.File(recording) as opened:
                label = opened["label"][:]
            found += edges(recorded, kernels, biases, label, mirror)
            table.writerows(known | one for one in found)
            file.flush()


if __name__ == "__main__":
    main()
