"""Memory is that of a batch and one chunk of each layer, however many rows are recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from recordings import stored

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


TORCH = """
import resource, sys
import torch
import mirrorscope

model = torch.nn.Sequential(torch.nn.Linear(64, 2048), torch.nn.ReLU())
with torch.no_grad(), mirrorscope.record(model, ["*"], sys.argv[1]) as recording:
    for _ in range(int(sys.argv[2])):
        recording.rows(phase="self", pair=1)
        model(torch.ones(200, 64))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.torch
def test_hooks_keep_no_rows(tmp_path):
    """160 batches are 512 MB of activations; the process that records them takes no more memory than for 16."""

    def peak(batches):
        environment = {**os.environ, "PYTHONPATH": os.path.join(os.path.dirname(__file__), "..", "src")}
        arguments = [sys.executable, "-c", TORCH, str(tmp_path / f"{batches}.h5"), str(batches)]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
        return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)

    few = peak(16)
    many = peak(160)
    (tmp_path / "160.h5").unlink()
    assert many - few < 20e6


@pytest.mark.torch
def test_memory_is_used_again_without_mixing_batches(path, torch):
    """Batches of changing size, in changing modes, with layers that hand on the same tensor."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Identity(), torch.nn.ReLU(inplace=True))
    batches = [torch.randn(rows, 3) for rows in (5, 5, 5, 2, 5, 5, 5)]
    modes = [torch.inference_mode, torch.no_grad, torch.enable_grad, torch.inference_mode, torch.enable_grad, torch.enable_grad]
    with mirrorscope.record(model, ["*"], path) as recording:
        for batch, mode in zip(batches, [*modes, torch.inference_mode], strict=True):
            recording.rows(phase="other")
            with mode():
                model(batch)
    expected = torch.cat([model[0](batch) for batch in batches]).detach()
    assert stored(path, "0").tobytes() == stored(path, "1").tobytes() == expected.numpy().tobytes()
    assert stored(path, "2").tobytes() == expected.relu().numpy().tobytes()
