"""Every bad input gets one sentence: which layer or column, what is wrong, what to do; and nothing of the batch is kept."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest

import mirrorscope

ONES = np.ones((4, 3), "f4")
NAN = ONES.copy()
NAN[2, 1] = np.nan
GOOD = {"a": ONES}


@pytest.mark.parametrize(
    ("activations", "columns", "sentence"),
    [
        ({"a": np.ma.masked_equal(np.eye(4, 3, dtype="f4"), 0)}, {}, "an array has masked values, which are missing data"),
        ({"a": NAN}, {}, "layer a, unit 1, is nan in row 2 of the batch; a recording holds finite activations only"),
        ({"a": -NAN * np.inf}, {}, "layer a, unit 0, is -inf in row 0"),
        ({"a": ONES.astype(int)}, {}, "layer a has activations of type int64; give float16, bfloat16, float32 or float64."),
        ({"a": ONES > 0}, {}, "layer a has activations of type bool"),
        ({"a": ONES[0]}, {}, "layer a has activations of shape [3]; give [rows, units]"),
        ({"a": ONES[:, :0]}, {}, "layer a has no units; leave it out."),
        ({"a": np.ones((4, 2), "f4")}, {}, "layer a has 2 units but 3 before; give the same in each batch."),
        ({"a": ONES.astype("f8")}, {}, "layer a is float64 but float32 before"),
        ({"a": ONES, "b": ONES}, {}, "a batch brings the layer b, which was not declared: a."),
        ({}, {}, "a batch lacks the layer a, which was declared"),
        (GOOD, {"phase": "me"}, "column phase holds 'me' in row 0 of the batch; it may hold none 0, self 1, other 2, both 3."),
        (GOOD, {"phase": ["self", "", "self", "self"]}, "column phase holds '' in row 1 of the batch"),
        (GOOD, {"phase": [0, 1, 2, 4]}, "column phase holds 4 in row 3 of the batch"),
        (GOOD, {"phase": [0, 1, 2]}, "column phase has 3 values for a batch of 4 rows; give one for each row, or a single one for all."),
        (GOOD, {"phase": [0.0, 1, 2, 3]}, "column phase holds float64"),
        (GOOD, {"phase": None}, "column phase is None"),
        (GOOD, {"wording": "\udc80"}, "column wording holds '\\udc80' in row 0 of the batch, which is no UTF-8."),
        (GOOD, {"label": [0, 1, 2, 3]}, "column label holds 3 in row 3 of the batch; it may hold hop 0, jump 1, help 2."),
        (GOOD, {"label": -1}, "column label holds -1 in row 0"),
        (GOOD, {"label": ["hop", "jump", "leap", "hop"]}, "column label holds 'leap' in row 2"),
        (GOOD, {"pair": [0, 1, 2, 2**31]}, "column pair holds 2147483648 in row 3 of the batch; it may hold -2147483648 to 2147483647."),
        (GOOD, {"pair": 0.5}, "column pair holds float64; give integers."),
        (GOOD, {"stratum": "one"}, "column stratum holds text; give integers."),
        (GOOD, {"partner_acting": 2}, "column partner_acting holds 2 in row 0 of the batch; it may hold 0 to 1."),
        (GOOD, {"split": "train"}, "column split holds 'train' in row 0 of the batch; it may hold select 0, evaluate 1."),
        (GOOD, {"inputs": ONES[:, :2]}, "inputs have shape [4, 2] but 3 columns before"),
        (GOOD, {"inputs": NAN}, "input 1 is nan in row 2 of the batch; give finite inputs."),
        (GOOD, {"inputs": ONES.astype("f8")}, "inputs are of type float64 but float32 before"),
        (GOOD, {"wording": 3}, "column wording holds numbers but text before"),
        (GOOD, {"wording": ["a", "b", "c", 4]}, "column wording holds 4 in row 3 of the batch; give text in each row."),
        (GOOD, {"wording": ["a", "b", "c", None]}, "column wording holds None in row 3 of the batch; give text in each row."),
        (GOOD, {"wording": "x" * 257}, "text_bytes={'wording': 257}"),
        (GOOD, {"wording": "a\0"}, "column wording holds a text with a zero byte in row 0"),
        (GOOD, {"wording": [["a"], ["b"], ["c"], ["d"]]}, "column wording has shape [4, 1]; give one value for each row."),
        (GOOD, {"position": "first"}, "column position holds text; give integers."),
        (GOOD, {"position": np.array([2**63] * 4, dtype="u8")}, "column position holds 9223372036854775808 in row 0"),
        (GOOD, {"score": "high"}, "column score holds text but numbers before"),
        (GOOD, {"turn": 3}, "a batch brings the column turn, which the first did not"),
    ],
)
def test_a_bad_batch(path, activations, columns, sentence):
    good = {
        "phase": "self",
        "label": "hop",
        "pair": 1,
        "stratum": 1,
        "partner_acting": True,
        "split": "select",
        "inputs": ONES,
        "wording": "plain",
        "position": 1,
        "score": 0.5,
    }
    with mirrorscope.Recorder(path, ["a"], actions=["hop", "jump", "help"]) as recorder:
        recorder.append(GOOD, **good)
        with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)) as raised:
            recorder.append(activations, **{**good, **columns})
        assert str(raised.value).startswith(f"{path}: ")
        assert "\n" not in str(raised.value)
        recorder.append(GOOD, **good)
    with h5py.File(path) as file:
        assert file["sample"].shape == file["phase"].shape == file["rows/wording"].shape == (8,)
        assert np.all(file["layers/a/activations"][:] == 1)


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ({"data": [1, None, 3, 4]}, None),
        ({"data": [1, None, 3, 4], "dtype": "Int64"}, None),
        ({"data": [True, None, True, False], "dtype": "boolean"}, None),
        ({"data": [1, 2, 3, 4], "dtype": "Int64"}, [1, 2, 3, 4]),
        ({"data": [0.5, None, 3, 4]}, [0.5, np.nan, 3, 4]),
        ({"data": [0.5, None, 3, 4], "dtype": "Float64"}, [0.5, np.nan, 3, 4]),
    ],
)
def test_integers_of_pandas_with_gaps_do_not_become_floats(path, values, stored):
    pandas = pytest.importorskip("pandas", reason="needs pandas: pip install pandas")
    recorder = mirrorscope.Recorder(path)
    # An index of its own, which says nothing of rows.
    given = pandas.Series(**values, index=[7, 6, 5, 4])
    if stored is None:
        with pytest.raises(
            mirrorscope.RecordingError, match="column turn has no value in row 1 of the batch, and no integer says that; fill"
        ):
            recorder.append(GOOD, turn=given)
        recorder.cancel()
        return
    recorder.append(GOOD, turn=given)
    recorder.close()
    with h5py.File(path) as file:
        assert np.array_equal(file["rows/turn"][:], stored, equal_nan=True)
        assert file["rows/turn"].dtype.kind == ("i" if isinstance(stored[0], int) else "f")


def test_a_list_of_numbers_with_gaps(path):
    recorder = mirrorscope.Recorder(path)
    with pytest.raises(mirrorscope.RecordingError, match="column turn has no value in row 2 of the batch"):
        recorder.append(GOOD, turn=[1, 2, None, 4])
    recorder.cancel()


def test_a_column_that_is_missing(path):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append(GOOD, phase="self", pair=1)
        with pytest.raises(mirrorscope.RecordingError, match="a batch lacks the column pair, which the first had"):
            recorder.append(GOOD, phase="self")


def test_layers_of_different_row_counts(path):
    with mirrorscope.Recorder(path) as recorder:
        with pytest.raises(mirrorscope.RecordingError, match="layer b has 2 rows but layer a has 4; give as many rows of each layer"):
            recorder.append({"a": ONES, "b": ONES[:2]}, phase="self")
        recorder.cancel()


@pytest.mark.parametrize("value", [70000.0, -1e6])
def test_what_a_narrow_type_does_not_hold(path, value):
    recorder = mirrorscope.Recorder(path, dtype="float16")
    with pytest.raises(mirrorscope.RecordingError, match=r"layer a, unit 0, is .* in row 0 of the batch, which float16 does not hold"):
        recorder.append({"a": np.array([[value]])}, phase="self")
    recorder.cancel()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layers": ["a", "b", "a"]}, "two layers are called 'a'; give each a name of its own."),
        ({"layers": []}, "no layer is declared"),
        ({"layers": [""]}, "'' cannot name a layer"),
        ({"layers": ["a//b"]}, "'a//b' cannot name a layer"),
        ({"layers": ["a/kernel"]}, "'a/kernel' cannot name a layer"),
        ({"dtype": "float8"}, "dtype is 'float8'; it may be float16, bfloat16, float32, float64."),
        ({"actions": ["hop", "hop"]}, "the 2 names of actions have to differ"),
        ({"actions": []}, "actions are to be a list of one or more names"),
        ({"actions": "hop"}, "actions are to be a list"),
        ({"compression": 11}, "compression is 11; it may be 0 (none) to 9."),
        ({"chunk_rows": 0}, "chunk_rows is 0; give 1 or more."),
        ({"seed": "one"}, "seed is 'one'; give an integer."),
        ({"title": object()}, "the recorder has <object"),
        ({"model_description": {"network": object()}}, "model_description has <object"),
    ],
)
def test_bad_options(path, options, sentence):
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)):
        mirrorscope.Recorder(path, **options)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ({"kernel": np.ones((5, 4))}, "the kernel of layer a has shape [5, 4], but the layer has 3 units; with kernel_layout 'input,unit'"),
        ({"kernel": np.ones((5, 3)), "kernel_layout": "unit,input"}, "with kernel_layout 'unit,input' give [unit, input]."),
        ({"kernel": np.ones((5, 3)), "kernel_layout": "torch"}, "layer a has kernel_layout 'torch'"),
        ({"kernel": np.ones((5, 3), int)}, "the kernel of layer a is of type int64; give float32 or float64."),
        ({"kernel": np.full((5, 3), np.nan)}, "the kernel of layer a holds numbers that are not finite"),
        ({"bias": np.ones(4)}, "the bias of layer a has shape [4]; give one value for each of its 3 units."),
    ],
)
def test_bad_parameters(path, layer, sentence):
    recorder = mirrorscope.Recorder(path, [mirrorscope.Layer("a", **layer)])
    with pytest.raises(mirrorscope.RecordingError, match=re.escape(sentence)):
        recorder.append(GOOD, phase="self")
    recorder.cancel()
    assert list(path.parent.iterdir()) == []


def test_fewer_actions_than_outputs(path):
    recorder = mirrorscope.Recorder(path, [mirrorscope.Layer("a", is_output=True)], actions=["hop", "jump"])
    with pytest.raises(mirrorscope.RecordingError, match="2 actions are named, but the output layer a has 3 units; name one for each"):
        recorder.append(GOOD, phase="self", label=0)
    recorder.cancel()


def test_text_for_actions_without_names(path):
    recorder = mirrorscope.Recorder(path)
    with pytest.raises(mirrorscope.RecordingError, match="column label holds text; give the recorder the names of the actions"):
        recorder.append(GOOD, phase="self", label="hop")
    recorder.cancel()


def test_a_column_that_cannot_be_named_so(path):
    recorder = mirrorscope.Recorder(path)
    with pytest.raises(mirrorscope.RecordingError, match="'a/b' cannot name a column of rows"):
        recorder.append(GOOD, phase="self", **{"a/b": 1})
    recorder.cancel()


def test_no_rows(path):
    with (
        pytest.raises(mirrorscope.RecordingError, match="no row was recorded"),
        mirrorscope.Recorder(path) as recorder,
    ):
        recorder.append({"a": ONES[:0]}, phase=[])
    assert list(path.parent.iterdir()) == []


def test_after_the_end(path):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append(GOOD, phase="self")
    with pytest.raises(mirrorscope.RecordingError, match="its recorder has ended; make another one"):
        recorder.append(GOOD, phase="self")
