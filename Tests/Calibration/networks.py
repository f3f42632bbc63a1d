"""Targets of ablation that nobody chose, in networks with one, several or many units that drive the outcome."""

import os
import zlib
from dataclasses import dataclass

import numpy as np

from cells import Cells
from recordings import write

NETWORKS_A_CALL = 10


@dataclass(frozen=True)
class Network:
    """A layer of rectified units under two outputs. Drivers have weights of about 1 into the first output, others of .05."""

    drivers: int
    units: int = 17
    target: int = 4
    rows: int = 400
    episodes: int = 0
    """Strata with a shift of their own in each unit; 0 for none."""
    targets: int = 25
    recordings: float = 0.25
    analyses: tuple = ("ablate",)

    @property
    def name(self):
        rows = f"{self.rows} rows in {self.episodes} episodes" if self.episodes else f"{self.rows} rows"
        return f"{self.drivers} of {self.units} units drive, random targets of {self.target}, {rows}"

    def stream(self, seed):
        return np.random.default_rng([seed, zlib.crc32(repr(self).encode())])

    @property
    def spread(self):
        return 1.0 if self.episodes else 0.5

    def write(self, path, random):
        """The true effect of taking each unit out on the mean of the first output."""
        centre = random.normal(0.5, 0.5, self.units)
        hidden = centre + self.inner * random.normal(size=(self.rows, self.units))
        block = None
        if self.episodes:
            block = (np.arange(self.rows) * self.episodes // self.rows).astype("i4")
            hidden += random.normal(size=(self.episodes, self.units))[block]
        hidden = np.maximum(hidden, 0).astype("f4")
        kernel = np.stack([0.05 * random.normal(size=self.units), 0.5 * random.normal(size=self.units)], 1).astype("f4")
        kernel[: self.drivers, 0] += 1
        order = random.permutation(self.units)
        kernel, hidden, centre = kernel[order], hidden[:, order], centre[order]
        bias = np.zeros(2, "f4")
        rows = np.arange(self.rows)
        output = (hidden.astype("f8") @ kernel.astype("f8")).astype("f4")
        write(path, [hidden, output], (rows % 4).astype("u1"), block, kernel, bias, label=random.integers(0, 2, self.rows))
        z = np.linspace(-9, 9, 20_001)
        density = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
        sd = np.hypot(self.inner, 1.0 if self.episodes else 0)
        return -kernel[:, 0].astype("f8") * np.array([density @ np.maximum(c + sd * z, 0) for c in centre])

    inner = 0.5


def measure_network(network, analyses, programs, folder, recordings, seed, times=1):
    cells, random = Cells(), network.stream(seed)
    done = 0
    while done < recordings:
        paths = [os.path.join(folder, f"{i}.h5") for i in range(min(NETWORKS_A_CALL, recordings - done))]
        effects = {path: network.write(path, random) for path in paths}
        targets = {tuple(sorted(random.permutation(network.units)[: network.target])) for _ in range(network.targets)}
        units = [word for target in sorted(targets) for word in ("--units", "dense_1:" + ",".join(map(str, target)))]
        table = programs.table(
            "ablate", *paths, *units, "--outcome", "mean:a", "--controls", 99, "--bootstrap", 400, "--seed", int(random.integers(1 << 31)))
        table = table[table.primary.astype(str) == "true" if table.primary.dtype == object else table.primary]
        for path, part in table.groupby("recording"):
            cells.rejections("ablate", "p_value", "exact", part.p_value.to_numpy(float), part.reason.tolist())
            truth = [effects[path][[int(unit) for unit in named.split(";")]].sum() for named in part.target_units]
            low, high = part.ci_low.to_numpy(float), part.ci_high.to_numpy(float)
            cells.share("ablate", "ci", "coverage", ((low <= truth) & (truth <= high)).sum(), len(part))
        done += len(paths)
    return cells
