"""Secondary measures of the study's kept networks: python3 measures.py FOLDER PROGRAMS  (needs numpy, scipy and h5py)

Records each trained and untrained network on the common test set that the sweep measured it on, and writes measures.csv, a row for each network:

mirror_share            share of the hidden units whose class is mirror by evidence (mirrorscope units --p-values welch)
cosine                  of the standardised contrasts of self and other over hidden units, across halves of the games:
                        ½ (a₁·b₂ + a₂·b₁) / √((a₁·a₂)(b₁·b₂)); empty where a product under the root is not above 0
standardised_cells      the standardised index of all units, as the sweep's (but for the order of sums), and
standardised_matched    the same with rows reweighted to the none phase's shares of the cells of energy and rough ground that all phases have
matched_none            share of the none rows in these cells
mirror_both             of the mirror units, mean of (μ both − larger of μ self, μ other), in standard deviations
mirror_both_highest     share of the mirror units whose mean in both is above both others, each by Welch's p ≤ .05
kurtosis_rho, skewness_rho  Spearman's ρ over live hidden units between the score, in standard deviations, and the mean of the moment over self and other
kurtosis_partial, skewness_partial  the same given the mean activation in none (ranks)
identity_auc            how well a linear probe of what the network sees tells self from other, on games that it was not fitted on (one for a test set),
identity_auc_all_rows   and without the partner filter, which itself tells them apart under the paper's veil
outgoing_gain, incoming_gain  of trained networks: by how much more the norm of the weights has grown in mirror units than in other live units of
                        the layer with the same norm before training (ordinary least squares, in standard deviations of the growth)
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from scipy import stats

FOLDER, PROGRAMS = Path(sys.argv[1]), Path(sys.argv[2])
HERE = Path(__file__).parent
CELL = ["hidden", "help_from", "veil", "dependency", "obstacle_rate", "fly_patterns"]
MEASURES = [
    "mirror_share", "cosine", "standardised_cells", "standardised_matched", "matched_none", "mirror_both", "mirror_both_highest",
    "kurtosis_rho", "skewness_rho", "kurtosis_partial", "skewness_partial", "identity_auc", "identity_auc_all_rows",
    "outgoing_gain", "incoming_gain"]
NONE, SELF, OTHER, BOTH = range(4)
ENERGY = 97


def run(program, *arguments):
    return subprocess.run([PROGRAMS / program, *map(str, arguments), "--quiet"], check=True, capture_output=True, text=True).stdout


def game(attributes):
    """Of a states file: what tells its boards and labels."""
    helps = int(attributes["help_from"])
    return ("alone" if helps < 0 else str(helps), int(attributes["dependency"]) / 1000, float(attributes["obstacle_rate"]),
            int(attributes["fly_patterns"]))


def tests():
    """Of each game the test sets and how many states they have."""
    found = {}
    for path in sorted((FOLDER / "states").glob("test-*.h5")):
        with h5py.File(path) as file:
            found.setdefault(game(file.attrs), []).append((path, len(file["test/label"])))
    return found


class Recorded:
    """A network's recording: the rows that the index looks at, and all of them for the phase both."""

    def __init__(self, path):
        with h5py.File(path) as file:
            phase, acting = file["phase"][:], file["partner_acting"][:]
            self.stratum = file["stratum"][:]
            names = sorted(file["layers"], key=lambda name: file[f"layers/{name}"].attrs["layer_index"])
            self.layers = [file[f"layers/{name}/activations"][:].astype("f8") for name in names]
            self.inputs = file["inputs"][:].astype("f8")
        self.unfiltered = phase
        # The partner filter: self and other rows count where the other one is seen acting.
        self.phase = np.where(((phase == SELF) | (phase == OTHER)) & (acting == 0), 255, phase)

    def rows(self, phase):
        return np.flatnonzero(self.phase == phase)

    def mean(self, phase):
        """Mean activation of each unit, layer after layer."""
        return np.concatenate([layer[self.rows(phase)].mean(0) for layer in self.layers])


def pooled(values, recorded):
    """[2][units]: standard deviation within none and self, and within none and other (ddof 2), which make Cohen's d of the contrasts."""
    variance = [values[recorded.rows(phase)].var(0) for phase in range(3)]
    count = [len(recorded.rows(phase)) for phase in range(3)]
    return np.sqrt([
        (count[NONE] * variance[NONE] + count[p] * variance[p]) / (count[NONE] + count[p] - 2) for p in (SELF, OTHER)])


def contrasts(values, recorded, weights=None):
    """Δself and Δother of each unit."""
    mean = [np.average(values[recorded.rows(p)], axis=0, weights=None if weights is None else weights[recorded.rows(p)]) for p in range(3)]
    return mean[SELF] - mean[NONE], mean[OTHER] - mean[NONE]


def index(own, other):
    return np.where((own > 0) & (other > 0), np.minimum(own, other), 0)


