"""Plans as the command line writes them, small."""

from __future__ import annotations

import copy
import hashlib
import json

import numpy as np

import mirrorscope

EXAMPLES = 6

PLAN = {
    "schema": "mirrorscope-plan",
    "schema_version": "1.0",
    "program": "mirrorscope 0.2.1",
    "plan_id": "3f2a91c07b1d",
    "recording": {"path": "run.h5", "sha256": None, "rows": 40, "network": None, "epoch": None},
    "split": {"source": "/split", "sha256": None, "select_rows": 20, "evaluate_rows": 20, "same_rows": False},
    "seed": 1,
    "mode": "zero",
    "controls": 2,
    "draws": 1,
    "primary_outcome": None,
    "example_column": None,
    "examples": [{"example": str(row), "rows": [row], "phase": "self", "stratum": 3, "pair": None} for row in range(20, 26)],
    "targets": [
        {
            "id": "t1",
            "layer": "first",
            "units": [0, 2],
            "direction": None,
            "smd_activation": 0.1,
            "smd_norm": None,
            "obstacle": None,
            "shortage": None,
        }
    ],
    "arms": [{"id": "3f2a91c07b1d/intact", "kind": "intact"}],
}


def arm(name, layer, *, kind="reference", **what):
    return {"id": f"3f2a91c07b1d/{name}", "kind": kind, "target": "t1", "layer": layer, **what}


def plan_of(*arms, **changes):
    """The plan with these arms behind that of the intact network."""
    plan = copy.deepcopy(PLAN)
    plan["arms"] += arms
    return {**plan, **changes}


def write_plan(folder, plan, recording=None):
    """The plan's path; with the SHA-256 and rows of a recording beside it, where there is one."""
    if recording is not None:
        plan = copy.deepcopy(plan)
        plan["recording"]["sha256"] = hashlib.sha256(recording.read_bytes()).hexdigest()
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    return path


def table(path):
    """Rows of outcomes: arm without the plan's id, example, outcome, value."""
    header, *lines = path.read_text().splitlines()
    assert header == "arm,example,outcome,value"
    rows = [line.split(",") for line in lines]
    return [(name.partition("/")[2], example, outcome, float(value)) for name, example, outcome, value in rows]


def values_of(path, name="t1"):
    return np.array([value for which, _, _, value in table(path) if which == name])


def close(found, expected):
    return np.allclose(found, expected.detach().double().numpy(), rtol=0, atol=1e-6)


def recorded(folder, model, layers, batches, **options):
    """A recording of all inputs of the batches; the plan's examples are its last."""
    path = folder / "run.h5"
    with mirrorscope.record(model, layers, path, **options) as recording:
        for batch in batches:
            recording.rows(phase="self")
            model(**batch) if isinstance(batch, dict) else model(batch)
    return path
