"""Makes the tables of the notebook: python3 analyses.py minilm.h5 untrained.h5 FOLDER

FOLDER has units.json, units-outcomes.csv, directions.json and directions-outcomes.csv, as `mirrorscope plan` and ablate.py wrote them. MIRRORSCOPE_BIN says where the programs are.
"""

import sys
from pathlib import Path

import h5py
import mirrorscope
import numpy as np
import pandas as pd

recordings = {"trained": sys.argv[1], "untrained": sys.argv[2]}
folder, here = Path(sys.argv[3]), Path(__file__).parent


def table(name, columns, make):
    """One table of both recordings, without where they were."""
    parts = [make(path).assign(weights=weights) for weights, path in recordings.items()]
    pd.concat(parts)[["weights", *columns]].to_csv(here / name, index=False, lineterminator="\n")


table("index.csv", ["layer", "variant", "cmni", "null_mean", "p_value", "cmni_crossfit", "ci_low", "ci_high", "p_overlap", "least_overlap_excess", "exchange", "n_blocks"],
      lambda path: mirrorscope.analyse("cmni", path, by_layer=True, permutations=999).query("variant in ['author', 'symmetric', 'standardised']"))
table("decode.csv", ["layer", "train_phase", "test_phase", "accuracy", "accuracy_low", "accuracy_high", "chance", "p_value", "exchange", "n_blocks"],
      lambda path: pd.concat([mirrorscope.analyse("decode", path, permutations=199), mirrorscope.analyse("decode", path, from_="inputs", permutations=199)]).query("target == 'distress'"))
table("overlap.csv", ["layer", "measure", "n_pairs", "self_other", "ci_low", "ci_high", "self_self", "none_self", "none_other", "null_mean", "excess", "p_value", "wording_only", "exchange", "n_blocks", "reason"],
      lambda path: mirrorscope.analyse("overlap", path, stratum_column="wording", permutations=999))
table("direction.csv", ["layer", "cosine", "ci_low", "ci_high", "null_mean", "p_value", "norm_ratio", "shared_variance", "shared_null", "exchange", "n_blocks", "reason"],
      lambda path: mirrorscope.analyse("direction", path, permutations=999))
table("units.csv", ["layer", "class", "units"],
      lambda path: mirrorscope.analyse("units", path, permutations=999).groupby(["layer", "class"]).size().rename("units").reset_index())
table("audit.csv", ["check", "subject", "value", "threshold", "verdict"],
      lambda path: mirrorscope.analyse("audit", path).query("check in ['linear probe of inputs', 'baseline CMNI', 'label leak']"))


def paired_distance(path):
    """What self-other overlap is in the literature, without a program of ours: mean squared distance of paired activations."""
    with h5py.File(path) as file:
        phase, pair = file["phase"][:], file["pair"][:]
        names = sorted(file["layers/encoder.layer.0.output"].parent, key=str)
        rows = []
        for name in names:
            values = file["layers"][name]["activations"][:].astype(float)
            own = values[phase == 1][np.argsort(pair[phase == 1])]
            other = values[phase == 2][np.argsort(pair[phase == 2])]
            rows.append({"layer": name, "numpy": ((own - other) ** 2).mean()})
    found = mirrorscope.analyse("overlap", path).query("measure == 'mse'")[["layer", "self_other"]]
    return pd.DataFrame(rows).merge(found, on="layer")


table("paired-distance.csv", ["layer", "numpy", "self_other"], paired_distance)
for name in ("units", "directions"):
    judged = mirrorscope.analyse("judge", str(folder / f"{name}.json"), str(folder / f"{name}-outcomes.csv"))
    columns = ["target", "target_units", "mode", "phase", "outcome", "baseline", "ablated", "effect", "ci_low", "ci_high", "control_mean", "control_sd", "controls", "p_value", "n", "primary", "q_value", "balance", "exchange", "n_blocks", "reason"]
    judged[columns].to_csv(here / f"ablated-{name}.csv", index=False, lineterminator="\n")
