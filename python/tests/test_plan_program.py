"""From a recording through plan, run_plan and judge, with the programs."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import mirrorscope

pytestmark = [pytest.mark.torch, pytest.mark.programs, pytest.mark.plan]


def run(*arguments):
    done = subprocess.run([mirrorscope.find_program(), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def agent(torch):
    """A network whose units 0 to 2 rise for self and other, and make it help."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.ReLU(), torch.nn.Linear(12, 3)).eval()
    with torch.no_grad():
        model[0].weight[:3, :2] = 2.0
        model[2].weight[2, :3] = 1.0
    return model


@pytest.fixture
def scenes(torch):
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(240, 6, generator=generator)
    phase = np.arange(240) % 3
    x[:, 0] = torch.from_numpy(phase == 1)
    x[:, 1] = torch.from_numpy(phase == 2)
    return x, phase


@pytest.mark.parametrize("mode", ["zero", "mean", "mean:none", "resample", "direction"])
def test_a_plan_is_run_and_judged(tmp_path, torch, agent, scenes, mode):
    x, phase = scenes
    with torch.no_grad(), mirrorscope.record(agent, ["1"], tmp_path / "run.h5") as recording:
        recording.rows(phase=phase, stratum=np.arange(240) // 12)
        agent(x)
    arguments = ["--mode", mode, "--controls", "40", "--draws", "2" if mode == "resample" else "1", "--outcome", "help"]
    arguments += [] if mode == "direction" else ["--top", "3"]
    run("plan", tmp_path / "run.h5", *arguments, "--output", tmp_path / "plan.json")
    plan = mirrorscope.load_plan(tmp_path / "plan.json")
    assert plan.mode.partition(":")[0] == mode.partition(":")[0]
    places = [example.rows[0] for example in plan.examples]

    def evaluate(arm):
        arm.batch(range(len(places)))
        with torch.no_grad():
            out = agent(x[places])
        return {"help": out.softmax(-1)[:, 2], "value": torch.where(x[places, 2] > 0.3, out[:, 0], torch.nan)}

    path = mirrorscope.run_plan(agent, plan, evaluate, tmp_path / "outcomes.csv", progress=False)
    table = run("judge", tmp_path / "plan.json", path)
    header, *rows = [line.split(",") for line in table.splitlines()]
    effects = {row[header.index("outcome")]: float(row[header.index("effect")]) for row in rows if row[header.index("effect")]}
    assert set(effects) == {"help", "value"}
    if mode in ("zero", "mean:none"):
        # What judge calls the effect is what the model does.
        with torch.no_grad():
            hidden = agent[:2](x)
            target = next(arm for arm in plan.arms if arm.kind == "target")
            ablated = hidden[places].clone()
            ablated[:, list(target.units)] = torch.tensor(target.values, dtype=torch.float32)
            before, after = (agent[2](states).softmax(-1)[:, 2].double().mean() for states in (hidden[places], ablated))
        assert abs(abs(effects["help"]) - abs(float(after - before))) < 1e-6
