"""Layers of PyTorch models: what reaches the recording, and what is refused."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest
from recordings import column, hooks, stored

import mirrorscope

pytestmark = pytest.mark.torch


def test_what_changes_a_layers_output_in_place_does_not_reach_the_recording(path, torch, networks):
    model = networks.InPlace()
    x = torch.randn(6, 3)
    expected = model.first(x).detach().numpy().copy()
    with mirrorscope.record(model, ["first", "second"], path) as recording:
        recording.rows(phase=[0, 1, 2] * 2)
        output = model(x)
    assert (expected < 0).any()
    assert stored(path, "first").tobytes() == expected.tobytes()
    assert stored(path, "second").tobytes() == output.detach().numpy().tobytes()
    assert hooks(model) == 0


@pytest.mark.parametrize("mode", ["grad", "no_grad", "inference"])
def test_gradients_are_left_alone(path, torch, networks, mode):
    model = networks.InPlace()
    x = torch.randn(6, 3, requires_grad=mode == "grad")
    context = {"grad": torch.enable_grad, "no_grad": torch.no_grad, "inference": torch.inference_mode}[mode]
    with mirrorscope.record(model, ["*"], path) as recording, context():
        recording.rows(phase="self")
        output = model(x)
        if mode == "grad":
            output.sum().backward()
            assert x.grad is not None
    assert len(stored(path, "first")) == 6


def test_batches_are_written_as_they_come(path, torch, networks):
    model = networks.InPlace()
    batches = [torch.randn(rows, 3) for rows in (5, 7, 1)]
    with mirrorscope.record(model, ["second"], path) as recording:
        for index, batch in enumerate(batches):
            recording.rows(phase="other", episode=index, prediction=lambda output: output.argmax(-1))
            model(batch)
            assert recording.row_count == sum(map(len, batches[: index + 1]))
    expected = torch.cat([model(batch) for batch in batches]).detach().numpy()
    assert stored(path, "second").tobytes() == expected.tobytes()
    assert column(path, "episode") == [0] * 5 + [1] * 7 + [2]
    with h5py.File(path) as file:
        assert np.array_equal(file["prediction"], expected.argmax(axis=1))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_type_that_is_asked_for(path, torch, networks, dtype):
    model = networks.InPlace()
    x = torch.randn(50, 3)
    with mirrorscope.record(model, ["second"], path, dtype=dtype) as recording:
        recording.rows(phase="self")
        output = model(x)
    expected = output.detach().to(getattr(torch, dtype))
    assert np.array_equal(stored(path, "second"), expected.to(torch.float64 if dtype == "float64" else torch.float32).numpy())


def test_a_models_own_type_is_kept(path, torch, networks):
    model = networks.InPlace().to(torch.bfloat16)
    x = torch.randn(50, 3, dtype=torch.bfloat16)
    with mirrorscope.record(model, ["second"], path) as recording:
        recording.rows(phase="self")
        output = model(x)
    with h5py.File(path) as file:
        assert file["layers/second/activations"][:].tobytes() == output.view(torch.int16).numpy().tobytes()


def test_under_autocast(path, torch, networks):
    model = networks.InPlace()
    with mirrorscope.record(model, ["second"], path) as recording, torch.autocast("cpu", dtype=torch.bfloat16):
        recording.rows(phase="self")
        output = model(torch.randn(5, 3))
    assert output.dtype == torch.bfloat16
    assert np.array_equal(stored(path, "second"), output.float().detach().numpy())


def test_layers_are_numbered_as_they_run(path, torch):
    class Backwards(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.last = torch.nn.Linear(3, 2)
            self.first = torch.nn.Linear(3, 3)

        def forward(self, x):
            return self.last(self.first(x))

    model = Backwards()
    with mirrorscope.record(model, ["*"], path, outputs=["last"]) as recording:
        recording.rows(phase="self")
        model(torch.randn(2, 3))
    with h5py.File(path) as file:
        assert file["layers/first"].attrs["layer_index"] == 0
        assert file["layers/last"].attrs["layer_index"] == 1
        assert file["layers/last"].attrs["is_output"] == 1
        assert file["layers/first"].attrs["kind"] == "dense"


# Calls


def test_a_layer_that_runs_twice_is_refused(path, torch, networks):
    model = networks.Twice()
    with pytest.raises(mirrorscope.RecordingError, match="layer shared ran twice in one forward pass; say which counts with calls="):
        with mirrorscope.record(model, ["*"], path) as recording:
            recording.rows(phase="self")
            model(torch.randn(4, 3))
    assert hooks(model) == 0
    assert list(path.parent.iterdir()) == []


def test_the_call_that_is_asked_for(tmp_path, torch, networks):
    model = networks.Twice()
    x = torch.randn(4, 3)
    once = model.shared(x)
    expected = {"first": once, "last": model.shared(once)}
    for calls, tensor in expected.items():
        path = tmp_path / f"{calls}.h5"
        with mirrorscope.record(model, ["*"], path, calls=calls) as recording:
            recording.rows(phase="self")
            model(x)
        assert stored(path, "shared").tobytes() == tensor.detach().numpy().tobytes()


def test_each_call_has_its_rows(path, torch, networks):
    model = networks.Twice()
    x = torch.randn(4, 3)
    once = model.shared(x)
    with mirrorscope.record(model, ["shared"], path, calls="each") as recording:
        recording.rows(phase=["none", "self", "other", "both"], item=[5, 6, 7, 8])
        model(x)
    expected = torch.cat([once, model.shared(once)]).detach().numpy()
    assert stored(path, "shared").tobytes() == expected.tobytes()
    assert column(path, "call") == [0] * 4 + [1] * 4
    assert column(path, "item") == [5, 6, 7, 8] * 2


def test_layers_that_run_different_numbers_of_times(path, torch, networks):
    model = networks.Twice()
    with pytest.raises(mirrorscope.RecordingError, match="layer head has 1 calls in the forward pass but layer shared has 2"):
        with mirrorscope.record(model, ["*"], path, calls="each") as recording:
            recording.rows(phase="self")
            model(torch.randn(4, 3))


def test_calls_with_different_numbers_of_rows(path, torch, networks):
    model = networks.InPlace()
    with pytest.raises(mirrorscope.RecordingError, match="layer first has 4, 2 rows in the calls of a forward pass"):
        with mirrorscope.record(model, ["first"], path, calls="each") as recording, recording.forward(phase="self", item=[0, 1, 2]):
            model(torch.randn(4, 3))
            model(torch.randn(2, 3))


def test_weights_that_are_kept_the_other_way_round(path, torch):
    """As GPT-2's are: those of a square layer would fit either way."""

    class Conv1D(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(4, 4))
            self.bias = torch.nn.Parameter(torch.randn(4))

        def forward(self, x):
            return x @ self.weight + self.bias

    model = torch.nn.Sequential(Conv1D(), torch.nn.Identity())
    x = torch.randn(6, 4)
    with mirrorscope.record(model, ["1"], path, weights={"1": "0"}) as recording:
        recording.rows(phase="self")
        model(x)
    with h5py.File(path) as file:
        layer = file["layers/1"]
        assert layer.attrs["kernel_layout"] == "input,unit"
        assert np.allclose(x.numpy() @ layer["kernel"][:] + layer["bias"][:], layer["activations"], atol=1e-5)


