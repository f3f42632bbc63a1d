"""Checksums against HDF5's own, and against the script that the Swift tests use."""

from __future__ import annotations

import importlib.util
import pathlib

import h5py
import numpy as np
import pytest
from test_recorder import record_network

from mirrorscope.arrays import bfloat16_bits
from mirrorscope.checksums import fletcher32, text_sum

ORACLE = pathlib.Path(__file__).parents[2] / "Tests/Fixtures/HDF5/content_sha256.py"


@pytest.mark.parametrize("size", [1, 2, 3, 719, 720, 8191, 8192, 8193, 100_001, 1 << 20])
@pytest.mark.parametrize("content", ["random", "zeros", "ones", "one byte"])
def test_fletcher_is_that_of_hdf5(tmp_path, rng, size, content):
    data = {
        "random": rng.integers(0, 256, size, dtype="u1"),
        "zeros": np.zeros(size, "u1"),
        "ones": np.full(size, 255, "u1"),
        "one byte": np.eye(1, size, size - 1, dtype="u1")[0],
    }[content]
    with h5py.File(tmp_path / "oracle.h5", "w") as file:
        dataset = file.create_dataset("x", data=data, chunks=(size,), fletcher32=True)
        stored = dataset.id.read_direct_chunk((0,))[1]
    assert fletcher32(data.tobytes()) == int.from_bytes(stored[-4:], "little")


def test_text_sum_is_that_of_zlib():
    assert text_sum("") == "d202ef8d"  # zlib.crc32(b"\0")


def test_bfloat16_is_rounded_once(rng):
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="needs ml_dtypes: pip install ml_dtypes")
    bits = rng.integers(0, 2**32, 100_000, dtype="u4").view("f4")
    singles = bits[np.isfinite(bits)]
    assert np.array_equal(bfloat16_bits(singles), singles.astype(ml_dtypes.bfloat16).view("u2"))
    # Just beside a tie, where rounding to float32 first lands on it: 1 + 2^-8 ± 2^-40.
    assert bfloat16_bits(np.array([1 + 2**-8 + 2**-40, 1 + 2**-8 - 2**-40, 1 + 2**-8])).tolist() == [0x3F81, 0x3F80, 0x3F80]
    assert bfloat16_bits(np.array([-(1 + 2**-8 + 2**-40), 1e-50, -1e-50])).tolist() == [0xBF81, 0, 0x8000]


@pytest.mark.skipif(not ORACLE.exists(), reason="needs a checkout of Mirrorscope, whose tests have the oracle")
def test_content_is_that_of_the_oracle(path, rng):
    record_network(path, rng, dtype=None, compression=1)
    specification = importlib.util.spec_from_file_location("oracle", ORACLE)
    oracle = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(oracle)
    sealed = []
    with h5py.File(path) as file:

        def check(name, thing):
            if isinstance(thing, h5py.Dataset):
                assert thing.attrs["content_sha256"] == oracle.content_sha256(thing), name
                sealed.append(name)

        file.visititems(check)
    assert len(sealed) == 23
