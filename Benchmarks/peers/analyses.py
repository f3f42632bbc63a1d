"""What one would write today for the analyses of wide layers: numpy, torch and scikit-learn on the same recording, products in single precision.

Run: python analyses.py TASK ARGUMENTS   (prints seconds as JSON)
"""

import json
import sys
import time

import h5py
import numpy as np


def timed(work):
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start}))


def make(path, layers, units, rows):
    """Half of the rows none, a quarter self, a quarter other; episodes of 20 rows that hold all of them."""
    rng = np.random.default_rng(1)
    phase = np.tile(np.array([0, 1, 0, 2], dtype="u1"), rows // 4)
    with h5py.File(path, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.1", "complete": 1})
        file.create_dataset("phase", data=phase, dtype=h5py.enum_dtype({"none": 0, "self": 1, "other": 2, "both": 3}, basetype="u1"))
        file["sample"] = np.arange(rows)
        file["stratum"] = (np.arange(rows) // 20).astype("i4")
        for index in range(layers):
            layer = file.create_group(f"layers/layer_{index}")
            layer.attrs.update(
                {"layer_index": index, "kind": "dense", "is_output": int(index == layers - 1), "activation_function": "relu"})
            values = np.maximum(rng.normal(size=(rows, 32)).astype("f4") @ rng.normal(size=(32, units)).astype("f4"), 0)
            layer.create_dataset("activations", data=values.astype("f4"), chunks=(250, units))


def layers(path):
    with h5py.File(path) as file:
        phase = file["phase"][:]
        for name in file["layers"]:
            yield phase, file["layers"][name]["activations"][:]


def permuted(path, permutations, array=lambda values: values, sqrt=np.sqrt):
    """Welch's t of every unit under permuted labels of three pairs of phases, and how often it reaches the observed one: six products a layer."""

    def work():
        rng = np.random.default_rng(1)
        for phase, values in layers(path):
            for base, treated in ((0, 1), (0, 2), (2, 1)):
                used = (phase == base) | (phase == treated)
                own = phase[used] == treated
                x = array(values[used])
                x -= x.mean(axis=0)
                labels = array(np.array([own] + [rng.permutation(own) for _ in range(permutations)], dtype="f4"))
                n1, n0 = int(own.sum()), int((~own).sum())
                squares = x * x
                s1, q1 = labels @ x, labels @ squares
                s0, q0 = x.sum(axis=0) - s1, squares.sum(axis=0) - q1
                t = (s1 / n1 - s0 / n0) / sqrt((q1 - s1 * s1 / n1) / (n1 - 1) / n1 + (q0 - s0 * s0 / n0) / (n0 - 1) / n0)
                (t[1:] >= t[0]).sum(axis=0), (t[1:] <= t[0]).sum(axis=0), t[1:].max(axis=1)

    timed(work)


def permuted_torch(path, permutations):
    """The same by torch."""
    import torch

    permuted(path, permutations, torch.from_numpy, torch.sqrt)


def products(path, permutations):
    """The six products a layer alone, by torch: what no program that multiplies can go below."""
    import torch

    def work():
        for phase, values in layers(path):
            for base, treated in ((0, 1), (0, 2), (2, 1)):
                x = torch.from_numpy(values[(phase == base) | (phase == treated)])
                labels = torch.ones((permutations, len(x)))
                labels @ x, labels @ x

    timed(work)


def decode(path, rows):
    """One half of what `decode` does ten times, and one fifth of its action: two transfers and two cross-validations of logistic regressions."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model():
        return make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=1000))

    phase, values = next(layers(path))
    rng = np.random.default_rng(1)
    none = rng.permutation(np.flatnonzero(phase == 0))
    sides = {}
    for number, code in enumerate((1, 2)):
        own = np.flatnonzero(phase == code)[: rows // 4]
        chosen = np.concatenate([none[number::2][: len(own)], own])
        sides[code] = (values[chosen], (phase[chosen] == code).astype(int))

    def work():
        for train, test in ((1, 2), (2, 1)):
            (x, y), (other, label) = sides[train], sides[test]
            fitted = model().fit(x, y)
            balanced_accuracy_score(label, fitted.predict(other)), roc_auc_score(label, fitted.decision_function(other))
        for x, y in sides.values():
            cross_val_score(model(), x, y, cv=StratifiedKFold(5, shuffle=True, random_state=1), scoring="balanced_accuracy")

    timed(work)


def cka_torch(path):
    """The Gram matrices and their inner products by torch."""
    import torch

    cka(path, lambda x: (lambda y: (y @ y.T).numpy())(torch.from_numpy(x)),
        lambda a, b: float(torch.dot(torch.from_numpy(a).flatten(), torch.from_numpy(b).flatten())))


def cka(path, gram_of=lambda x: x @ x.T, inner=lambda a, b: np.einsum("ij,ij->", a, b, dtype="f8", optimize=False)):
    """Linear CKA with the unbiased estimate of HSIC of every pair of layers over all rows, from the rows' Gram matrices."""

    def work():
        grams = []
        for _, values in layers(path):
            x = values - values.mean(axis=0)
            gram = gram_of(x)
            np.fill_diagonal(gram, 0)
            grams.append(gram)
        n = len(grams[0])
        sums = [gram.sum(axis=1, dtype="f8") for gram in grams]

        def hsic(a, b):
            product = inner(grams[a], grams[b])
            return (product + sums[a].sum() * sums[b].sum() / (n - 1) / (n - 2) - 2 / (n - 2) * (sums[a] @ sums[b])) / n / (n - 3)

        own = [hsic(a, a) for a in range(len(grams))]
        for a in range(len(grams)):
            for b in range(a):
                hsic(a, b) / np.sqrt(own[a] * own[b])

    timed(work)


task, *arguments = sys.argv[1:]
globals()[task](*[int(a) if a.isdigit() else a for a in arguments])
