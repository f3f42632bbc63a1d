"""From what layers of PyTorch put out to rows: tuples, convolutions, tokens and padding."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest
from recordings import column, hooks, stored

import mirrorscope

pytestmark = pytest.mark.torch


def test_tuples_and_dictionaries(path, torch, networks):
    model = networks.Outputs()
    x = torch.randn(2, 3)
    with mirrorscope.record(model, ["tuple", "dictionary"], path) as recording:
        recording.rows(phase="self")
        model(x)
    assert np.array_equal(stored(path, "tuple"), (x + 1).numpy())
    assert np.array_equal(stored(path, "dictionary"), (x + 4).numpy())


def test_a_model_output_of_a_dataclass(torch):
    import dataclasses

    from mirrorscope.torch_outputs import tensor_of

    @dataclasses.dataclass
    class Output:
        loss: torch.Tensor | None
        hidden_states: tuple[torch.Tensor, ...]
        logits: torch.Tensor

    logits = torch.ones(1, 2)
    assert tensor_of("head", Output(None, (torch.zeros(1, 2),), logits)) is logits


def test_a_layer_without_a_tensor_of_floats(path, torch, networks):
    model = networks.Outputs()
    with pytest.raises(mirrorscope.RecordingError, match="layer flags puts out tuple, in which there is no tensor of floats"):
        with mirrorscope.record(model, ["*"], path) as recording:
            recording.rows(phase="self")
            model(torch.randn(2, 3))


@pytest.mark.parametrize("convolution", ["mean", "max", [(0, 0), (-1, 2)]])
def test_convolutions(path, torch, networks, convolution):
    model = networks.Policy()
    x = torch.randn(6, 3, 9, 9)
    with mirrorscope.record(model, ["conv.*", "head"], path, convolution=convolution) as recording:
        recording.rows(phase="self", prediction=lambda output: output[0].argmax(-1))
        model(x)
    maps = model.conv(x).detach()
    expected = {
        "mean": lambda: maps.mean(dim=(2, 3)),
        "max": lambda: maps.amax(dim=(2, 3)),
    }.get(convolution if isinstance(convolution, str) else "", lambda: torch.cat([maps[:, :, 0, 0], maps[:, :, -1, 2]], dim=1))()
    assert np.allclose(stored(path, "conv.3"), expected.numpy(), rtol=1e-6, atol=0)
    with h5py.File(path) as file:
        assert file["layers/conv.0"].attrs["kind"] == "conv2d"
        assert file["layers/conv.3"].attrs["activation_function"] == "relu"


def test_a_leaky_relu_says_its_slope(path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LeakyReLU(0.25))
    with mirrorscope.record(model, ["1"], path, outputs=["1"]) as recording:
        recording.rows(phase="self")
        model(torch.randn(2, 3))
    with h5py.File(path) as file:
        assert file["layers/1"].attrs["activation_function"] == "leaky_relu(0.25)"


def test_a_position_outside_the_map(path, torch, networks):
    model = networks.Policy()
    with pytest.raises(mirrorscope.RecordingError, match=r"position \(7, 0\) does not lie in layer conv.0, whose maps are 7 × 7"):
        with mirrorscope.record(model, ["conv.0"], path, convolution=[(7, 0)]) as recording:
            recording.rows(phase="self")
            model(torch.randn(1, 3, 9, 9))


def test_a_convolution_over_time_has_its_channels_first(path, torch):
    model = torch.nn.Sequential(torch.nn.Conv1d(3, 4, 2), torch.nn.Flatten())
    x = torch.randn(5, 3, 6)
    with mirrorscope.record(model, ["0"], path, convolution="max") as recording:
        recording.rows(phase="self")
        model(x)
    assert np.array_equal(stored(path, "0"), model[0](x).amax(dim=2).detach().numpy())


# Tokens

LEFT = [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]]
RIGHT = [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]]


@pytest.mark.parametrize("mask", [LEFT, RIGHT], ids=["left", "right"])
@pytest.mark.parametrize("given", ["to rows", "to the model"])
def test_padding_on_either_side(tmp_path, torch, networks, mask, given):
    model = networks.Sequence()
    mask = torch.tensor(mask)
    ids = torch.randint(0, 20, mask.shape)
    states = model(ids, mask).detach()
    kept = [states[example][mask[example].bool()] for example in range(3)]
    expected = {
        "last": torch.stack([tokens[-1] for tokens in kept]),
        "mean": torch.stack([tokens.mean(dim=0) for tokens in kept]),
        "all": torch.cat(kept),
    }
    for rows, tensor in expected.items():
        path = tmp_path / f"{rows}.h5"
        with mirrorscope.record(model, ["block"], path, rows=rows) as recording:
            # Two batches, so that examples are counted on.
            for _ in range(2):
                if given == "to rows":
                    recording.rows(phase=["none", "self", "other"], wording=["a", "b", "c"], attention_mask=mask.tolist())
                    model(ids, mask)
                else:
                    recording.rows(phase=["none", "self", "other"], wording=["a", "b", "c"])
                    model(input_ids=ids, attention_mask=mask)
        assert np.allclose(stored(path, "block"), torch.cat([tensor, tensor]).numpy(), rtol=1e-5, atol=1e-6)
        if rows != "mean":
            assert np.array_equal(stored(path, "block")[: len(tensor)], tensor.numpy())
    path = tmp_path / "all.h5"
    assert column(path, "example") == [0] * 3 + [1] * 5 + [2] + [3] * 3 + [4] * 5 + [5]
    assert column(path, "position") == [0, 1, 2, 0, 1, 2, 3, 4, 0] * 2
    assert column(path, "from_end") == [-3, -2, -1, -5, -4, -3, -2, -1, -1] * 2
    assert column(path, "token") == ids[mask.bool()].tolist() * 2
    assert column(path, "wording") == (["a"] * 3 + ["b"] * 5 + ["c"]) * 2


def test_without_a_mask_every_position_is_a_token(tmp_path, torch, networks):
    model = networks.Sequence()
    ids = torch.randint(0, 20, (2, 4))
    states = model(ids).detach()
    expected = {"last": states[:, -1], "mean": states.mean(dim=1), "all": states.flatten(0, 1), "function": states[:, 1:3].flatten(0, 1)}
    for name, tensor in expected.items():
        rule = (lambda values, mask: values[:, 1:3].flatten(0, 1)) if name == "function" else name
        path = tmp_path / f"{name}.h5"
        with mirrorscope.record(model, ["block"], path, rows=rule) as recording:
            phase = [0, 1, 2, 0] if name == "function" else [0, 1]
            recording.rows(phase=phase)
            model(ids)
        assert np.array_equal(stored(path, "block"), tensor.numpy())


def test_columns_of_tokens(path, torch, networks):
    model = networks.Sequence()
    mask = torch.tensor([[0, 1, 1], [1, 1, 1]])
    tokens = [["<pad>", "I", "hurt"], ["she", "hurts", "."]]
    with mirrorscope.record(model, ["block"], path, rows="all") as recording:
        recording.rows(phase=np.array([[0, 1, 1], [2, 2, 0]]), tokens=np.array(tokens), attention_mask=mask)
        model(torch.randint(0, 20, (2, 3)))
    with h5py.File(path) as file:
        assert file["phase"][:].tolist() == [1, 1, 2, 2, 0]
    assert column(path, "token") == ["I", "hurt", "she", "hurts", "."]


@pytest.mark.parametrize(
    ("announced", "rule", "sentence"),
    [
        ({"attention_mask": [[1, 1, 1]]}, "last", "layer block has 2 examples of 3 tokens, but attention_mask is [1, 3]"),
        ({"attention_mask": [[1, 1, 1], [0, 0, 0]]}, "last", "attention_mask has no token in example 1 of the batch"),
        ({"attention_mask": [1, 1, 1]}, "last", "attention_mask has shape [3]; give [examples, tokens]"),
        ({"tokens": [[1, 2]]}, "all", "tokens have shape [1, 2]; give [examples, tokens], here [2, 3]."),
        ({"tokens": [[1, 2, 3], [1]]}, "all", "tokens are not as many in each example; give [examples, tokens]"),
        ({"attention_mask": [[1, 1, 1], [1]]}, "last", "attention_mask is no table of numbers; give [examples, tokens]"),
        ({"attention_mask": "111"}, "last", "attention_mask is no table of numbers"),
        ({"position": 3}, "all", "the column position is made here; give yours another name."),
        (
            {},
            lambda values, mask: values,
            "the function for rows gave shape [2, 3, 5] for layer block; it has to give a tensor [rows, units].",
        ),
    ],
)
def test_bad_tokens(path, torch, networks, announced, rule, sentence):
    model = networks.Sequence()
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)):
        with mirrorscope.record(model, ["block"], path, rows=rule) as recording:
            recording.rows(phase="self", **announced)
            model(torch.randint(0, 20, (2, 3)))


# What could be rows of something else


@pytest.mark.parametrize("way", ["in order", "dictionary", "inside forward", "inside forward in order"])
def test_the_mask_that_the_model_is_called_with_counts_however_it_is_given(path, torch, networks, way):
    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = networks.Sequence()

        def forward(self, features):
            return self.inner(features["input_ids"], features["attention_mask"])

    model = Features() if way == "dictionary" else networks.Sequence()
    layer = "inner.block" if way == "dictionary" else "block"
    ids, mask = torch.randint(0, 20, (3, 5)), torch.tensor(RIGHT)
    with mirrorscope.record(model, [layer], path) as recording:
        if way.startswith("inside"):
            with recording.forward(phase="self"):
                states = model(ids, mask) if way.endswith("order") else model(input_ids=ids, attention_mask=mask)
        else:
            recording.rows(phase="self")
            states = model({"input_ids": ids, "attention_mask": mask}) if way == "dictionary" else model(ids, mask)
    expected = torch.stack([states[0, 2], states[1, 4], states[2, 0]])
    assert np.array_equal(stored(path, layer), expected.detach().numpy())


def test_calls_inside_forward_have_a_mask_each(path, torch, networks):
    model = networks.Sequence()
    ids = torch.randint(0, 20, (3, 5))
    with mirrorscope.record(model, ["block"], path, calls="each") as recording, recording.forward(phase="self"):
        states = torch.cat([model(ids, torch.tensor(RIGHT)), model(ids, torch.tensor(LEFT))])
    expected = states[torch.arange(6), torch.tensor([2, 4, 0, 4, 4, 4])]
    assert np.array_equal(stored(path, "block"), expected.detach().numpy())


def test_calls_inside_forward_with_other_tokens_have_no_rows_of_tokens(path, torch, networks):
    model = networks.Sequence()
    with pytest.raises(mirrorscope.RecordingError, match="called with different masks or tokens in one forward pass"):
        with mirrorscope.record(model, ["block"], path, calls="each", rows="all") as recording, recording.forward(phase="self"):
            model(torch.zeros(2, 3, dtype=torch.long))
            model(torch.ones(2, 3, dtype=torch.long))


@pytest.mark.parametrize("rows", ["last", "mean", "all"])
def test_the_mask_of_an_encoder_is_not_taken_for_the_decoders(tmp_path, torch, networks, rows):
    class Translator(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder = networks.Sequence()

        def forward(self, input_ids, attention_mask, decoder_input_ids):
            return self.decoder(decoder_input_ids)

    model = Translator()
    ids, others, mask = torch.tensor([[1, 2, 0]]), torch.tensor([[3, 4, 5]]), torch.tensor([[1, 1, 0]])
    with pytest.raises(mirrorscope.RecordingError, match="the model has an encoder and a decoder"):
        with mirrorscope.record(model, ["decoder.block"], tmp_path / "refused.h5", rows=rows) as recording:
            recording.rows(phase="self")
            model(ids, mask, decoder_input_ids=others)
    path = tmp_path / "said.h5"
    with mirrorscope.record(model, ["decoder.block"], path, rows=rows) as recording:
        recording.rows(phase="self", attention_mask=[[1, 1, 1]], tokens=others)
        states = model(ids, mask, decoder_input_ids=others).detach()
    expected = {"last": states[:, -1], "mean": states.mean(dim=1), "all": states[0]}[rows]
    assert np.allclose(stored(path, "decoder.block"), expected.numpy(), atol=1e-6)
    assert rows != "all" or column(path, "token") == [3, 4, 5]


def test_a_mask_with_a_hole(path, torch, networks):
    model = networks.Sequence()
    ids, mask = torch.randint(0, 20, (2, 4)), torch.tensor([[1, 0, 1, 0], [0, 1, 1, 1]])
    with mirrorscope.record(model, ["block"], path) as recording:
        recording.rows(phase="self")
        states = model(ids, mask)
    assert np.array_equal(stored(path, "block"), states[torch.arange(2), torch.tensor([2, 3])].detach().numpy())


def test_what_functions_make_of_a_convolution_over_time_has_its_channels_first(path, torch):
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv1d(3, 4, 2), nn.BatchNorm1d(4), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(), nn.Linear(20, 2)
    ).eval()
    x = torch.randn(5, 3, 6)
    with torch.inference_mode(), mirrorscope.record(model, ["2", "3"], path) as recording:
        recording.rows(phase="self")
        model(x)
    expected = model[:3](x).mean(dim=2).detach().numpy()
    assert np.allclose(stored(path, "2"), expected, atol=1e-6)
    assert np.allclose(stored(path, "3"), expected, atol=1e-6)
    assert hooks(model) == 0


def test_tokens_stay_tokens_in_a_model_that_has_a_convolution(path, torch):
    class Listener(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(3, 4, 2)
            self.dense = torch.nn.Linear(4, 6)
            self.act = torch.nn.ReLU()

        def forward(self, x):
            return self.act(self.dense(self.act(self.conv(x)).transpose(1, 2)))

    model = Listener()
    x = torch.randn(5, 3, 6)
    with mirrorscope.record(model, ["act"], path, calls="last") as recording:
        recording.rows(phase="self")
        states = model(x)
    assert np.array_equal(stored(path, "act"), states[:, -1].detach().numpy())


def test_a_function_behind_a_convolution_over_time_leaves_no_mark(tmp_path, torch):
    """Its result has as many channels as the convolution, or as many tokens: that has to be said."""

    class Convolved(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(3, 4, 2)
            self.act = torch.nn.Identity()

        def forward(self, x):
            return self.act(torch.relu(self.conv(x)))

    model = Convolved().eval()
    x = torch.randn(5, 3, 6)
    sentence = r"layer act puts out shape \[5, 4, 5\], which may be 4 channels, as a convolution before it has, or tokens; say where"
    with pytest.raises(mirrorscope.RecordingError, match=sentence):
        with mirrorscope.record(model, ["act"], tmp_path / "refused.h5") as recording:
            recording.rows(phase="self")
            model(x)
    expected = {1: lambda values: values.mean(dim=2), -1: lambda values: values[:, -1]}
    for dimension, rows in expected.items():
        path = tmp_path / f"{dimension}.h5"
        with mirrorscope.record(model, ["act"], path, channel_dim={"act": dimension}) as recording:
            recording.rows(phase="self")
            values = model(x)
        assert np.allclose(stored(path, "act"), rows(values).detach().numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"frist": 1}, "channel_dim names frist, which is no module of the model."),
        (0, "channel_dim is 0 for layer first, which puts out shape [2, 4]; give a dimension behind the examples'."),
        (2, "channel_dim is 2 for layer first"),
    ],
)
def test_channels_that_are_not_there(path, torch, networks, given, sentence):
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)):
        with mirrorscope.record(networks.InPlace(), ["first"], path, channel_dim=given) as recording:
            recording.rows(phase="self")
            recording._model(torch.randn(2, 3))


def test_units_behind_the_positions_of_a_map(path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4))
    x = torch.randn(2, 5, 6, 3)
    with mirrorscope.record(model, ["0"], path, channel_dim=-1) as recording:
        recording.rows(phase="self")
        values = model(x)
    assert np.allclose(stored(path, "0"), values.mean(dim=(1, 2)).detach().numpy(), atol=1e-6)


def test_rows_that_may_be_something_else_are_refused(tmp_path, torch):
    nn = torch.nn
    flat = nn.Sequential(nn.Flatten(0, 1), nn.Linear(3, 4))
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(2, 4, 3), [4, 2], batch_first=True)
    cases = {
        "no dimension is that of the examples": (nn.Sequential(nn.Linear(3, 4)), torch.randn(3), {}),
        r"\[4, 7, 7\], in which no dimension": (nn.Sequential(nn.Conv2d(3, 4, 3)), torch.randn(3, 9, 9), {}),
        "units last, which are no channels": (nn.Sequential(nn.Linear(3, 4)), torch.randn(2, 5, 6, 3), {}),
        "layer 0 puts out tokens first": (nn.Sequential(nn.LSTM(3, 4)), torch.randn(2, 2, 3), {}),
        "layer 0 puts out tokens first, then": (nn.Sequential(nn.TransformerEncoderLayer(4, 2, 8)), torch.randn(2, 2, 4), {}),
        "layer 0 puts out a packed sequence": (nn.Sequential(nn.LSTM(3, 4)), packed, {}),
        "has 8 rows for 2 examples": (flat, torch.randn(2, 4, 3), {"attention_mask": [[1, 1, 0, 0], [1] * 4]}),
        "other numbers than 0 and 1": (flat, torch.randn(2, 4, 3), {"attention_mask": [[0, 0, -1e9, -1e9], [0.0] * 4]}),
    }
    for number, (sentence, (model, x, announced)) in enumerate(cases.items()):
        layer = "1" if model is flat else "0"
        with pytest.raises(mirrorscope.RecordingError, match=sentence):
            with mirrorscope.record(model, [layer], tmp_path / f"{number}.h5") as recording:
                recording.rows(phase="self", **announced)
                model(x)
    assert list(tmp_path.iterdir()) == []
