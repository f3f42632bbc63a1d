"""What is read of a plan, and what is refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from plan_files import PLAN, arm, plan_of, write_plan

import mirrorscope


def test_a_plan_is_read(tmp_path):
    written = plan_of(
        arm("t1", "first", kind="target", units=[0, 2], values=[0.0, 0.5]),
        arm("t1/r001/d1", "first", units=[1], draw=1),
        arm("t1/r002", "first", direction=[0.6, 0.8]),
        donors=[[0, 1, 2, 3, 4, 5]],
        later_field={"of": "a later minor version"},
        schema_version="1.3",
    )
    plan = mirrorscope.load_plan(write_plan(tmp_path, written))
    assert (plan.id, plan.mode, plan.seed, plan.controls, plan.draws) == ("3f2a91c07b1d", "zero", 1, 2, 1)
    assert plan.recording.rows == 40
    assert plan.examples[1] == mirrorscope.PlanExample("21", (21,), "self", 3, None)
    assert plan.targets[0].smd_activation == 0.1
    intact, target, resampled, turned = plan.arms
    assert (intact.kind, intact.layer, intact.units) == ("intact", None, ())
    assert (target.kind, target.units, target.values) == ("target", (0, 2), (0.0, 0.5))
    assert (resampled.draw, resampled.values) == (1, None)
    assert np.array_equal(turned.direction, [0.6, 0.8])
    assert plan.donors == ((0, 1, 2, 3, 4, 5),)
    assert plan.takes_donors


def test_what_a_plan_says_is_told_from_how_it_is_written(tmp_path):
    plan = mirrorscope.load_plan(write_plan(tmp_path, PLAN))
    (tmp_path / "other.json").write_text(json.dumps(PLAN, indent=2, sort_keys=True))
    assert mirrorscope.load_plan(tmp_path / "other.json").sha256 == plan.sha256
    (tmp_path / "other.json").write_text(json.dumps({**PLAN, "seed": 2}))
    assert mirrorscope.load_plan(tmp_path / "other.json").sha256 != plan.sha256


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema": "mirrorscope-recording"}, "it is no plan of Mirrorscope; give the file that 'mirrorscope plan' wrote."),
        ({"schema_version": "2.0"}, "its schema is version 2.0, and this is a reader of version 1"),
        ({"plan_id": None}, "plan_id of the plan is not a text; make the plan again with 'mirrorscope plan'."),
        ({"seed": True}, "seed of the plan is not an integer"),
        ({"draws": 0}, "draws of the plan is not an integer of 1 or more"),
        ({"recording": []}, "recording is no object"),
        ({"examples": {}}, "examples of the plan is not a list"),
        ({"examples": []}, "there are no examples"),
        ({"examples": [{"example": "a", "rows": [-1]}]}, "rows of example 0 is not a list of integers of 0 or more"),
        ({"examples": [{"example": "a", "rows": [40]}]}, "example a has the row 40, but the recording has 40 rows."),
        ({"examples": [{"example": "a", "rows": [1]}, {"example": "a", "rows": [2]}]}, "example a is there twice"),
        ({"arms": []}, "there are no arms."),
        ({"arms": [{"id": "a", "kind": "intact"}] * 2}, "arm a is there twice"),
        ({"arms": [{"id": "a", "kind": "half"}]}, "arm a is of the kind half; this version knows intact, target, reference."),
        ({"arms": [arm("x", "first", units=[1])]}, "does not say by what its units are replaced"),
        ({"arms": [arm("x", "first", units=[1], values=[0], draw=1)]}, "does not say by what its units are replaced"),
        ({"arms": [arm("x", "first", units=[1, 1], values=[0, 0])]}, "arm 3f2a91c07b1d/x has no units, or one of them twice."),
        ({"arms": [arm("x", "first", units=[1], values=[0, 0])]}, "has 2 values for 1 units."),
        ({"arms": [arm("x", "first", units=[1], values=["0"])]}, "values of arm 3f2a91c07b1d/x is not a list of finite numbers"),
        ({"arms": [arm("x", "first", units=[1], values=[float("inf")])]}, "is not a list of finite numbers"),
        ({"arms": [arm("x", "first", units=[1], values=[10**400])]}, "is not a list of finite numbers"),
        ({"arms": [arm("x", "first", direction=[1, 1])]}, "the direction of arm 3f2a91c07b1d/x is of length 1.41421, not 1."),
        ({"arms": [arm("x", "first", units=[1], draw=1)]}, "is of draw 1, but there are donors of 0 draws."),
        ({"arms": [{**arm("x", "first", units=[1], values=[0]), "target": "t2"}]}, "belongs to target t2, which is none of the plan's."),
        ({"donors": [[1, 2]]}, "draw 1 has 2 donors for 6 examples."),
        ({"donors": [[0, 1, 2, 3, 4, 40]]}, "draw 1 has the donor 40, but the recording has 40 rows."),
        ({"donors": ["012345"]}, "the donors of draw 1 are no list of rows."),
    ],
)
def test_a_plan_that_is_wrong(tmp_path, changes, sentence):
    path = write_plan(tmp_path, plan_of(**changes))
    with pytest.raises(mirrorscope.PlanError, match=re.escape(sentence)) as raised:
        mirrorscope.load_plan(path)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["", "[]", "{", "\0", '{"schema": 1}', "arm,example\n"])
def test_a_file_that_is_no_plan(tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(mirrorscope.PlanError, match="it is no plan of Mirrorscope"):
        mirrorscope.load_plan(path)
    with pytest.raises(mirrorscope.PlanError, match="the plan cannot be read"):
        mirrorscope.load_plan(tmp_path / "nowhere.json")
