"""Makes inflates_to_gigabytes.h5: a chunk of 200 float32 that takes 8,192 bytes of the file and would inflate to 8 MB."""
import zlib

import h5py
import numpy as np

with h5py.File("inflates_to_gigabytes.h5", "w") as file:
    numbers = file.create_dataset("numbers", shape=(100,), dtype="f4", chunks=(200,), maxshape=(None,), compression="gzip")
    stored = zlib.compress(np.zeros(8_000_000, np.uint8).tobytes(), 9)
    numbers.id.write_direct_chunk((0,), stored.ljust(8192, b"\0"))
