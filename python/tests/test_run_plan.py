"""Units of PyTorch models ablated as a plan says, against forward passes made by hand."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from plan_files import EXAMPLES, arm, close, plan_of, recorded, table, values_of, write_plan
from recordings import hooks, stored

import mirrorscope

pytestmark = pytest.mark.torch

# What takes the units' place


@pytest.mark.parametrize("values", [[0.0, 0.0], [0.25, -1.5]], ids=["zero", "mean"])
def test_values(tmp_path, torch, networks, values):
    class Chain(networks.TwoLayers):
        def forward(self, x):
            return self.second(torch.tanh(self.first(x)))

    model = Chain().eval()
    x = torch.randn(EXAMPLES, 3)
    plan = write_plan(tmp_path, plan_of(arm("t1", "first", kind="target", units=[2, 0], values=values)))
    seen = []

    def evaluate(arm):
        seen.append((arm.id, arm.kind, arm.layer, arm.units))
        return {"left": model(x)[:, 0], "right": model(x)[:, 1]}

    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv")
    hidden = model.first(x)
    hidden[:, 2], hidden[:, 0] = values
    expected = model.second(torch.tanh(hidden))
    assert [(name, example, outcome) for name, example, outcome, _ in table(path)] == [
        (name, str(example), outcome) for name in ("intact", "t1") for example in range(20, 26) for outcome in ("left", "right")
    ]
    assert close(values_of(path, "intact").reshape(EXAMPLES, 2), model(x))
    assert close(values_of(path).reshape(EXAMPLES, 2), expected)
    assert seen == [("3f2a91c07b1d/intact", "intact", None, ()), ("3f2a91c07b1d/t1", "target", "first", (2, 0))]
    assert hooks(model) == 0


def test_a_direction(tmp_path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)).eval()
    x = torch.randn(EXAMPLES, 3)
    d = torch.nn.functional.normalize(torch.randn(4, dtype=torch.float64), dim=0)
    plan = write_plan(tmp_path, plan_of(arm("t1", "0", kind="target", direction=d.tolist()), mode="direction"))
    path = mirrorscope.run_plan(model, plan, lambda arm: model(x)[:, 1], tmp_path / "outcomes.csv")
    hidden = model[0](x).double()
    expected = model[1]((hidden - (hidden @ d)[:, None] * d).float())[:, 1]
    assert close(values_of(path), expected)


@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16"])
def test_donors(tmp_path, torch, dtype):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).eval()
    x = torch.randn(40, 3)
    recording = recorded(tmp_path, model, ["1"], x.split(7), dtype=dtype)
    donors = [[0, 39, 5, 5, 12, 3], [1, 2, 3, 4, 5, 6]]
    arms = [arm(f"t1/d{draw}", "1", kind="target", units=[3, 1], draw=draw) for draw in (1, 2)]
    plan = write_plan(tmp_path, plan_of(*arms, mode="resample", draws=2, donors=donors), recording)
    order = [3, 1, 0, 2, 5, 4]

    def evaluate(arm):
        out = torch.empty(EXAMPLES, 2)
        for places in (order[:4], torch.tensor(order[4:])):
            arm.batch(places)
            out[places] = model(x[20:26][places])
        return out[:, 0]

    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv")
    hidden = model[:2](x)
    for draw, rows in enumerate(donors, 1):
        replaced = hidden[20:26].clone()
        replaced[:, [3, 1]] = torch.from_numpy(stored(recording, "1")).float()[rows][:, [3, 1]]
        assert close(values_of(path, f"t1/d{draw}"), model[2](replaced)[:, 0])
    assert close(values_of(path, "intact"), model(x[20:26])[:, 0])


def test_packed_numbers_of_a_recording(tmp_path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4)).eval()
    recording = tmp_path / "moved.h5"
    packed = np.arange(160, dtype="i2").reshape(40, 4)
    with h5py.File(recording, "w") as file:
        file["layers/0/activations"] = packed
        file["layers/0/activations"].attrs.update(scale_factor=0.5, add_offset=-3.0)
    donors = [[1, 2, 3, 4, 5, 39]]
    plan = write_plan(tmp_path, plan_of(arm("t1", "0", kind="target", units=[2], draw=1), donors=donors), recording)

    def evaluate(arm):
        with arm.batch(range(EXAMPLES)):
            return model(torch.randn(EXAMPLES, 3))[:, 2]

    with pytest.raises(mirrorscope.PlanError, match=r"run.h5, whose rows its arms take, is not there; say with recording= where it is"):
        mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv")
    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv", recording=recording)
    assert np.array_equal(values_of(path), packed[donors[0], 2] * 0.5 - 3)
    with h5py.File(recording, "a") as file:
        file.attrs["title"] = "another one"
    with pytest.raises(mirrorscope.PlanError, match=r"moved.h5 is not the recording of which the plan was made: it has another SHA-256"):
        mirrorscope.run_plan(model, plan, evaluate, tmp_path / "again.csv", recording=recording)


# Where units are


@pytest.mark.parametrize("what", ["values", "direction", "donors"])
@pytest.mark.parametrize("memory_format", ["contiguous_format", "channels_last"])
def test_channels_of_a_policy_are_ablated_as_a_whole(tmp_path, torch, networks, what, memory_format):
    model = networks.Policy().eval().to(memory_format=getattr(torch, memory_format))
    x = torch.randn(40, 3, 9, 9).to(memory_format=getattr(torch, memory_format))
    recording = recorded(tmp_path, model, ["conv.1"], [x])
    d = torch.nn.functional.normalize(torch.ones(4), dim=0)
    given = {
        "values": {"units": [1, 3], "values": [0.5, 0.0]},
        "direction": {"direction": d.tolist()},
        "donors": {"units": [1, 3], "draw": 1},
    }
    donors = [[0, 1, 2, 3, 4, 5]]
    plan = write_plan(tmp_path, plan_of(arm("t1", "conv.1", kind="target", **given[what]), donors=donors), recording)

    def evaluate(arm):
        arm.batch(range(EXAMPLES))
        return model(x[20:26])[0].softmax(-1)[:, 3]

    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv")
    maps = model.conv[:2](x)
    replaced = maps[20:26].clone()
    if what == "values":
        replaced[:, 1], replaced[:, 3] = 0.5, 0.0
    elif what == "donors":
        replaced[:, [1, 3]] = maps[:6].mean(dim=(2, 3))[:, [1, 3], None, None].expand(-1, -1, 7, 7)
    else:
        replaced = replaced - torch.einsum("nchw,c->nhw", replaced, d)[:, None] * d[:, None, None]
    expected = model.head(model.conv[2:](replaced).amax(dim=(2, 3))).softmax(-1)[:, 3]
    assert close(values_of(path), expected)


def test_channels_over_time_and_behind_functions(tmp_path, torch):
    nn = torch.nn
    model = nn.Sequential(nn.Conv1d(3, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(25, 2)).eval()
    x = torch.randn(EXAMPLES, 3, 6)
    for layer in ("0", "1"):
        plan = write_plan(tmp_path, plan_of(arm("t1", layer, kind="target", units=[4], values=[0.0])))
        path = mirrorscope.run_plan(model, plan, lambda arm: model(x)[:, 0], tmp_path / f"{layer}.csv")
        hidden = model[:2](x)
        hidden[:, 4] = 0
        assert close(values_of(path), model[2:](hidden)[:, 0])
    path = mirrorscope.run_plan(model, plan, lambda arm: model(x)[:, 0], tmp_path / "last.csv", channel_dim={"1": -1})
    hidden = model[:2](x)
    hidden[:, :, 4] = 0
    assert close(values_of(path), model[2:](hidden)[:, 0])


LEFT = [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 1, 1]]
RIGHT = [row[::-1] for row in LEFT]


@pytest.mark.parametrize("mask", [LEFT, RIGHT], ids=["left", "right"])
@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("given", ["to the model", "to batch"])
def test_tokens_with_padding_on_either_side(tmp_path, torch, networks, mask, positions, given):
    model = networks.Sequence().eval()
    mask = torch.tensor(mask)
    ids = torch.randint(0, 20, mask.shape)
    plan = write_plan(tmp_path, plan_of(arm("t1", "embedding", kind="target", units=[1, 4], values=[0.5, -2.0])))

    def states():
        return model(ids, mask) if given == "to the model" else model(ids).masked_fill(~mask.bool().unsqueeze(-1), torch.nan)

    def evaluate(arm):
        if given == "to batch":
            arm.batch(range(EXAMPLES), attention_mask=mask)
        found = states()
        return {f"{token}": found[:, token, 0] for token in range(5)}

    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv", positions=positions)
    hidden = model.embedding(ids)
    last = (torch.arange(5) * mask).argmax(dim=1)
    for example in range(EXAMPLES):
        for token in range(5):
            if positions == "all" or token == last[example]:
                hidden[example, token, [1, 4]] = torch.tensor([0.5, -2.0])
    expected = model.block(hidden)[..., 0]
    # What is padding has NaN here, and is not written.
    assert close(values_of(path), expected[mask.bool()])


@pytest.mark.transformers
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("mode", ["values", "resample"])
def test_a_decoder_of_transformers(tmp_path, torch, side, positions, mode):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, **sizes)).eval()
    lengths = torch.randint(2, 7, (40,))
    places = torch.arange(6)
    mask = ((places >= 6 - lengths[:, None]) if side == "left" else (places < lengths[:, None])).long()
    ids = torch.randint(0, 50, mask.shape)
    layer, units = "model.layers.1", [3, 17, 30]
    rows = torch.arange(40)
    last = (places * mask).argmax(dim=1)
    with torch.no_grad():
        recording = recorded(tmp_path, model, [layer], [{"input_ids": ids, "attention_mask": mask}])
        before = hooks(model)
        how = {"values": [0.0, 1.0, -1.0]} if mode == "values" else {"draw": 1}
        donors = [7, 3, 3, 0, 39, 21]
        plan = plan_of(arm("t1", layer, kind="target", units=units, **how), mode=mode, donors=[donors] if mode == "resample" else [])
        chosen = rows[20:26]

        def evaluate(arm):
            found = torch.empty(EXAMPLES)
            for part in (rows[:4], rows[4:6]):
                arm.batch(part)
                batch = chosen[part]
                logits = model(input_ids=ids[batch], attention_mask=mask[batch]).logits
                found[part] = logits[rows[: len(part)], last[batch]].log_softmax(-1)[:, 9]
            return {"logprob": found}

        path = mirrorscope.run_plan(model, write_plan(tmp_path, plan, recording), evaluate, tmp_path / "outcomes.csv", positions=positions)
        assert hooks(model) == before

        # By hand: the block's own forward gives the changed states.
        block = model.model.layers[1]
        original, forward = block.forward, type(block).forward
        replacement = torch.tensor([0.0, 1.0, -1.0]).expand(EXAMPLES, 3)
        if mode == "resample":
            replacement = torch.from_numpy(stored(recording, layer))[donors][:, units]

        def changed(*args, **kwargs):
            states = forward(block, *args, **kwargs)
            for example in range(EXAMPLES):
                tokens = range(6) if positions == "all" else [int(last[20 + example])]
                for token in tokens:
                    states[example, token, units] = replacement[example]
            return states

        block.forward = changed
        logits = model(input_ids=ids[20:26], attention_mask=mask[20:26]).logits
        block.forward = original
    expected = logits[rows[:6], last[20:26]].log_softmax(-1)[:, 9]
    assert close(values_of(path), expected)


@pytest.mark.transformers
@pytest.mark.parametrize("positions", ["all", "last"])
def test_generating(tmp_path, torch, positions):
    """Each new token is ablated, whether the model keeps what it has computed (and runs on that token alone) or begins anew."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, **sizes)).eval()
    mask = torch.tensor(LEFT)
    ids = torch.randint(3, 50, mask.shape)
    layer = "model.layers.0"
    recording = recorded(tmp_path, model, [layer], [{"input_ids": torch.randint(3, 50, (40, 5))}])
    plan = plan_of(arm("t1", layer, kind="target", units=list(range(16)), draw=1), donors=[[1, 9, 3, 4, 2, 8]])
    plan = write_plan(tmp_path, plan, recording)
    lengths = {"attention_mask": mask, "max_new_tokens": 3, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    seen = {}

    def evaluate(arm):
        with arm.batch(range(EXAMPLES)):
            texts = [model.generate(ids, use_cache=keeps, **lengths)[:, 5:] for keeps in (True, False)]
        assert positions == "last" or torch.equal(*texts)
        seen[arm.kind] = texts[0]
        return texts[0][:, -1]

    path = mirrorscope.run_plan(model, plan, evaluate, tmp_path / "outcomes.csv", positions=positions)
    assert not torch.equal(seen["intact"], seen["target"])
    assert values_of(path).tolist() == seen["target"][:, -1].tolist()

    def without_batch(arm):
        arm.batch(range(EXAMPLES))
        return model.generate(ids, **lengths)[:, -1]

    with pytest.raises(mirrorscope.PlanError, match="the model runs, but whose donors its examples get was not said"):
        mirrorscope.run_plan(model, plan, without_batch, tmp_path / "again.csv")


def test_tuples_and_dictionaries(tmp_path, torch, networks):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tuple = networks.Outputs.Tuple()
            self.dictionary = networks.Outputs.Dictionary()

        def forward(self, x):
            nothing, (first, second) = self.tuple(x)
            assert nothing is None
            return self.dictionary(first)["last_hidden_state"] + 10 * second

    model = Model().eval()
    x = torch.randn(EXAMPLES, 3)
    arms = [arm("t1", "tuple", kind="target", units=[1], values=[7.0]), arm("t1/r1", "dictionary", units=[1], values=[7.0])]
    path = mirrorscope.run_plan(model, write_plan(tmp_path, plan_of(*arms)), lambda arm: model(x)[:, 1], tmp_path / "outcomes.csv")
    assert close(values_of(path), 7 + 4 + 10 * (x[:, 1] + 2))
    assert close(values_of(path, "t1/r1"), 7 + 10 * (x[:, 1] + 2))


# What stays as it is


def test_a_layer_that_runs_twice_is_ablated_each_time(tmp_path, torch, networks):
    model = networks.Twice().eval()
    x = torch.randn(EXAMPLES, 3)
    plan = write_plan(tmp_path, plan_of(arm("t1", "shared", kind="target", units=[0], values=[2.0])))
    path = mirrorscope.run_plan(model, plan, lambda arm: model(x)[:, 0], tmp_path / "outcomes.csv")
    hidden = model.shared(x)
    hidden[:, 0] = 2
    hidden = model.shared(hidden)
    hidden[:, 0] = 2
    assert close(values_of(path), model.head(hidden)[:, 0])


@pytest.mark.parametrize("mode", ["grad", "no_grad", "inference"])
def test_the_modules_own_tensor_is_not_changed(tmp_path, torch, mode):
    class Keeping(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = torch.nn.Linear(3, 4)

        def forward(self, x):
            # Of expanded tensors, too, whose numbers share memory.
            self.kept = self.dense(x[:1]).expand(len(x), 4)
            return self.kept

    model = torch.nn.Sequential(Keeping()).eval()
    x = torch.randn(EXAMPLES, 3)
    d = [0.6, 0.8, 0, 0]
    arms = [arm("t1", "0", kind="target", units=[0, 2], values=[9.0, 9.0]), arm("t1/r1", "0", direction=d)]
    context = {"grad": torch.enable_grad, "no_grad": torch.no_grad, "inference": torch.inference_mode}[mode]

    def evaluate(arm):
        with context():
            out = model(x)
            assert torch.equal(model[0].kept, model[0].dense(x[:1]).expand(EXAMPLES, 4))
            if mode == "grad":
                out.sum().backward()
        return out[:, 2]

    path = mirrorscope.run_plan(model, write_plan(tmp_path, plan_of(*arms)), evaluate, tmp_path / "outcomes.csv")
    assert (values_of(path) == 9).all()


def test_gradients_pass_by_ablated_units(tmp_path, torch, chain):
    x = torch.randn(EXAMPLES, 3)
    plan = write_plan(tmp_path, plan_of(arm("t1", "first", kind="target", units=[1], values=[0.0])))

    def evaluate(arm):
        chain.zero_grad()
        out = chain.second(chain.first(x))
        out.sum().backward()
        gradient = chain.first.weight.grad
        assert (gradient[1] == 0).all() == (arm.kind == "target")
        return out[:, 0]

    mirrorscope.run_plan(chain, plan, evaluate, tmp_path / "outcomes.csv")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_take_the_layers_type(tmp_path, torch, dtype):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4)).eval().to(getattr(torch, dtype))
    x = torch.randn(EXAMPLES, 3, dtype=getattr(torch, dtype))
    arms = [arm("t1", "0", kind="target", units=[0], values=[0.1]), arm("t1/r1", "0", direction=[1.0, 0.0, 0.0, 0.0])]

    def evaluate(arm):
        out = model(x)
        assert out.dtype == x.dtype
        return out[:, 0]

    path = mirrorscope.run_plan(model, write_plan(tmp_path, plan_of(*arms)), evaluate, tmp_path / "outcomes.csv")
    assert (values_of(path) == float(torch.tensor(0.1, dtype=x.dtype))).all()
    assert (values_of(path, "t1/r1") == 0).all()
    if dtype == "float16":
        plan = write_plan(tmp_path, plan_of(arm("t1", "0", kind="target", units=[0], values=[1e6])))
        with (
            pytest.warns(mirrorscope.MirrorscopeNote),
            pytest.raises(mirrorscope.PlanError, match=r"layer 0 is torch.float16, which does not hold the numbers"),
        ):
            mirrorscope.run_plan(model, plan, evaluate, tmp_path / "again.csv")
