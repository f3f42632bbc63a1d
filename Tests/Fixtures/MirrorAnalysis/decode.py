"""What scikit-learn decodes from four recordings on fixed splits.

Run in this folder after foreign.py: python decode.py   (h5py 3.16, numpy 2.4, scikit-learn 1.7 or later)
Phases after the partner filter. Every second none row, from the first, goes with self and the others with other; rows stay in file order;
the fold of a row is its position modulo 5. decode.json: [accuracy, auc] by recording, layer and test; accuracy alone for the action.
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


def decode(path):
    result = {}
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
    return result


paths = ["MirrorAnalysis/small.h5", "MirrorAnalysis/doubles.h5", "MirrorAnalysis/halves.h5", "Golden/recording_2x17_epoch10.h5"]
with open("decode.json", "w") as out:
    json.dump({path: decode(f"../{path}") for path in paths}, out, indent=1)
