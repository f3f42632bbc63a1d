"""A data set whose header claims more rows than the file has bytes, in HDF5's older format, whose headers carry no sums: python make_beyond.py"""

import struct

import h5py
import numpy as np

PATH = "beyond_the_end.h5"
with h5py.File(PATH, "w", libver="earliest") as file:
    file["x"] = np.ones(0x1234)
data = open(PATH, "rb").read()
for old, new in [(0x1234, 0x1234_0000_0000), (0x1234 * 8, 0x1234_0000_0000 * 8)]:
    assert struct.pack("<q", old) in data
    data = data.replace(struct.pack("<q", old), struct.pack("<q", new))
# The values themselves are not needed.
open(PATH, "wb").write(data[:2048])
