"""Makes states_by_h5py.h5: a states file that h5py wrote, plain (contiguous, integers instead of enums, no optional parts), and its hash."""
import hashlib
from pathlib import Path

import h5py
import numpy as np

here = Path(__file__).parent
table = np.loadtxt(here / "states_slice.csv", delimiter=",", dtype=np.int64)
with h5py.File(here / "states_by_h5py.h5", "w") as f:
    f.attrs["schema"] = "frogtoad-states"
    f.attrs["schema_version"] = "1.0"
    f.attrs["complete"] = 1
    f.attrs["seed"] = 42
    f.attrs["source"] = "h5py"
    hash = hashlib.sha256()
    for name, rows in (("train", table[:40]), ("test", table[40:60])):
        states = rows[:, :100].astype(np.uint8)
        states[:, 98] = 0
        label, scenario = rows[:, 100], rows[:, 98]
        f[f"{name}/states"], f[f"{name}/label"], f[f"{name}/scenario"] = states, label, scenario
        hash.update(np.column_stack([states, label, scenario]).astype(np.uint8).tobytes())
    f.attrs["states_sha256"] = hash.hexdigest()
