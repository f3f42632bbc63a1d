"""What tests need, and what to say where it is not there."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess

import numpy as np
import pytest

import mirrorscope

NEEDS = {
    "torch": "needs PyTorch: pip install torch",
    "transformers": "needs transformers: pip install transformers",
    "keras": "needs Keras: pip install keras tensorflow",
}


def pytest_runtest_setup(item):
    for module, sentence in NEEDS.items():
        if item.get_closest_marker(module) and importlib.util.find_spec(module) is None:
            pytest.skip(sentence)
    if item.get_closest_marker("programs"):
        try:
            mirrorscope.find_program()
        except mirrorscope.MirrorscopeError as error:
            pytest.skip(f"needs the built programs: {error}")
    if item.get_closest_marker("plan"):
        require_plan()


def require_plan():
    """Skips where the programs are of a time before plans."""
    shown = subprocess.run([mirrorscope.find_program(), "plan", "--help"], capture_output=True, text=True).stdout
    if "USAGE: mirrorscope plan" not in shown:
        pytest.skip("needs a mirrorscope that has the command plan")


def pytest_configure():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture
def torch():
    return importlib.import_module("torch")


@pytest.fixture
def networks(torch):
    module = importlib.import_module("torch_networks")
    torch.manual_seed(1)
    return module


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.h5"


@pytest.fixture
def chain(torch, networks):
    return networks.TwoLayers().eval()
