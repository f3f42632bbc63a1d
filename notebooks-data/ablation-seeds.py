"""Do the units with the highest mirror-neuron scores drive help? Ten networks of one data set, each beside itself before training.

Run from the repository's folder, after `scripts/demo`: python3 notebooks-data/ablation-seeds.py (four minutes on two cores, standard library
only). Writes notebooks-data/ablation-seeds.csv, a row for each network and hidden layer, and prints what the README says of them.
"""

import csv
import statistics
import subprocess
import tempfile
from pathlib import Path

BIN = Path(".build/release")
STATES = Path("demo/states.h5")
OUTCOME = "accuracy:help"
COLUMNS = ["seed", "kind", "epoch", "layer", "units", "classes", "intact", "effect", "reference_effect", "reference_sets", "p_value",
           "largest_unit", "largest_share", "largest_class", "largest_author_class", "reason"]


def run(program, *arguments):
    subprocess.run([BIN / program, *map(str, arguments), "--quiet"], check=True)


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def rows(seed, folder):
    networks = folder / "networks"
    run("frogtoad", "train", STATES, "--hidden", "17,17", "--learning-rate", "3e-4", "--l2", "1e-4", "--balance", "1,1,2,10",
        "--epochs", 60, "--patience", 15, "--seed", seed, "--output", networks)
    checkpoints = sorted(networks.glob("epoch-*.h5"))
    for kind, checkpoint in [("untrained", checkpoints[0]), ("trained", checkpoints[-1])]:
        recording = folder / f"{kind}.h5"
        run("frogtoad", "record", checkpoint, "--states", STATES, "--output", recording)
        run("mirrorscope", "units", recording, "--output", folder / "units.csv", "--force")
        run("mirrorscope", "ablate", recording, "--top", 4, "--outcome", OUTCOME, "--output", folder / "ablate.csv", "--shapley",
            folder / "shapley.csv", "--force")
        units = {(row["layer"], row["unit"]): row for row in table(folder / "units.csv")}
        for row in table(folder / "ablate.csv"):
            if row["outcome"] != OUTCOME or row["phase"] != "all":
                continue
            layer = row["target"]
            shares = [share for share in table(folder / "shapley.csv") if share["layer"] == layer]
            # Of an effect below 0 the unit that lowers most, of one above 0 the one that raises most.
            largest = max(shares, key=lambda share: float(share["value"]) * (1 if float(row["effect"]) > 0 else -1))
            unit = units[layer, largest["unit"]]
            yield [seed, kind, row["epoch"], layer, row["target_units"],
                   ";".join(units[layer, number]["class"] for number in row["target_units"].split(";")), row["baseline"], row["effect"],
                   row["control_mean"], row["controls"], row["p_value"], largest["unit"], largest["share"], unit["class"],
                   unit["author_class"], row["reason"]]


found = []
for seed in range(1, 11):
    with tempfile.TemporaryDirectory() as folder:
        found += [dict(zip(COLUMNS, row)) for row in rows(seed, Path(folder))]
with open("notebooks-data/ablation-seeds.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
for kind in ("trained", "untrained"):
    for layer in ("dense_1", "dense_2"):
        own = [row for row in found if (row["kind"], row["layer"]) == (kind, layer)]
        pairs = [(float(row["effect"]), float(row["reference_effect"])) for row in own if row["reference_effect"]]
        tested = [float(row["p_value"]) for row in own if row["p_value"]]
        print(kind, layer, "networks", len(own), "median effect", round(statistics.median(float(row["effect"]) for row in own), 2),
              "of reference sets", round(statistics.median(reference for _, reference in pairs), 2), "beyond them in",
              sum(effect < reference for effect, reference in pairs), "of", len(pairs), "tested", len(tested), "p <= .05",
              sum(p <= 0.05 for p in tested), "one unit more than half", sum(float(row["largest_share"] or 0) > 0.5 for row in own),
              "that unit of class mirror", sum(row["largest_class"] == "mirror" for row in own))
