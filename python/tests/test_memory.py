"""Memory is that of a batch and one chunk of each layer, however many rows are recorded."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import mirrorscope


def peak(path, batches, compression):
    tracemalloc.start()
    with mirrorscope.Recorder(path, compression=compression) as recorder:
        for start in range(batches):
            values = np.full((500, 256), start, dtype="f4")
            recorder.append({"a": values, "b": values}, phase="self", wording="plain", position=np.arange(500))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("compression", [0, 1])
def test_ten_times_the_rows_take_no_more_memory(tmp_path, compression):
    few = peak(tmp_path / "few.h5", 10, compression)
    many = peak(tmp_path / "many.h5", 100, compression)
    assert many < 1.1 * few
    # Two chunks of 1 MiB, as much again under way, and the batch.
    assert many < 12e6
