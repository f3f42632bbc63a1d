"""Whole models of PyTorch and transformers, recorded and analysed."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import hooks, stored

import mirrorscope

pytestmark = pytest.mark.torch


@pytest.mark.programs
@pytest.mark.parametrize("rows", ["last", "mean", "all"])
def test_a_decoder_only_transformer(path, torch, networks, rows):
    model = networks.decoder()
    generator = torch.Generator().manual_seed(1)
    with (
        torch.no_grad(),
        mirrorscope.record(model, ["blocks.*", "blocks.*.linear1", "head"], path, rows=rows, dtype="bfloat16") as recording,
    ):
        for batch in range(6):
            length = torch.tensor([4, 7, 5])
            mask = (torch.arange(7) < length[:, None]).long()
            ids = torch.randint(0, 30, mask.shape, generator=generator)
            recording.rows(phase=["none", "self", "other"], pair=batch, stratum=batch, wording="plain" if batch % 2 else "blunt")
            model(input_ids=ids, attention_mask=mask)
    assert mirrorscope.validate(path) == []
    table = mirrorscope.analyse_rows("units", path, permutations=20, layers="blocks.1")
    assert len(table) == 16
    assert mirrorscope.analyse_rows("cmni", path, where="wording == plain")
    if rows == "all":
        assert mirrorscope.analyse_rows("cmni", path, where="from_end == -1")[0]["n_self"] == 6


@pytest.mark.programs
def test_ablation_of_a_recorded_chain(path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    torch.manual_seed(1)
    with mirrorscope.record(
        model,
        ["1", "3", "4"],
        path,
        weights={"1": "0", "3": "2", "4": "4"},
        outputs=["4"],
        actions=["hop", "jump", "leap", "help"],
    ) as recording:
        for batch in range(5):
            x = torch.randn(60, 6)
            item = np.arange(60) // 3 + 20 * batch
            recording.rows(
                phase=["none", "self", "other"] * 20,
                pair=item,
                stratum=item,
                split=item % 2,
                inputs=x,
                label=lambda output: output.argmax(-1),
                prediction=lambda output: output.argmax(-1),
            )
            model(x)
    assert mirrorscope.validate(path) == []
    assert mirrorscope.analyse_rows("ablate", path, top=2, controls=5, bootstrap=10, permutations=20)
    assert mirrorscope.analyse_rows("circuit", path, units="1:0,3", permutations=20)


@pytest.mark.programs
@pytest.mark.transformers
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_model_of_transformers(path, torch, side):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, **sizes)).eval()
    lengths = torch.tensor([3, 6, 4, 6])
    positions = torch.arange(6)
    mask = (positions >= 6 - lengths[:, None]) if side == "left" else (positions < lengths[:, None])
    ids = torch.randint(0, 50, (4, 6))
    patterns = ["model.layers.*", "model.layers.*.mlp", "model.layers.*.self_attn", "lm_head"]
    with torch.no_grad():
        # transformers leaves hooks of its own for this.
        expected = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
        before = hooks(model)
        with mirrorscope.record(model, patterns, path, outputs=["lm_head"]) as recording:
            recording.rows(phase=["none", "self", "other", "both"], pair=0)
            model(input_ids=ids, attention_mask=mask.long())
    last = 6 - 1 - mask.flip(1).int().argmax(dim=1)
    rows = torch.arange(4)
    assert np.array_equal(stored(path, "lm_head"), expected.logits[rows, last].numpy())
    assert np.array_equal(stored(path, "model.layers.0"), expected.hidden_states[1][rows, last].numpy())
    assert mirrorscope.validate(path) == []
    assert hooks(model) == before
