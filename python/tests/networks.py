"""Small networks and their rows."""

from __future__ import annotations

import numpy as np

import mirrorscope

ACTIONS = ["hop", "jump", "leap", "help"]


class DenseNetwork:
    """Two dense layers of numpy: 6 inputs, 8 hidden units behind a ReLU, 4 outputs."""

    def __init__(self, rng):
        self.hidden_kernel = rng.normal(size=(6, 8)).astype("f4")
        self.hidden_bias = rng.normal(size=8).astype("f4")
        self.output_kernel = rng.normal(size=(4, 8)).astype("f4")  # [unit, input], as torch has it
        self.output_bias = rng.normal(size=4).astype("f4")

    @property
    def layers(self):
        return [
            mirrorscope.Layer("hidden", activation_function="relu", kernel=self.hidden_kernel, bias=self.hidden_bias),
            mirrorscope.Layer(
                "head/out.put",
                activation_function="linear",
                is_output=True,
                kernel=self.output_kernel,
                kernel_layout="unit,input",
                bias=self.output_bias,
            ),
        ]

    def __call__(self, inputs):
        hidden = np.maximum(inputs @ self.hidden_kernel + self.hidden_bias, 0)
        return {"hidden": hidden, "head/out.put": hidden @ self.output_kernel.T + self.output_bias}


def columns(rng, inputs, outputs, first_item=0):
    """Columns of every kind; an item has four rows, one for each phase."""
    rows = len(inputs)
    item = first_item + np.arange(rows) // 4
    return {
        "phase": np.arange(rows) % 4,
        "label": rng.integers(0, 4, rows),
        "prediction": outputs.argmax(axis=1),
        "partner_acting": np.ones(rows, dtype=bool),
        "stratum": item // 10,
        "pair": item,
        "split": item // 10 % 2,
        "inputs": inputs,
        "wording": np.array(["plain", "ünverblümt", ""])[item % 3],
        "position": np.arange(rows) % 5 - 5,
        "score": rng.normal(size=rows),
    }
