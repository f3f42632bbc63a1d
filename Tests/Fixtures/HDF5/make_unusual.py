"""Files with what a reader must refuse, or read as other writers mean it: elsewhere.h5, missing.h5, numbers.h5 and latest.h5.

    python make_unusual.py FOLDER

latest.h5 needs an HDF5 that is newer than the one it is read with (h5py 3.16 brings 2.0).
"""

import os
import sys

import h5py
import numpy as np

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


def new(name, **how):
    return h5py.File(os.path.join(folder, name), "w", **how)


with new("elsewhere.h5") as f:
    layout = h5py.VirtualLayout((8, 2), "f4")
    layout[:] = h5py.VirtualSource("absent.h5", "a", (8, 2))
    f.create_virtual_dataset("virtual", layout, fillvalue=0)
    f.create_dataset("storage", (4,), "f4", external=[("absent.bin", 0, 16)])
    f["own"] = np.arange(3.0)
    f["soft"] = h5py.SoftLink("/own")
    f["dangling"] = h5py.SoftLink("/nothing")
    f["link"] = h5py.ExternalLink("types.h5", "/phase")
    f["behind"] = h5py.SoftLink("/link")
    f["group/link"] = h5py.ExternalLink("types.h5", "/numbers")

with new("missing.h5") as f:
    for name, how in (("filtered", dict(compression="gzip", shuffle=True, fletcher32=True)), ("plain", {}), ("filled", dict(fillvalue=7))):
        d = f.create_dataset(name, (20, 6), "f4", chunks=(5, 6), **how)
        for start in (0, 5, 15):
            d[start : start + 5] = np.arange(30, dtype="f4").reshape(5, 6)
    d = f.create_dataset("columns", (10, 6), "f4", chunks=(5, 3))
    d[:, :3] = 1
    d[:5] = 2
    f.create_dataset("contiguous", (20, 6), "f4")
    f.create_dataset("value", (), "f4")
    f.create_dataset("text", (3,), h5py.string_dtype())
    f.create_dataset("empty", (0, 6), "f4", maxshape=(None, 6))
    f.create_dataset("filled_contiguous", (4,), "f4", fillvalue=2.5)

with new("numbers.h5") as f:
    every = np.arange(1 << 16, dtype="<u4")
    brain = h5py.h5t.IEEE_F32LE.copy()
    brain.set_fields(15, 7, 8, 0, 7)
    brain.set_size(2)
    brain.set_ebias(127)
    d = h5py.h5d.create(f.id, b"bfloat16", brain, h5py.h5s.create_simple((1 << 16,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, every.astype("<u2"), brain)
    # 8 bits: sign, 5 of exponent, 2 of mantissa.
    small = h5py.h5t.IEEE_F32LE.copy()
    small.set_fields(7, 2, 5, 0, 2)
    small.set_size(1)
    small.set_ebias(15)
    d = h5py.h5d.create(f.id, b"float8", small, h5py.h5s.create_simple((256,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(256, dtype="u1"), small)
    d = h5py.h5d.create(f.id, b"bits", h5py.h5t.STD_B8LE, h5py.h5s.create_simple((4,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([0, 1, 255, 1], "u1"), h5py.h5t.STD_B8LE)
    d = h5py.h5d.create(f.id, b"wide_bits", h5py.h5t.STD_B16LE, h5py.h5s.create_simple((2,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([0, 1], "<u2"), h5py.h5t.STD_B16LE)
    f["boolean"] = np.array([True, False])
    a = h5py.h5a.create(f.id, b"bit", h5py.h5t.STD_B8LE, h5py.h5s.create(h5py.h5s.SCALAR))
    a.write(np.array(1, "u1"), h5py.h5t.STD_B8LE)

with new("latest.h5", libver="latest") as f:
    f.create_dataset("phase", data=np.zeros(4, "u1"), dtype=h5py.enum_dtype({"none": 0, "self": 1}, basetype="u1"))
    f.create_dataset("activations", data=np.zeros((8, 2), "f4"), maxshape=(None, 2), chunks=(4, 2), compression="gzip")