# Errors


@pytest.mark.programs
def test_an_exception_leaves_no_hook_and_the_rows_before_it(path, torch, networks):
    model = networks.Failing()
    x = torch.rand(5, 3)

    def use():
        with mirrorscope.record(model, ["*"], path) as recording:
            for batch in (x, x + 1, -x):
                recording.rows(phase="self", pair=np.arange(5))
                model(batch)

    with pytest.warns(mirrorscope.MirrorscopeNote, match="holds 10 rows"), pytest.raises(RuntimeError, match="negative input"):
        use()
    assert hooks(model) == 0
    assert not path.exists()
    with pytest.warns(mirrorscope.MirrorscopeNote, match="10 rows recovered"):
        mirrorscope.recover(f"{path}.partial")
    assert mirrorscope.validate(path) == []
    expected = torch.cat([model(x), model(x + 1)]).detach().numpy()
    assert stored(path, "second").tobytes() == expected.tobytes()


def test_a_forward_pass_that_fails_may_be_tried_again(path, torch, networks):
    model = networks.Failing()
    x = torch.rand(5, 3)
    with mirrorscope.record(model, ["*"], path) as recording:
        recording.rows(phase="self")
        with pytest.raises(RuntimeError):
            model(-x)
        model(x)
        recording.rows(phase="self")
        with pytest.raises(RuntimeError):
            model(-x)
        recording.rows(phase="other")
        model(x)
    assert len(stored(path, "second")) == 10
    with h5py.File(path) as file:
        assert file["phase"][:].tolist() == [1] * 5 + [2] * 5


def test_no_file_and_no_hook_where_recording_cannot_begin(path, torch, networks):
    model = networks.InPlace()
    path.write_text("mine")
    with pytest.raises(mirrorscope.RecordingError, match="exists already"), mirrorscope.record(model, ["*"], path):
        pass
    assert hooks(model) == 0
    assert path.read_text() == "mine"


def test_no_hook_where_hooks_cannot_be_set(path, torch, networks, monkeypatch):
    model = networks.InPlace()

    def refuse(*_, **__):
        raise RuntimeError("no hooks here")

    monkeypatch.setattr(model.second, "register_forward_hook", refuse)
    with pytest.raises(RuntimeError, match="no hooks here"), mirrorscope.record(model, ["*"], path):
        pass
    assert hooks(model) == 0
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layers": ["frist"]}, "no module matches 'frist'; the model has first, …."),
        ({"layers": ["*.mlp"]}, "no module matches '*.mlp'"),
        ({"layers": []}, "layers is empty"),
        ({"layers": "first"}, "layers is the text 'first'; give a list of patterns: ['first']."),
        ({"rows": "first"}, "rows is 'first'; it may be 'last', 'mean', 'all' or a function."),
        ({"calls": "some"}, "calls is 'some'; it may be 'refuse', 'first', 'last' or 'each'."),
        ({"convolution": "sum"}, "convolution is 'sum'; it may be 'mean', 'max' or a list of positions."),
        ({"outputs": ["head"]}, "outputs names head, which is none of the recorded layers: first, second."),
        ({"weights": {"first": "nothing"}}, "weights takes those of nothing for layer first, which is no module with a weight"),
    ],
)
def test_bad_options(path, torch, networks, options, sentence):
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)):
        mirrorscope.record(networks.InPlace(), **{"layers": ["*"], "path": path, **options})
    assert list(path.parent.iterdir()) == []


