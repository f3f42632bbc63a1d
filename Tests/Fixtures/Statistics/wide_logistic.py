"""Optima of logistic regression with more parameters than are factorised, by scikit-learn; writes wide_logistic.json.

Run in this folder: python wide_logistic.py   (numpy, scikit-learn 1.7)
Values are ((7919 i² + 104729 j² + 31337 i j) mod 10007) / 10007 − ½ times scale for row i and feature j from 1, which a test can make again.
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

fits = []
for rows, features, classes, scale in [(400, 210, 2, 3.0), (150, 260, 2, 1.0), (300, 80, 3, 4.0), (120, 150, 4, 1.0)]:
    i, j = np.arange(1, rows + 1)[:, None], np.arange(1, features + 1)
    values = ((7919 * i * i + 104729 * j * j + 31337 * i * j) % 10007 / 10007 - 0.5) * scale
    labels = np.argmax(values[:, :classes] + 0.7 * values[:, classes : 2 * classes], axis=1)
    labels[::7] = np.arange(len(labels[::7])) % classes
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(values, labels)
    w = model.coef_
    onehot = np.eye(classes)[labels] if classes > 2 else labels[:, None]
    p = model.predict_proba(values)
    gradient = (p if classes > 2 else p[:, 1:]) - onehot
    assert np.abs(gradient.T @ values + w).max() < 1e-10 and np.abs(gradient.sum(0)).max() < 1e-10
    fits.append({"rows": rows, "features": features, "scale": scale, "labels": labels.tolist(), "weights": w.ravel().tolist(),
                 "intercepts": (model.intercept_ - (model.intercept_.mean() if classes > 2 else 0)).tolist()})
with open("wide_logistic.json", "w") as out:
    json.dump(fits, out)