def standardised(own, other, spread):
    return tuple(np.where(s > 0, d / np.where(s > 0, s, 1), 0) for d, s in zip((own, other), spread))


def matched_weights(recorded):
    """Of each row, so that every phase has the none phase's shares of the cells that all phases have; and the share of none rows in these."""
    rough = (recorded.inputs[:, :32] == 2).sum(1)
    cell = np.unique(np.stack([recorded.inputs[:, ENERGY], rough], 1), axis=0, return_inverse=True)[1].ravel()
    counts = np.array([np.bincount(cell[recorded.rows(phase)], minlength=cell.max() + 1) for phase in range(3)])
    common = (counts > 0).all(0)
    share = np.where(common, counts[NONE], 0)
    weights = np.zeros(len(cell))
    for phase in range(3):
        rows = recorded.rows(phase)
        weights[rows] = (share / np.maximum(counts[phase], 1))[cell[rows]]
    return weights, share.sum() / counts[NONE].sum()


def cosine(recorded, spread, values):
    games = np.unique(recorded.stratum)
    half = np.isin(recorded.stratum, games[::2])
    parts = []
    for chosen in (half, ~half):
        part = Recorded.__new__(Recorded)
        part.phase = np.where(chosen, recorded.phase, 255)
        if any(len(part.rows(phase)) == 0 for phase in range(3)):
            return None
        parts.append(standardised(*contrasts(values, part), spread))
    (a1, b1), (a2, b2) = parts
    below = (a1 @ a2, b1 @ b2)
    return (a1 @ b2 + a2 @ b1) / 2 / np.sqrt(below[0] * below[1]) if min(below) > 0 else None


def partial(x, y, given):
    """Spearman's ρ of x and y, and that of what is left of their ranks after those of `given`."""
    ranks = [stats.rankdata(v) for v in (x, y, given)]
    r = np.corrcoef(ranks)
    below = (1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2)
    return r[0, 1], (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt(below) if below > 1e-12 else None


def gain(before, after, mirror, live):
    """The coefficient of `mirror` in growth ~ 1 + norm before + mirror over a layer's live units, in standard deviations of the growth."""
    growth = after - before
    if live.sum() < 6 or not 2 <= mirror[live].sum() <= live.sum() - 2:
        return None
    design = np.stack([np.ones(live.sum()), before[live], mirror[live]], 1)
    return np.linalg.lstsq(design, growth[live], rcond=None)[0][2] / growth[live].std(ddof=1)


def kernels(path):
    with h5py.File(path) as file:
        names = sorted(file["layers"], key=lambda name: int(name.split("_")[-1]))
        return [file[f"layers/{name}/kernel"][:].astype("f8") for name in names]


def identity_auc(recorded, phase):
    """A logistic regression of self against other on the inputs, ridge by hand, fitted on half of the games."""
    rows = np.flatnonzero((phase == SELF) | (phase == OTHER))
    x, y = recorded.inputs[rows], (phase[rows] == OTHER).astype(float)
    fit = np.isin(recorded.stratum[rows], np.unique(recorded.stratum)[::2])
    spread = x[fit].std(0)
    x = (x[:, spread > 0] - x[fit][:, spread > 0].mean(0)) / spread[spread > 0]
    x = np.c_[np.ones(len(x)), x]
    w = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x[fit] @ w, -30, 30)))
        slope = x[fit].T @ (p - y[fit]) + np.r_[0, w[1:]]
        curve = (x[fit].T * (p * (1 - p))) @ x[fit] + np.diag(np.r_[1e-9, np.ones(len(w) - 1)])
        w -= np.linalg.solve(curve, slope)
    score, truth = x[~fit] @ w, y[~fit] == 1
    return stats.mannwhitneyu(score[truth], score[~truth]).statistic / (truth.sum() * (~truth).sum())


