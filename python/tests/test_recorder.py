"""What a recorder is given is in the file, bit for bit, and Mirrorscope accepts the file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from networks import ACTIONS, DenseNetwork, columns

import mirrorscope


def record_network(path, rng, batches=(40, 400, 4080, 480), **options):
    """Records batches, and returns all that was recorded."""
    network = DenseNetwork(rng)
    kept = {"layers": {layer.name: [] for layer in network.layers}, "columns": {}, "network": network}
    items = 0
    with mirrorscope.Recorder(
        path, network.layers, actions=ACTIONS, model_description={"network": "small", "epoch": 3}, **options
    ) as recorder:
        for rows in batches:
            inputs = rng.normal(size=(rows, 6)).astype("f4")
            activations = network(inputs)
            given = columns(rng, inputs, activations["head/out.put"], first_item=items)
            items += rows // 4
            recorder.append(activations, **given)
            for name, values in activations.items():
                kept["layers"][name].append(values)
            for name, values in given.items():
                kept["columns"].setdefault(name, []).append(values)
    kept["layers"] = {name: np.concatenate(parts) for name, parts in kept["layers"].items()}
    kept["columns"] = {name: np.concatenate(parts) for name, parts in kept["columns"].items()}
    return kept


@pytest.mark.parametrize("compression", [0, 1])
def test_every_value_is_in_the_file_bit_for_bit(path, rng, compression):
    kept = record_network(path, rng, compression=compression)
    with h5py.File(path) as file:
        for name, values in kept["layers"].items():
            stored = file[f"layers/{name}/activations"]
            assert stored.dtype == np.float32
            assert stored[:].tobytes() == values.tobytes()
        for name, values in kept["columns"].items():
            stored = file[name if name in file else f"rows/{name}"]
            if name == "wording":
                assert [text.decode() for text in stored[:]] == values.tolist()
            else:
                assert np.array_equal(stored[:], values), name
        assert np.array_equal(file["sample"], np.arange(5000))
        network = kept["network"]
        assert np.array_equal(file["layers/hidden/kernel"], network.hidden_kernel)
        assert np.array_equal(file["layers/head/out.put/kernel"], network.output_kernel)
        assert np.array_equal(file["layers/head/out.put/bias"], network.output_bias)
        assert file["layers/head/out.put"].attrs["kernel_layout"] == "unit,input"
        assert file.attrs["complete"] == 1
        assert h5py.check_enum_dtype(file["prediction"].dtype) == {name: code for code, name in enumerate(ACTIONS)}
        assert [scale.name for scale in (file["phase"].dims[0][0], file["layers/hidden/activations"].dims[1][0])] == [
            "/sample",
            "/layers/hidden/unit",
        ]
    assert not path.with_suffix(".h5.partial").exists()


@pytest.mark.programs
@pytest.mark.parametrize("options", [{}, {"compression": 4}, {"chunk_rows": 7}, {"dtype": "float64"}])
def test_validate_finds_no_fault(path, rng, options):
    record_network(path, rng, **options)
    assert mirrorscope.validate(path) == []


@pytest.mark.programs
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_validate_accepts_half_precision_without_kernels(path, rng, dtype):
    with mirrorscope.Recorder(path, dtype=dtype) as recorder:
        recorder.append({"a": rng.normal(size=(100, 3)), "b": rng.normal(size=(100, 5))}, phase=np.arange(100) % 3)
    assert mirrorscope.validate(path) == []


@pytest.mark.programs
def test_a_changed_byte_is_found(path, rng):
    """The sums are really checked: one byte of a chunk, and one value behind the sums' back."""
    record_network(path, rng)
    with h5py.File(path) as file:
        place = file["layers/hidden/activations"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(path.read_bytes())
    damaged[place + 100] ^= 1
    path.write_bytes(damaged)
    assert any("/layers/hidden/activations" in fault for fault in mirrorscope.validate(path))


@pytest.mark.programs
def test_a_value_written_behind_the_sums_is_found(path, rng):
    record_network(path, rng)
    with h5py.File(path, "a", libver=("v108", "v110")) as file:
        file["pair"][5] = 77
    assert any("/pair" in fault for fault in mirrorscope.validate(path))


@pytest.mark.programs
def test_the_analyses_read_it(path, rng):
    record_network(path, rng)
    layers = {row["layer"] for row in mirrorscope.analyse_rows("units", path, permutations=20)}
    assert layers == {"hidden", "head/out.put"}
    assert mirrorscope.analyse_rows("cmni", path, where="wording == plain and position == -1")
    assert mirrorscope.analyse_rows("ablate", path, top=2, controls=5, bootstrap=10, permutations=20)
    inspected = mirrorscope.analyse_rows("inspect", path)
    assert inspected


@pytest.mark.programs
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_stats_agree_with_numpy(path, rng, dtype):
    values = rng.normal(loc=2, size=(999, 5))
    phase = np.arange(999) % 3
    with mirrorscope.Recorder(path, dtype=dtype) as recorder:
        for start in range(0, 999, 100):
            recorder.append({"layer": values[start : start + 100]}, phase=phase[start : start + 100])
    stored = as_doubles(values, dtype)
    rows = {(row["unit"], row["phase"]): row for row in mirrorscope.analyse_rows("stats", path) if row["unit"] is not None}
    for code, name in enumerate(["none", "self", "other"]):
        for unit in range(5):
            chosen = stored[phase == code, unit]
            row = rows[unit, name]
            assert row["n"] == len(chosen)
            assert row["mean"] == pytest.approx(chosen.mean(), rel=1e-12)
            assert row["variance"] == pytest.approx(chosen.var(), rel=1e-10)


def as_doubles(values, dtype):
    if dtype != "bfloat16":
        return values.astype(dtype).astype("f8")
    ml_dtypes = pytest.importorskip("ml_dtypes")
    return values.astype(ml_dtypes.bfloat16).astype("f8")


def test_layers_may_come_with_the_first_batch(path, rng):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"b": rng.normal(size=(3, 2)), "a": rng.normal(size=(3, 2))}, phase="self")
    with h5py.File(path) as file:
        assert [file[f"layers/{name}"].attrs["layer_index"] for name in "ba"] == [0, 1]
        assert file["phase"][:].tolist() == [1, 1, 1]


