"""Plans that do not fit the model or the evaluation, and runs that are interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from plan_files import EXAMPLES, arm, plan_of, recorded, table, values_of, write_plan
from recordings import hooks, stored

import mirrorscope

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"units": [4], "values": [0.0]}, "arm 3f2a91c07b1d/t1: the plan has unit 4 of layer first, whose module puts out 4 units;"),
        ({"direction": [1.0, 0.0]}, "arm 3f2a91c07b1d/t1: the plan has a direction of 2 units for layer first, whose module has 4;"),
    ],
)
def test_units_that_are_not_there(tmp_path, torch, chain, how, sentence):
    plan = write_plan(tmp_path, plan_of(arm("t1", "first", kind="target", **how)))
    x = torch.randn(EXAMPLES, 3)

    def evaluate(arm):
        try:
            return chain.second(chain.first(x))[:, 0]
        except Exception:  # even so it does not go unseen
            return [0] * EXAMPLES

    with pytest.warns(mirrorscope.MirrorscopeNote, match="outcomes.csv.partial holds 1 of 2 arms; the same call goes on with the next"):
        with pytest.raises(mirrorscope.PlanError, match=re.escape(f"{plan}: {sentence}")):
            mirrorscope.run_plan(chain, plan, evaluate, tmp_path / "outcomes.csv")
    assert hooks(chain) == 0


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ("frist", "layer frist is no module of the model, which has first, …; give the model that was recorded."),
        ("9", "layer 9 is no module of the model, which has first, second; give the model that was recorded."),
    ],
)
def test_layers_that_are_not_there(tmp_path, chain, layer, sentence):
    plan = write_plan(tmp_path, plan_of(arm("t1", layer, kind="target", units=[0], values=[0.0])))
    with pytest.raises(mirrorscope.PlanError, match=re.escape(sentence)):
        mirrorscope.run_plan(chain, plan, lambda arm: None, tmp_path / "outcomes.csv")
    assert [item.name for item in tmp_path.iterdir()] == ["plan.json"]


def test_what_evaluate_may_not_give(tmp_path, torch, chain):
    x = torch.randn(EXAMPLES, 3)
    target = arm("t1", "first", kind="target", units=[0], values=[0.0])
    plan = write_plan(tmp_path, plan_of(target))
    run = {"model": chain, "plan": plan, "output": tmp_path / "outcomes.csv"}
    out = lambda: chain.second(chain.first(x))  # noqa: E731
    for evaluate, sentence in [
        (lambda arm: out()[:3, 0], "arm 3f2a91c07b1d/intact: evaluate gave shape [3] for the outcome outcome, and the plan has 6 examples"),
        (lambda arm: out(), "evaluate gave shape [6, 2]"),
        (lambda arm: None, "evaluate gave None for the outcome outcome"),
        (lambda arm: out()[:, 0] / 0, "inf for example 0 of the plan"),
    ]:
        with pytest.raises(mirrorscope.PlanError, match=re.escape(sentence)):
            mirrorscope.run_plan(evaluate=evaluate, **run)
        assert [item.name for item in tmp_path.iterdir()] == ["plan.json"]
    with pytest.warns(mirrorscope.MirrorscopeNote), pytest.raises(mirrorscope.PlanError, match="layer first did not run while the arm was"):
        mirrorscope.run_plan(evaluate=lambda arm: [0] * EXAMPLES, overwrite=True, **run)
    write_plan(tmp_path, plan_of(target, primary_outcome="help"))
    with pytest.raises(mirrorscope.PlanError, match="the plan's primary outcome is help, but evaluate gave hlep"):
        mirrorscope.run_plan(evaluate=lambda arm: {"hlep": out()[:, 0]}, overwrite=True, **run)
    path = mirrorscope.run_plan(evaluate=lambda arm: out()[:, 0], **run)
    assert {outcome for _, _, outcome, _ in table(path)} == {"help"}


def test_a_model_in_training_mode(tmp_path, torch, chain):
    plan = write_plan(tmp_path, plan_of(arm("t1", "first", kind="target", units=[0], values=[0.0])))
    chain.second.train()
    with pytest.raises(mirrorscope.PlanError, match="its module second is in training mode, in which dropout and the like"):
        mirrorscope.run_plan(chain, plan, lambda arm: None, tmp_path / "outcomes.csv")
    with pytest.raises(mirrorscope.PlanError, match="the model is in training mode"):
        mirrorscope.run_plan(chain.train(), plan, lambda arm: None, tmp_path / "outcomes.csv")
    with pytest.raises(mirrorscope.PlanError, match="positions is 'mean'; it may be 'all' or 'last'"):
        mirrorscope.run_plan(chain.eval(), plan, lambda arm: None, tmp_path / "outcomes.csv", positions="mean")


@pytest.mark.filterwarnings("ignore::mirrorscope.MirrorscopeNote")
def test_whose_donors(tmp_path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4)).eval()
    x = torch.randn(40, 3)
    recording = recorded(tmp_path, model, ["0"], [x])
    plan = plan_of(arm("t1", "0", kind="target", units=[0], draw=1), donors=[[0] * EXAMPLES])
    plan = write_plan(tmp_path, plan, recording)

    def with_batch(places, rows=slice(0, 6)):
        def evaluate(arm):
            arm.batch(places)
            return model(x[rows])[:, 0]

        return evaluate

    def twice(arm):
        arm.batch(range(EXAMPLES))
        model(x[:6])
        return model(x[:6])[:, 0]

    def in_part(arm):
        arm.batch(range(EXAMPLES))
        model(x[:6])
        return model[0](x[:6])[:, 0]

    for evaluate, sentence in [
        (lambda arm: model(x[:6])[:, 0], "arm 3f2a91c07b1d/intact: the model runs, but whose donors its examples get was not said"),
        (twice, "arm 3f2a91c07b1d/intact: the model runs, but whose donors"),
        (with_batch([0, 1, 6]), "batch holds no examples, or others than 0 to 5"),
        (with_batch([]), "batch holds no examples"),
        (with_batch([-1]), "batch holds no examples, or others than 0 to 5"),
        (with_batch([0.5]), "batch takes the places of the examples in the plan, a list of integers."),
        (with_batch([True] * 6), "batch takes the places"),
        (with_batch(range(3)), "arm 3f2a91c07b1d/t1: layer 0 puts out shape [6, 4] for a batch of 3 examples"),
        (in_part, "arm 3f2a91c07b1d/t1: layer 0 ran outside a forward pass of the model, and whose donors"),
    ]:
        with pytest.raises(mirrorscope.PlanError, match=re.escape(sentence)):
            mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv", overwrite=True)
        assert hooks(model) == 0

    def held(arm):
        with arm.batch(range(EXAMPLES)):
            return model[0](x[:6])[:, 0]

    path = mirrorscope.run_plan(model, plan, held, tmp_path / "outcomes.csv", overwrite=True)
    assert (values_of(path) == float(stored(recording, "0")[0, 0])).all()


@pytest.mark.parametrize("how", [{"draw": 1}, {"values": [0.0]}], ids=["resample", "zero"])
def test_units_of_positions_are_no_channels(tmp_path, torch, networks, how):
    model = networks.Policy().eval()
    x = torch.randn(40, 3, 9, 9)
    recording = recorded(tmp_path, model, ["conv.1"], [x], convolution=[(0, 0), (1, 1)])
    plan = plan_of(arm("t1", "conv.1", kind="target", units=[0], **how), donors=[[0] * EXAMPLES])

    def evaluate(arm):
        arm.batch(range(EXAMPLES))
        return model(x[:6])[1]

    with (
        pytest.warns(mirrorscope.MirrorscopeNote),
        pytest.raises(mirrorscope.PlanError, match="has 8 units in the recording, but its module"),
    ):
        mirrorscope.run_plan(model, write_plan(tmp_path, plan, recording), evaluate, tmp_path / "outcomes.csv")
    with pytest.raises(mirrorscope.PlanError, match=r"nowhere\.h5 is not there; give the one of which the plan was made"):
        mirrorscope.run_plan(model, tmp_path / "plan.json", evaluate, tmp_path / "again.csv", recording=tmp_path / "nowhere.h5")


@pytest.mark.filterwarnings("ignore::mirrorscope.MirrorscopeNote")
def test_last_tokens_that_are_not_known(tmp_path, torch, networks):
    model = networks.Sequence().eval()
    ids = torch.randint(0, 20, (EXAMPLES, 4))
    plan = write_plan(tmp_path, plan_of(arm("t1", "embedding", kind="target", units=[0], values=[0.0])))
    for evaluate, sentence in [
        (lambda arm: model.embedding(ids)[:, 0, 0], "layer embedding ran outside a forward pass of the model, so that its last tokens"),
        (lambda arm: model(ids, torch.ones(EXAMPLES, 4, dtype=torch.long) * 0)[:, 0, 0], "attention_mask has no token in an example"),
    ]:
        with pytest.raises(mirrorscope.PlanError, match=sentence):
            mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv", positions="last", overwrite=True)


# Progress, and going on


def test_progress_on_standard_error(tmp_path, torch, chain, capsys):
    x = torch.randn(EXAMPLES, 3)
    plan = write_plan(tmp_path, plan_of(*[arm(f"r{number}", "first", units=[0], values=[float(number)]) for number in range(9)]))
    mirrorscope.run_plan(chain, plan, lambda arm: chain.second(chain.first(x))[:, 0], tmp_path / "a.csv")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r".*a\.csv: 10 of 10 arms, [0-9.e+]+ a second\n", shown.err)
    mirrorscope.run_plan(chain, plan, lambda arm: chain.second(chain.first(x))[:, 0], tmp_path / "b.csv", progress=False)
    assert capsys.readouterr().err == ""


def test_an_evaluation_that_fails_leaves_the_arms_before_it(tmp_path, torch, chain, capsys):
    x = torch.randn(EXAMPLES, 3)
    plan = write_plan(tmp_path, plan_of(*[arm(f"r{number}", "first", units=[0], values=[float(number)]) for number in range(9)]))
    output = tmp_path / "outcomes.csv"
    seen = []

    def evaluate(arm, fails=True):
        seen.append(arm.id.partition("/")[2])
        if fails and arm.id.endswith("r4"):
            raise KeyboardInterrupt
        return chain.second(chain.first(x))[:, 0]

    with pytest.warns(mirrorscope.MirrorscopeNote, match="holds 5 of 10 arms"), pytest.raises(KeyboardInterrupt):
        mirrorscope.run_plan(chain, plan, evaluate, output)
    assert hooks(chain) == 0
    other = write_plan(tmp_path, plan_of(seed=2))
    with pytest.raises(mirrorscope.PlanError, match="was left by a run of another plan than"):
        mirrorscope.run_plan(chain, other, evaluate, output)
    plan = write_plan(tmp_path, plan_of(*[arm(f"r{number}", "first", units=[0], values=[float(number)]) for number in range(9)]))
    with pytest.raises(mirrorscope.PlanError, match="was left by a run with other positions"):
        mirrorscope.run_plan(chain, plan, evaluate, output, positions="last")
    with torch.no_grad():
        chain.second.bias[1] += 1
        with pytest.raises(mirrorscope.PlanError, match="was left by a run of another model, or of the same with other weights"):
            mirrorscope.run_plan(chain, plan, evaluate, output)
        chain.second.bias[1] -= 1
    capsys.readouterr()
    del seen[:]
    mirrorscope.run_plan(chain, plan, lambda arm: evaluate(arm, fails=False), output)
    assert seen == [f"r{number}" for number in range(4, 9)]
    assert "goes on behind 5 of 10 arms of an earlier run" in capsys.readouterr().err
    mirrorscope.run_plan(chain, plan, lambda arm: evaluate(arm, fails=False), tmp_path / "whole.csv")
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    with pytest.raises(mirrorscope.PlanError, match="exists already; have it replaced with overwrite=True"):
        mirrorscope.run_plan(chain, plan, evaluate, output)


def test_no_hook_where_hooks_cannot_be_set(tmp_path, torch, chain, monkeypatch):
    plan = write_plan(tmp_path, plan_of(arm("t1", "first", kind="target", units=[0], values=[0.0])))

    def refuse(*_, **__):
        raise RuntimeError("no hooks here")

    monkeypatch.setattr(chain, "register_forward_pre_hook", refuse)
    with pytest.raises(RuntimeError, match="no hooks here"):
        mirrorscope.run_plan(chain, plan, lambda arm: None, tmp_path / "outcomes.csv")
    assert hooks(chain) == 0


# Kills

KILLED = """
import sys, time
import numpy as np
import torch
import mirrorscope

