"""Recorded activations are those that nnsight, an independent library, sees: the same bits."""

from __future__ import annotations

import pytest
from recordings import stored

import mirrorscope

pytestmark = [pytest.mark.torch, pytest.mark.transformers]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_activations_are_those_of_nnsight(path, torch, dtype, side):
    nnsight = pytest.importorskip("nnsight", reason="needs nnsight: pip install nnsight")
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(n_layer=2, n_embd=32, n_head=2, vocab_size=50)).eval().to(getattr(torch, dtype))
    lengths = torch.tensor([3, 7, 5, 1])
    places = torch.arange(7)
    mask = ((places >= 7 - lengths[:, None]) if side == "left" else (places < lengths[:, None])).long()
    ids = torch.randint(0, 50, mask.shape)
    layers = ["transformer.h.0.mlp.act", "transformer.h.0.attn", "transformer.h.1", "lm_head"]
    with torch.no_grad():
        with mirrorscope.record(model, layers, path, rows="all") as recording:
            recording.rows(phase="self")
            model(input_ids=ids, attention_mask=mask)
        traced = nnsight.NNsight(model)
        with traced.trace(input_ids=ids, attention_mask=mask):
            attended = traced.transformer.h[0].attn.output.save()
            hidden = traced.transformer.h[0].mlp.act.output.save()
            block = traced.transformer.h[1].output.save()
            logits = traced.lm_head.output.save()
    outputs = [hidden, attended, block, logits]
    for layer, output in zip(layers, outputs, strict=True):
        tensor = output if isinstance(output, torch.Tensor) else output[0]
        expected = tensor[mask.bool()].float().numpy()
        assert stored(path, layer).tobytes() == expected.tobytes()