def test_a_layer_keeps_its_own_type(path, rng):
    given = {"half": rng.normal(size=(9, 2)).astype("f2"), "double": rng.normal(size=(9, 2))}
    with mirrorscope.Recorder(path) as recorder:
        recorder.append(given, phase="self")
    with h5py.File(path) as file:
        for name, values in given.items():
            assert file[f"layers/{name}/activations"][:].tobytes() == values.tobytes()


def test_bits_of_bfloat16_are_taken_as_they_are(path):
    bits = np.array([[0x3F80, 0xC000]], dtype="u2")
    with mirrorscope.Recorder(path, dtype="bfloat16") as recorder:
        recorder.append({"a": bits}, phase="none")
    with h5py.File(path) as file:
        stored = file["layers/a/activations"]
        assert stored.attrs["dtype"] == "bfloat16"
        assert stored[:].tobytes() == bits.tobytes()


def test_attributes_of_the_model_and_the_file(path):
    with mirrorscope.Recorder(
        path,
        title="Größe",
        seed=7,
        command_line="train.py --x",
        model_description={"architecture": {"layers": 2}, "validation_loss": 0.5, "epoch": np.int64(4)},
        provenance={"states_sha256": "abc"},
    ) as recorder:
        recorder.append({"a": np.zeros((1, 1))}, phase="none")
    with h5py.File(path) as file:
        assert file.attrs["title"] == "Größe"
        assert file.attrs["seed"] == 7
        assert file["model"].attrs["architecture"] == '{"layers": 2}'
        assert file["model"].attrs["validation_loss"] == 0.5
        assert file["model"].attrs["epoch"] == 4
        assert file["provenance"].attrs["states_sha256"] == "abc"
        assert "numpy" in file["provenance"].attrs


@pytest.mark.programs
def test_a_recording_without_phases_takes_them_from_a_column(path, rng):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": rng.normal(size=(30, 3))}, speaker=["narrator", "me", "them"] * 10)
    assert mirrorscope.validate(path) == []
    names = {"none": "narrator", "self": ["me"], "other": "them"}
    assert mirrorscope.analyse_rows("cmni", path, phase_column="speaker", phase_names=names)[0]["n_self"] == 10


def test_the_size_is_said_beforehand(path, capsys):
    with mirrorscope.Recorder(path, expected_rows=1_000_000) as recorder:
        recorder.append({"a": np.zeros((1, 100), "f4"), "b": np.zeros((1, 100), "f2")}, phase="none")
    assert "activations of 1,000,000 rows will take 600.0 MB, 600 bytes a row." in capsys.readouterr().err


