"""Recordings whose truth is known: a design says how many rows, units and blocks there are and what the units answer to."""

import functools
import zlib
from dataclasses import dataclass

import h5py
import numpy as np

Z = np.linspace(-9, 9, 200_001)
DENSITY = np.exp(-(Z**2) / 2)
DENSITY /= DENSITY.sum()
SHAPES = {
    "normal": lambda z: z,
    # 84 % zeros without an effect.
    "rectified": lambda z: np.maximum(z - 1, 0),
    # At either end of its range in 32 % of the rows.
    "saturated": lambda z: np.clip(z, -1, 1),
}
BLOCK_ROWS = 5


@dataclass(frozen=True)
class Design:
    """What one cell of the calibration is made of.

    effects: (units, shift in self, shift in other), in standard deviations of what is inside the activation function; the units that are
    left answer to nothing. spread: standard deviations of none, self and other. icc: share of the variance that rows of a block share, of
    each unit by itself. Blocks hold all phases (within) or one (whole).
    """

    rows: tuple = (100, 100, 100)
    units: int = 38
    shape: str = "normal"
    exchange: str = "free"
    icc: float = 0
    spread: tuple = (1, 1, 1)
    effects: tuple = ()
    recordings: float = 1
    """By how much more or less than others it is repeated."""
    analyses: tuple = ("cmni", "units")
    permutations: int = 199
    unit_count: int = 8000
    """Units that are enough for what is measured of single ones."""
    layers: int = 1
    factors: int = 0
    """That share half of each unit's variance, in other proportions in each recording; 0 leaves units unrelated."""
    note: str = ""

    @property
    def effect(self):
        return ", ".join(f"{count} units {own:g}/{other:g}" for count, own, other in self.effects) or "none"

    @property
    def name(self):
        parts = ["/".join(map(str, self.rows)), f"{self.units} units", self.shape, self.exchange]
        parts += [f"ICC {self.icc:g}"] if self.exchange != "free" else []
        parts += ["sd " + "/".join(f"{s:g}" for s in self.spread)] if self.spread != (1, 1, 1) else []
        parts += [f"{self.layers} layers"] if self.layers > 1 else []
        parts += [f"{self.factors} factor{'s' if self.factors > 1 else ''}"] if self.factors else []
        parts += [f"{self.permutations} permutations"] if self.permutations != 199 else []
        return ", ".join(parts + [f"effect {self.effect}", *([self.note] if self.note else [])])

    def stream(self, seed):
        # Without factors a design has the numbers that it had before there were any.
        name = repr(self).replace("factors=0, ", "")
        return np.random.default_rng([seed, zlib.crc32(name.encode())])

    @property
    def phase(self):
        return np.repeat(np.arange(3, dtype="u1"), self.rows)

    @property
    def block(self):
        """The block of each row, or None."""
        if self.exchange == "free":
            return None
        if self.exchange == "whole":
            ends = np.cumsum([0] + [-(-n // BLOCK_ROWS) for n in self.rows])
            return np.concatenate([ends[k] + np.arange(n) // BLOCK_ROWS for k, n in enumerate(self.rows)]).astype("i4")
        count = min(self.rows) // 4
        return np.concatenate([np.arange(n) % count for n in self.rows]).astype("i4")

    @property
    def shifts(self):
        """[3][units]: of none, self and other."""
        shifts = np.zeros((3, self.units))
        start = 0
        for count, own, other in self.effects:
            shifts[1:, start : start + count] = [[own], [other]]
            start += count
        return shifts

    @functools.cached_property
    def truth(self):
        """(Δ, standardised Δ) of self and other, [2][units] each: the latter by the variances of the two phases, pooled as g pools them."""
        shifts = self.shifts
        moments = {}
        for k in range(3):
            for shift in np.unique(shifts[k]):
                values = SHAPES[self.shape](self.spread[k] * Z + shift)
                mean = float(DENSITY @ values)
                moments[k, shift] = mean, float(DENSITY @ (values - mean) ** 2)
        mean, variance = (np.array([[moments[k, shift][i] for shift in shifts[k]] for k in range(3)]) for i in (0, 1))
        delta = mean[1:] - mean[0]
        n = self.rows
        pooled = [((n[0] - 1) * variance[0] + (n[k] - 1) * variance[k]) / (n[0] + n[k] - 2) for k in (1, 2)]
        delta[abs(delta) < 1e-9] = 0
        return delta, delta / np.sqrt(pooled)

    def draw(self, random):
        """[layers] of activations [rows][units], float32."""
        phase, block = self.phase, self.block
        layers = []
        for _ in range(self.layers):
            values = random.standard_normal((len(phase), self.units), dtype="f4")
            if self.factors:
                loads = random.standard_normal((self.factors, self.units), dtype="f4")
                loads /= np.linalg.norm(loads, axis=0)
                values = np.float32(np.sqrt(0.5)) * (values + random.standard_normal((len(phase), self.factors), dtype="f4") @ loads)
            if block is not None and self.icc:
                shared = random.standard_normal((block.max() + 1, self.units), dtype="f4")
                values = np.float32(np.sqrt(1 - self.icc)) * values + np.float32(np.sqrt(self.icc)) * shared[block]
            if self.spread != (1, 1, 1):
                values *= np.array(self.spread, "f4")[phase][:, None]
            if self.effects:
                values += self.shifts.astype("f4")[phase]
            layers.append(SHAPES[self.shape](values).astype("f4"))
        return layers


def write(path, layers, phase, block=None, kernel=None, bias=None, label=None, pair=None):
    """layers: activations by layer; where there is a kernel it is that of the last one, which is the output."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"schema": "mirrorscope-recording", "schema_version": "1.1", "complete": 1})
        codes = h5py.enum_dtype({"none": 0, "self": 1, "other": 2, "both": 3}, basetype="u1")
        file.create_dataset("phase", data=phase, dtype=codes)
        if label is not None:
            names = h5py.enum_dtype({name: i for i, name in enumerate("ab")}, basetype="u1")
            file.create_dataset("label", data=label.astype("u1"), dtype=names)
            file.create_dataset("prediction", data=layers[-1].argmax(1).astype("u1"), dtype=names)
        if block is not None:
            file["stratum"] = block
        if pair is not None:
            file["pair"] = pair
        for index, values in enumerate(layers):
            is_output = kernel is not None and index == len(layers) - 1
            group = file.create_group(f"layers/dense_{index + 1}")
            group.attrs.update({"layer_index": index, "kind": "dense", "is_output": int(is_output)})
            group.attrs["activation_function"] = "linear" if is_output else "relu"
            group["activations"] = values
            if is_output:
                group["kernel"], group["bias"] = kernel, bias