torch.manual_seed(1)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).eval()
x = torch.randn(300, 3)

def evaluate(arm):
    print(arm.id, flush=True)
    with torch.no_grad():
        out = model(x).double().numpy()
    return {"left": np.where(x[:, 0] > 0, out[:, 0], np.nan), "right": out[:, 1]}

mirrorscope.run_plan(model, sys.argv[1], evaluate, sys.argv[2], progress=False)
"""


def test_kills_at_random_change_nothing(tmp_path, torch):
    """A run is killed again and again, at random moments after its next arm has begun; the table is that of a run in one piece."""
    generator = np.random.default_rng(1)
    units = [sorted(generator.choice(8, 2, replace=False).tolist()) for _ in range(120)]
    examples = [{"example": f"scene, {row}", "rows": [row], "phase": None, "stratum": None, "pair": None} for row in range(300)]
    plan = plan_of(*[arm(f"t1/r{number}", "0", units=which, values=[0.1, number / 7]) for number, which in enumerate(units)])
    plan = write_plan(tmp_path, {**plan, "examples": examples, "recording": {**plan["recording"], "rows": 300}})
    environment = {**os.environ, "PYTHONPATH": os.path.join(os.path.dirname(__file__), "..", "src")}

    def start(output):
        return subprocess.Popen([sys.executable, "-c", KILLED, plan, output], stdout=subprocess.PIPE, env=environment, text=True)

    with start(tmp_path / "whole.csv") as process:
        assert len(process.stdout.readlines()) == 121
    output = tmp_path / "outcomes.csv"
    begun, starts = [], 0
    while not output.exists() and starts < 20:
        with start(output) as process:
            begun.append(process.stdout.readline())
            time.sleep(generator.uniform(0, 0.15))
            if starts < 5:
                process.send_signal(signal.SIGKILL)
            begun += process.stdout.readlines()
        starts += 1
    assert starts > 2
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    # Each kill costs at most the arm that was under way.
    assert len(begun) <= 121 + starts
    assert sorted(item.name for item in tmp_path.iterdir()) == ["outcomes.csv", "plan.json", "whole.csv"]
