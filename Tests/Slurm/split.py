"""Cuts a recording into recordings of the same number of rows: split.py RECORDING PARTS FOLDER."""

import sys
from pathlib import Path

import h5py

recording, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
with h5py.File(recording) as whole:
    rows = len(whole["sample"])
    for number in range(count):
        chosen = slice(number * rows // count, (number + 1) * rows // count)
        with h5py.File(folder / f"part-{number + 1:02}.h5", "w") as part:
            part.attrs.update(whole.attrs)

            def copy(path, thing):
                if isinstance(thing, h5py.Group):
                    made = part.create_group(path)
                else:
                    values = thing[chosen] if thing.shape and len(thing) == rows else thing[()]
                    made = part.create_dataset(path, data=values, dtype=thing.dtype)
                # Names in capitals are HDF5's own: they refer to other parts of the file.
                made.attrs.update({key: value for key, value in thing.attrs.items() if not key.isupper()})

            whole.visititems(copy)
