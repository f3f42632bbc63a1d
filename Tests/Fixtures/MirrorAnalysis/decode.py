"""What scikit-learn decodes from four recordings on fixed splits.

Run in this folder after foreign.py: python decode.py   (h5py 3.16, numpy 2.4, scikit-learn 1.7 or later)
Phases after the partner filter. Every second none row, from the first, goes with self and the others with other; rows stay in file order;
the fold of a row is its position modulo 5. decode.json: [accuracy, auc] by recording, layer and test; accuracy alone for the action.
decode_permutations.json: for tests within rows, the accuracy of decoders of one Newton step and its p over permutations inside folds; for
the first recording's also the p of scikit-learn's decoders, fitted to every permutation.
"""

import json

import h5py
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def decoder():
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-10, max_iter=10000, solver="newton-cholesky"))


def transfer(train, test):
    model = decoder().fit(*train)
    return [balanced_accuracy_score(test[1], model.predict(test[0])), roc_auc_score(test[1], model.decision_function(test[0]))]


def within(x, y, auc=True):
    fold = np.arange(len(y)) % 5
    predicted = np.zeros_like(y)
    areas = []
    for number in range(5):
        model = decoder().fit(x[fold != number], y[fold != number])
        predicted[fold == number] = model.predict(x[fold == number])
        if auc:
            areas.append(roc_auc_score(y[fold == number], model.decision_function(x[fold == number])))
    return [balanced_accuracy_score(y, predicted), float(np.mean(areas)) if auc else None]


def one_step(x, labels):
    """Predictions for labelings [rows x labelings]: w = (X'X h + 1)^-1 X'y, by training set."""
    classes = np.unique(labels)
    h = 0.25 if len(classes) == 2 else 1 / len(classes)
    fold = np.arange(len(labels)) % 5
    predicted = np.zeros_like(labels)
    for number in range(5):
        train, test = x[fold != number], x[fold == number]
        scaler = StandardScaler().fit(train)
        a, b = scaler.transform(train), scaler.transform(test)
        ridge = np.linalg.solve(a.T @ a * h + np.eye(a.shape[1]), a.T)
        scores = []
        for c in classes:
            y = (labels[fold != number] == c) - 1 / len(classes)
            scores.append(b @ (ridge @ y) + y.mean(0) / h)
        predicted[fold == number] = classes[np.argmax(scores, axis=0)]
    return predicted


def recalls(labels, predicted):
    return np.mean([((labels == c) & (predicted == c)).sum(0) / (labels == c).sum(0) for c in np.unique(labels)], axis=0)


def permuted(y, count, seed):
    rng = np.random.default_rng(seed)
    labels = np.repeat(y[:, None], count, axis=1)
    for number in range(5):
        labels[number::5] = rng.permuted(labels[number::5], axis=0)
    return labels


def permutation(x, y, refit):
    draws = permuted(y, 4000, 1)
    accuracy = recalls(y[:, None], one_step(x, y[:, None]))[0]
    null = recalls(draws, one_step(x, draws))
    result = {"accuracy": float(accuracy), "p": float((1 + (null >= accuracy - 1e-12).sum()) / (1 + len(null)))}
    if refit:
        null = np.array([within(x, labels, auc=False)[0] for labels in permuted(y, 200, 2).T])
        result["refitted"] = float((1 + (null >= within(x, y, auc=False)[0] - 1e-12).sum()) / (1 + len(null)))
    return result


def decode(path):
    result, permutations = {}, {}
    with h5py.File(path) as file:
        phase = file["phase"][:].astype(int)
        keep = np.ones(len(phase), bool)
        if "partner_acting" in file:
            keep = (file["partner_acting"][:] == 1) | (phase == 0) | (phase == 3)
        none = np.flatnonzero(phase == 0)
        sets = [np.sort(np.concatenate([none[p - 1 :: 2], np.flatnonzero((phase == p) & keep)])) for p in (1, 2)]
        for name, group in file["layers"].items():
            x = group["activations"][:].astype("f8")
            own, other = [(x[rows], (phase[rows] > 0).astype(int)) for rows in sets]
            tests = {"self>other": transfer(own, other), "other>self": transfer(other, own), "self": within(*own), "other": within(*other)}
            if "label" in file:
                tests["action"] = within(x[keep], file["label"][:].astype(int)[keep], auc=False)
            result[name] = tests
            permutations[name] = {"self": permutation(*own, "small" in path), "other": permutation(*other, "small" in path)}
            # Activations of other rows: no effect.
            mixed = np.random.default_rng(3).permutation(len(own[1]))
            permutations[name]["noise"] = permutation(own[0][mixed], own[1], False) | {"order": mixed.tolist()}
            if "label" in file:
                permutations[name]["action"] = permutation(x[keep], file["label"][:].astype(int)[keep], False)
    return result, permutations


paths = ["MirrorAnalysis/small.h5", "MirrorAnalysis/doubles.h5", "MirrorAnalysis/halves.h5", "Golden/recording_2x17_epoch10.h5"]
decoded = {path: decode(f"../{path}") for path in paths}
with open("decode.json", "w") as out:
    json.dump({path: both[0] for path, both in decoded.items()}, out, indent=1)
with open("decode_permutations.json", "w") as out:
    json.dump({path: both[1] for path, both in decoded.items()}, out)