def measure(recorded, units, folder, start):
    """units: of mirrorscope units, by layer; start: kernels before training or None."""
    hidden = recorded.layers[:-1]
    everything, width = np.hstack(recorded.layers), sum(layer.shape[1] for layer in hidden)
    spread = pooled(everything, recorded)
    raw = standardised(*contrasts(everything, recorded), spread)
    weights, covered = matched_weights(recorded)
    same = standardised(*contrasts(everything, recorded, weights), spread) if covered > 0 else None
    live = (spread[:, :width] > 0).all(0)
    mirror = np.array([row["class"] == "mirror" for row in units])[:width]
    own, other = (recorded.mean(phase)[:width] for phase in (SELF, OTHER))
    out = {
        "mirror_share": mirror.mean(), "cosine": cosine(recorded, spread[:, :width], everything[:, :width]),
        "standardised_cells": index(*raw).mean(), "standardised_matched": None if same is None else index(*same).mean(),
        "matched_none": covered}
    both = recorded.rows(BOTH)
    if len(both) > 1 and mirror.any():
        values = everything[:, :width][:, mirror]
        larger = np.maximum(own, other)[mirror]
        out["mirror_both"] = float(np.mean((values[both].mean(0) - larger) / spread[:, :width].max(0)[mirror]))
        above = [
            stats.ttest_ind(values[both], values[recorded.rows(phase)], equal_var=False, alternative="greater").pvalue <= 0.05
            for phase in (SELF, OTHER)]
        out["mirror_both_highest"] = float(np.mean(above[0] & above[1]))
    score = index(*(part[:width] for part in raw))
    distress = np.concatenate([recorded.rows(SELF), recorded.rows(OTHER)])
    chosen = live & (everything[distress][:, :width].std(0) > 0)
    if chosen.sum() >= 6 and np.ptp(score[chosen]) > 0:
        none = everything[recorded.rows(NONE)][:, :width].mean(0)[chosen]
        for name, moment in (("kurtosis", stats.kurtosis), ("skewness", stats.skew)):
            with np.errstate(all="ignore"):
                parts = [moment(everything[recorded.rows(phase)][:, :width][:, chosen], axis=0) for phase in (SELF, OTHER)]
            mean = np.mean(parts, axis=0)
            if np.isfinite(mean).all():
                out[f"{name}_rho"], out[f"{name}_partial"] = partial(score[chosen], mean, none)
    if start:
        end = kernels(folder)
        gains = {"outgoing_gain": [], "incoming_gain": []}
        first = 0
        for layer in range(len(hidden)):
            part = slice(first, first + hidden[layer].shape[1])
            first = part.stop
            for name, kernel, axis in (("outgoing_gain", layer + 1, 1), ("incoming_gain", layer, 0)):
                norms = [np.linalg.norm(network[kernel], axis=axis) for network in (start, end)]
                gains[name].append(gain(*norms, mirror[part], live[part]))
        for name, values in gains.items():
            values = [value for value in values if value is not None]
            out[name] = float(np.mean(values)) if values else None
    return out


def checkpoint(network):
    return max((FOLDER / "networks" / network).glob("epoch-*.h5"))


def record(row, candidates, recording):
    """Records a network on that of the test sets which the sweep measured it on: those of one game differ by veil, in what they leave out, and the
    right one has the sweep's count and its index. Returns the recording and the test set with its count."""
    for candidate, count in candidates:
        if count != int(row["test_states"]):
            continue
        run("frogtoad", "record", checkpoint(row["network"]), "--states", candidate, "--output", recording, "--force", "--threads", 1)
        recorded = Recorded(recording)
        everything = np.hstack(recorded.layers)
        raw = standardised(*contrasts(everything, recorded), pooled(everything, recorded))
        if not row["standardised"] or abs(index(*raw).mean() - float(row["standardised"])) < 1e-6:
            return recorded, (candidate, count)
    raise SystemExit(f"{row['network']}: no test set gives its index")


def main():
    networks = [row for row in csv.DictReader(open(FOLDER / "networks.csv")) if row["kind"] != "shuffled" and row["accuracy"]]
    sets, known, auc = tests(), {}, {}
    untrained = {
        tuple(row[name] for name in CELL + ["seed", "data_seed"]): checkpoint(row["network"]) for row in networks if row["kind"] == "untrained"}
    columns = CELL + ["kind", "seed", "data_seed"] + MEASURES
    done = set()
    path = HERE / "measures.csv"
    if path.exists():
        done = {tuple(row[name] for name in CELL + ["kind", "seed", "data_seed"]) for row in csv.DictReader(open(path))}
    with open(path, "a", newline="") as file, tempfile.TemporaryDirectory() as work:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        if not done:
            table.writeheader()
        for row in networks:
            key = tuple(row[name] for name in CELL + ["kind", "seed", "data_seed"])
            if key in done:
                continue
            with h5py.File(checkpoint(row["network"])) as opened:
                attributes = json.loads(opened.attrs["game"])
            boards = (row["help_from"], attributes["dependency"] / 1000, attributes["obstacle_rate"], attributes["fly_patterns"])
            place = (boards, row["veil"])
            recording = Path(work) / "recording.h5"
            recorded, test = record(row, [known[place]] if place in known else sets[boards], recording)
            if row["standardised"]:
                known[place] = test
            if place not in auc:
                auc[place] = {
                    "identity_auc": identity_auc(recorded, recorded.phase),
                    "identity_auc_all_rows": identity_auc(recorded, recorded.unfiltered)}
            units = csv.DictReader(run("mirrorscope", "units", recording, "--p-values", "welch", "--threads", 1).splitlines())
            start = kernels(untrained[key[:-3] + key[-2:]]) if row["kind"] == "trained" else None
            out = measure(recorded, list(units), checkpoint(row["network"]), start)
            table.writerow(
                dict(zip(columns, key)) | auc[place] | {name: value for name, value in out.items() if value is not None})
            file.flush()


if __name__ == "__main__":
    main()