def test_too_many_rows_for_the_disk_are_refused(path):
    recorder = mirrorscope.Recorder(path, expected_rows=10**15)
    with pytest.raises(mirrorscope.RecordingError, match=r"and the disk has .*; record fewer layers or rows"):
        recorder.append({"a": np.zeros((1, 100))}, phase="none")
    recorder.cancel()


@pytest.mark.torch
def test_tensors_are_taken(path, torch):
    values = torch.tensor([[1.5, -2.25]], dtype=torch.bfloat16, requires_grad=True)
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": values}, phase=torch.tensor([2]), position=torch.tensor([3]))
    with h5py.File(path) as file:
        assert file["layers/a/activations"][:].tolist() == [[0x3FC0, 0xC010]]
        assert file["phase"][0] == 2


def test_arrays_of_jax_are_taken(path):
    jax = pytest.importorskip("jax.numpy", reason="needs JAX: pip install jax")
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": jax.ones((2, 3), dtype="bfloat16"), "b": jax.ones((2, 3))}, phase=jax.array([0, 1]))
    with h5py.File(path) as file:
        assert file["layers/a/activations"].attrs["dtype"] == "bfloat16"
        assert file["layers/b/activations"][:].tolist() == [[1, 1, 1]] * 2


@pytest.mark.keras
def test_tensors_of_tensorflow_are_taken(path):
    tensorflow = pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install tensorflow")
    values = tensorflow.constant([[1.5, -2.25]])
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": values, "b": tensorflow.cast(values, tensorflow.bfloat16)}, phase=tensorflow.constant([2]), turn=1)
    with h5py.File(path) as file:
        assert file["layers/a/activations"][:].tolist() == [[1.5, -2.25]]
        assert file["layers/b/activations"][:].tolist() == [[0x3FC0, 0xC010]]


@pytest.mark.torch
def test_tensors_that_numpy_does_not_know(path, torch):
    recorder = mirrorscope.Recorder(path)
    with pytest.raises(mirrorscope.RecordingError, match=r"a tensor is of type torch.float8_e4m3fn, which numpy does not know"):
        recorder.append({"a": torch.ones(2, 2).to(torch.float8_e4m3fn)}, phase="self")
    recorder.cancel()


def test_the_rest_of_the_last_chunk_holds_zeros(path):
    """What is left of an earlier chunk in memory does not reach the file."""
    with mirrorscope.Recorder(path, chunk_rows=4) as recorder:
        recorder.append({"a": np.full((6, 1), 7.0)}, phase="self", wording="plain")
    with h5py.File(path) as file:
        last = file["layers/a/activations"].id.read_direct_chunk((4, 0))[1]
        assert np.frombuffer(last[:-4]).tolist() == [7, 7, 0, 0]


def test_columns_of_any_name(path):
    with mirrorscope.Recorder(path) as recorder:
        recorder.append({"a": np.ones((1, 1))}, phase="self", **{"self": 1, "activations": 2, "Wörter und so": "ja"})
    with h5py.File(path) as file:
        assert set(file["rows"]) == {"self", "activations", "Wörter und so"}


def test_integers_that_floats_cannot_tell_apart(path):
    recorder = mirrorscope.Recorder(path)
    recorder.append({"a": np.ones((1, 1))}, phase="self", score=0.5)
    recorder.append({"a": np.ones((2, 1))}, phase="self", score=[3, 2**53])
    with pytest.raises(mirrorscope.RecordingError, match="column score holds integers that its floats of before cannot tell apart"):
        recorder.append({"a": np.ones((1, 1))}, phase="self", score=2**53 + 1)
    recorder.close()
    with h5py.File(path) as file:
        assert file["rows/score"][:].tolist() == [0.5, 3, 2**53]


def test_later_text_may_be_longer_than_the_first(path):
    with mirrorscope.Recorder(path, text_bytes={"note": 300}) as recorder:
        recorder.append({"a": np.ones((1, 1))}, phase="self", wording="x", note="x", title="y" * 100)
        recorder.append({"a": np.ones((1, 1))}, phase="self", wording="ö" * 128, note="y" * 300, title="y" * 400)
    with h5py.File(path) as file:
        assert file["rows/wording"][1].decode() == "ö" * 128
        assert file["rows/note"][1].decode() == "y" * 300
        assert file["rows/title"][1].decode() == "y" * 400
