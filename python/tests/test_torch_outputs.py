"""The tensor in what modules put out, taken out and put back."""

from __future__ import annotations

import collections
import dataclasses

import pytest

from mirrorscope.torch_outputs import with_tensor

pytestmark = pytest.mark.torch


@pytest.mark.transformers
def test_an_output_of_transformers_is_put_together_again(torch):
    from transformers.modeling_outputs import BaseModelOutputWithPast

    output = BaseModelOutputWithPast(last_hidden_state=torch.zeros(2, 3), hidden_states=(torch.ones(2, 3),))
    changed = with_tensor("a", output, lambda tensor: tensor + 1)
    assert type(changed) is type(output)
    assert (changed.last_hidden_state == 1).all() and (changed["last_hidden_state"] == 1).all() and (changed[0] == 1).all()
    assert changed.hidden_states is output.hidden_states
    assert (output.last_hidden_state == 0).all() and (output[0] == 0).all()


def test_outputs_are_put_together_again(torch):
    @dataclasses.dataclass(frozen=True)
    class Output:
        mask: torch.Tensor
        logits: torch.Tensor

    pair = collections.namedtuple("pair", ["first", "second"])
    x, flags = torch.zeros(2), torch.zeros(2) > 0
    outputs = {
        "tensor": x,
        "tuple": (flags, x, x),
        "named": pair(flags, x),
        "list": [None, (flags, [x])],
        "dictionary": {"a": torch.ones(1), "logits": x},
        "dataclass": Output(flags, x),
        "torch's own": torch.max(torch.zeros(2, 3), dim=0),
    }
    for name, output in outputs.items():
        found = []
        changed = with_tensor(name, output, lambda tensor: found.append(tensor) or tensor + 1)  # noqa: B023
        assert type(changed) is type(output)
        again = []
        with_tensor(name, changed, again.append)
        assert (again[0] == found[0] + 1).all()
        assert (found[0] == 0).all()
    assert with_tensor("dictionary", outputs["dictionary"], lambda tensor: tensor + 1)["a"] is outputs["dictionary"]["a"]