def use_without_rows(model, recording, x):
    model(x)


def use_with_the_wrong_number_of_rows(model, recording, x):
    recording.rows(phase=[0, 1])
    model(x)


def use_with_rows_said_twice(model, recording, x):
    recording.rows(phase="self")
    recording.rows(phase="self")


def use_without_forward_pass(model, recording, x):
    recording.rows(phase="self")


def use_of_a_part_alone(model, recording, x):
    model.first(x)


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (use_without_rows, "a forward pass began without rows; call rows(phase=…) before it"),
        (use_with_the_wrong_number_of_rows, "column phase has 2 values for a forward pass of 6 examples; give one for each"),
        (use_with_rows_said_twice, "rows were announced twice without a forward pass between"),
        (use_without_forward_pass, "rows were announced, but no forward pass of the model followed"),
        (use_of_a_part_alone, "layer first ran outside a forward pass of the recorded model"),
    ],
)
def test_wrong_use(path, torch, networks, use, sentence):
    model = networks.InPlace()
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)), mirrorscope.record(model, ["*"], path) as recording:
        use(model, recording, torch.randn(6, 3))
    assert hooks(model) == 0
    assert list(path.parent.iterdir()) == []


def test_rows_outside_the_with_statement(path, networks):
    with pytest.raises(mirrorscope.RecordingError, match="rows are announced outside the with statement"):
        mirrorscope.record(networks.InPlace(), ["*"], path).rows(phase="self")


def test_a_layer_that_does_not_run(path, torch, networks):
    model = networks.InPlace()
    model.spare = torch.nn.Linear(2, 2)
    with pytest.raises(mirrorscope.RecordingError, match="layer spare did not run in the forward pass; leave it out of layers"):
        with mirrorscope.record(model, ["*"], path) as recording:
            recording.rows(phase="self")
            model(torch.randn(6, 3))


def test_activations_that_are_not_finite(path, torch, networks):
    model = networks.InPlace()
    x = torch.randn(6, 3)
    x[4] = torch.inf
    with pytest.raises(mirrorscope.RecordingError, match=r"layer first, unit 0, is -?(inf|nan) in row 4 of the batch"):
        with mirrorscope.record(model, ["*"], path) as recording:
            recording.rows(phase="self")
            model(x)


def test_parts_that_run_without_the_whole(path, torch, networks):
    """As a policy's predict does, which never calls the policy as a module."""
    model = networks.InPlace()
    x = torch.randn(6, 3)
    seen = []
    with mirrorscope.record(model, ["*"], path) as recording:
        with recording.forward(phase="self", prediction=lambda output: seen[-1].argmax(-1)):
            seen.append(model.second(model.first(x)))
        with recording.forward(phase="other", prediction=lambda output: seen[-1].argmax(-1)):
            seen.append(model(x))
        recording.rows(phase="none", prediction=lambda output: output.argmax(-1))
        seen.append(model(x))
    assert stored(path, "second").tobytes() == torch.cat(seen).detach().numpy().tobytes()
    with h5py.File(path) as file:
        assert np.array_equal(file["prediction"], torch.cat(seen).argmax(-1))
        assert file["phase"][:].tolist() == [1] * 6 + [2] * 6 + [0] * 6


def test_an_exception_in_parts_that_run_without_the_whole(path, torch, networks):
    model = networks.InPlace()
    x = torch.randn(6, 3)
    with mirrorscope.record(model, ["*"], path) as recording:
        with pytest.raises(ZeroDivisionError), recording.forward(phase="self"):
            model.first(x)
            1 / 0  # noqa: B018
        recording.rows(phase="other")
        model(x)
    with h5py.File(path) as file:
        assert file["phase"][:].tolist() == [2] * 6


def test_paused(path, torch, networks):
    model = networks.InPlace()
    with mirrorscope.record(model, ["*"], path) as recording:
        with recording.paused():
            model(torch.randn(3, 3))
            model.first(torch.randn(3, 3))
        recording.rows(phase="self")
        model(torch.randn(6, 3))
    assert len(stored(path, "first")) == 6


@pytest.mark.torch
def test_weights_are_those_of_when_recording_begins(path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    recording = mirrorscope.record(model, ["1"], path, weights={"1": "0"})
    with torch.no_grad():
        model[0].weight.mul_(2)
    with recording:
        recording.rows(phase=["none", "self"])
        model(torch.ones(2, 3))
    with h5py.File(path) as file:
        assert np.array_equal(file["layers/1/kernel"][:], model[0].weight.detach().numpy())
