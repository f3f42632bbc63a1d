"""What is left when a recording does not come to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import h5py
import numpy as np
import pytest
from networks import ACTIONS, DenseNetwork, columns

import mirrorscope

SOURCE = os.path.join(os.path.dirname(__file__), "..", "src")

# Records rows whose activations tell their number, and says when the disk has some.
WRITER = """
import sys
import numpy as np
import mirrorscope

with mirrorscope.Recorder(sys.argv[1], dtype=sys.argv[2], chunk_rows=64, flush_seconds=0) as recorder:
    for start in range(0, 10**9, 100):
        number = np.arange(start, start + 100)
        wide = (number[:, None] + np.arange(300)) % 251
        recorder.append(
            {"wide": wide.astype("f4"), "narrow/layer": (number[:, None] % 13).astype("f4")},
            phase=number % 3,
            pair=number // 3,
            wording=[f"wording {item}" for item in number],
        )
        if start in (1000, 20_000):
            print(start, flush=True)
"""


def activations(layer):
    stored = layer["activations"][:]
    return (stored.astype("u4") << 16).view("f4") if stored.dtype == np.uint16 else stored


def check_rows(path, count):
    """Every row is the one that was recorded."""
    number = np.arange(count)
    with h5py.File(path) as file:
        assert np.array_equal(file["sample"], number)
        assert np.array_equal(activations(file["layers/wide"]), (number[:, None] + np.arange(300)) % 251)
        assert np.array_equal(activations(file["layers/narrow/layer"])[:, 0], number % 13)
        assert np.array_equal(file["phase"], number % 3)
        assert np.array_equal(file["pair"], number // 3)
        assert [text.decode() for text in file["rows/wording"][:]] == [f"wording {item}" for item in number]


@pytest.mark.programs
@pytest.mark.parametrize("delay", [0.0, 0.013, 0.031])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_killed_recorder_leaves_its_flushed_rows(path, dtype, delay):
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), dtype], stdout=subprocess.PIPE, env=environment)
    for line in process.stdout:
        if int(line) == 20_000:
            break
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not path.exists()
    with pytest.warns(mirrorscope.MirrorscopeNote, match="rows recovered"):
        mirrorscope.recover(f"{path}.partial")
    with h5py.File(path) as file:
        count = len(file["sample"])
    # All full chunks were flushed, but perhaps the one under way.
    assert count >= 20_000 - 64
    check_rows(path, count)
    assert mirrorscope.validate(path) == []


@pytest.mark.programs
def test_the_first_chunk_is_flushed_at_once(path):
    script = """
import os, signal, sys
import numpy as np
import mirrorscope

recorder = mirrorscope.Recorder(sys.argv[1], chunk_rows=10)
recorder.append({"a": np.ones((25, 3))}, phase="self")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(path)], env={**os.environ, "PYTHONPATH": SOURCE})
    with pytest.warns(mirrorscope.MirrorscopeNote, match="10 rows recovered"):
        mirrorscope.recover(f"{path}.partial")


@pytest.mark.programs
@pytest.mark.parametrize("appended", [0, 1])
def test_a_recorder_that_is_killed_before_a_chunk_is_full(path, appended):
    script = """
import os, signal, sys
import numpy as np
import mirrorscope

recorder = mirrorscope.Recorder(sys.argv[1])
for _ in range(int(sys.argv[2])):
    recorder.append({"a": np.ones((25, 3))}, phase="self")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(path), str(appended)], env={**os.environ, "PYTHONPATH": SOURCE})
    with pytest.raises(mirrorscope.MirrorscopeError, match="no whole row was flushed before the recorder ended") as raised:
        mirrorscope.recover(f"{path}.partial")
    assert raised.value.exit_code == 3


@pytest.mark.programs
def test_an_exception_leaves_all_rows(path):
    def fail():
        with mirrorscope.Recorder(path) as recorder:
            for start in range(0, 300, 100):
                number = np.arange(start, start + 100)
                recorder.append(
                    {"wide": ((number[:, None] + np.arange(300)) % 251).astype("f4"), "narrow/layer": (number[:, None] % 13).astype("f4")},
                    phase=number % 3,
                    pair=number // 3,
                    wording=[f"wording {item}" for item in number],
                )
            raise RuntimeError("the simulator fell over")

    kept = r"run.h5.partial holds 300 rows; 'mirrorscope recover .*' makes a recording"
    with pytest.warns(mirrorscope.MirrorscopeNote, match=kept), pytest.raises(RuntimeError, match="fell over"):
        fail()
    assert not path.exists()
    with pytest.warns(mirrorscope.MirrorscopeNote, match="300 rows recovered"):
        mirrorscope.recover(f"{path}.partial")
    check_rows(path, 300)
    assert mirrorscope.validate(path) == []


@pytest.mark.programs
def test_recovering_keeps_every_part(path, rng):
    network = DenseNetwork(rng)
    inputs = rng.normal(size=(200, 6)).astype("f4")
    found = network(inputs)
    about = {"network": "small", "epoch": 3, "hyperparameters": {"rate": 0.1}}
    recorder = mirrorscope.Recorder(path, network.layers, actions=ACTIONS, model_description=about, title="Größe", dtype="float32")
    recorder.append(found, **columns(rng, inputs, found["head/out.put"]))
    with pytest.warns(mirrorscope.MirrorscopeNote):
        recorder.interrupt()
    with pytest.warns(mirrorscope.MirrorscopeNote):
        mirrorscope.recover(f"{path}.partial")
    assert mirrorscope.validate(path) == []
    with h5py.File(path) as file, h5py.File(f"{path}.partial") as partial:

        def check(name, thing):
            if isinstance(thing, h5py.Dataset):
                assert np.array_equal(thing[()], file[name][()]), name
            for attribute in ("network", "hyperparameters", "kernel_layout", "is_output", "activation_function", "layer_index"):
                assert thing.attrs.get(attribute) == file[name].attrs.get(attribute), (name, attribute)

        partial.visititems(check)
        assert file.attrs["title"] == "Größe"


def test_an_exception_before_the_first_row_leaves_nothing(path):
    with pytest.raises(RuntimeError), mirrorscope.Recorder(path):
        raise RuntimeError
    assert list(path.parent.iterdir()) == []


def append_one(recorder):
    recorder.append({"a": np.ones((1, 1))}, phase="self")


def test_a_recording_is_not_replaced(path):
    with mirrorscope.Recorder(path) as recorder:
        append_one(recorder)
    before = path.read_bytes()
    with pytest.raises(mirrorscope.RecordingError, match="exists already; have it replaced with overwrite=True, or choose another name"):
        mirrorscope.Recorder(path)
    assert path.read_bytes() == before
    with mirrorscope.Recorder(path, overwrite=True) as recorder:
        append_one(recorder)
        append_one(recorder)
        # Until it is complete the earlier one stays.
        assert path.read_bytes() == before
    with h5py.File(path) as file:
        assert len(file["sample"]) == 2


def test_a_recording_that_came_meanwhile_is_not_replaced(path):
    recorder = mirrorscope.Recorder(path)
    append_one(recorder)
    path.write_text("mine")
    with pytest.raises(mirrorscope.RecordingError, match="exists already"):
        recorder.close()
    assert path.read_text() == "mine"
    assert path.with_suffix(".h5.partial").exists()
    # It is nobody's any more.
    mirrorscope.Recorder(path, overwrite=True).cancel()


def interrupt_within_a_batch(recorder, activations, part):
    """Ctrl-C between two columns, at the part of the batch that goes into another chunk."""
    writer = recorder._activations["a"]
    earlier, parts = writer.append, []

    def append(rows):
        parts.append(rows)
        if len(parts) == part:
            raise KeyboardInterrupt
        earlier(rows)

    writer.append = append
    with pytest.raises(KeyboardInterrupt):
        recorder.append({"a": activations[:, None]}, phase="self", number=activations.astype(int))
    writer.append = earlier


def test_a_batch_that_is_interrupted_shifts_no_rows(path):
    with mirrorscope.Recorder(path, chunk_rows=8) as recorder:
        recorder.append({"a": np.arange(3.0)[:, None]}, phase="self", number=np.arange(3))
        interrupt_within_a_batch(recorder, np.arange(3.0, 5), 1)
        recorder.append({"a": np.arange(5.0, 17)[:, None]}, phase="self", number=np.arange(5, 17))
    with h5py.File(path) as file:
        assert file["rows/number"][:].tolist() == [0, 1, 2, *range(5, 17)]
        assert file["layers/a/activations"][:, 0].tolist() == file["rows/number"][:].tolist()
        assert np.array_equal(file["sample"], np.arange(15))


@pytest.mark.programs
def test_after_a_batch_that_is_interrupted_behind_a_full_chunk_no_more_is_taken(path):
    recorder = mirrorscope.Recorder(path, chunk_rows=4)
    recorder.append({"a": np.arange(6.0)[:, None]}, phase="self", number=np.arange(6))
    interrupt_within_a_batch(recorder, np.arange(6.0, 20), 3)
    for use in (lambda: append_one(recorder), recorder.close):
        with pytest.raises(mirrorscope.RecordingError, match="it was interrupted within a batch"):
            use()
    with pytest.warns(mirrorscope.MirrorscopeNote, match="holds 6 rows or more"):
        recorder.interrupt()
    with pytest.warns(mirrorscope.MirrorscopeNote, match="12 rows recovered"):
        mirrorscope.recover(f"{path}.partial")
    with h5py.File(path) as file:
        assert file["rows/number"][:].tolist() == list(range(12))
        assert file["layers/a/activations"][:, 0].tolist() == list(range(12))


def test_what_an_interrupted_recorder_left_is_not_replaced(path):
    recorder = mirrorscope.Recorder(path)
    append_one(recorder)
    with pytest.warns(mirrorscope.MirrorscopeNote):
        assert recorder.interrupt() == 1
    with pytest.raises(mirrorscope.RecordingError, match=r"run.h5.partial holds what an interrupted recorder left; get its rows with"):
        mirrorscope.Recorder(path)
    with mirrorscope.Recorder(path, overwrite=True) as recorder:
        append_one(recorder)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_double_start_is_refused(path, overwrite):
    with mirrorscope.Recorder(path) as recorder:
        append_one(recorder)
        with pytest.raises(mirrorscope.RecordingError, match=r"another program is writing it \(.*run.h5.partial\)"):
            mirrorscope.Recorder(path, overwrite=overwrite)
        append_one(recorder)
    with h5py.File(path) as file:
        assert len(file["sample"]) == 2


@pytest.mark.programs
def test_a_recording_under_way_is_not_recovered(path):
    with mirrorscope.Recorder(path, chunk_rows=1, flush_seconds=0) as recorder:
        append_one(recorder)
        with pytest.raises(mirrorscope.MirrorscopeError, match="lock") as raised:
            mirrorscope.recover(f"{path}.partial", path.with_name("other.h5"))
        assert raised.value.exit_code == 2
        append_one(recorder)
    assert mirrorscope.validate(path) == []


def test_where_hdf5_insists_on_its_own_lock(path):
    script = """
import sys
import numpy as np
import mirrorscope

with mirrorscope.Recorder(sys.argv[1]) as recorder:
    recorder.append({"a": np.ones((1, 1))}, phase="self")
    try:
        mirrorscope.Recorder(sys.argv[1])
    except mirrorscope.RecordingError as error:
        print(error)
"""
    environment = {**os.environ, "PYTHONPATH": SOURCE, "HDF5_USE_FILE_LOCKING": "TRUE"}
    done = subprocess.run([sys.executable, "-c", script, str(path)], env=environment, capture_output=True, text=True)
    assert "another program is writing it" in done.stdout, done.stderr
    assert path.exists()


def test_a_partial_file_that_was_replaced_does_not_get_the_name(path):
    recorder = mirrorscope.Recorder(path)
    append_one(recorder)
    partial = path.with_suffix(".h5.partial")
    partial.unlink()
    partial.write_text("another program's")
    with pytest.raises(mirrorscope.RecordingError, match="was replaced or removed by another program"):
        recorder.close()
    assert not path.exists()
    assert partial.read_text() == "another program's"


def test_a_link_is_followed(path):
    link = path.with_name("link.h5")
    link.symlink_to(path)
    with mirrorscope.Recorder(link) as recorder:
        append_one(recorder)
    assert link.is_symlink()
    assert path.is_file()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("missing/run.h5", "its folder does not exist; choose another name"), ("", "it is a folder; give the name of a file")],
)
def test_places_where_nothing_can_be_written(tmp_path, name, sentence):
    with pytest.raises(mirrorscope.RecordingError, match=sentence):
        mirrorscope.Recorder(tmp_path / name)


def test_a_full_disk(path):
    """A limit on the size of files stands for it: the sentence says what is left."""
    script = textwrap.dedent(
        """
        import resource, signal, sys
        import numpy as np
        import mirrorscope

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        try:
            with mirrorscope.Recorder(sys.argv[1], flush_seconds=0) as recorder:
                for _ in range(100):
                    recorder.append({"a": np.ones((1000, 100), "f4")}, phase="self")
        except mirrorscope.RecordingError as error:
            print(error)
        """
    )
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run([sys.executable, "-c", script, str(path)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "run.h5: it cannot be written (" in done.stdout
    assert "'mirrorscope recover " in done.stdout
    assert not path.exists()
    assert path.with_suffix(".h5.partial").exists()


def test_a_file_that_comes_while_the_name_is_given_stays(path, monkeypatch):
    recorder = mirrorscope.Recorder(path, ["a"])
    recorder.append({"a": np.ones((2, 3), "f4")}, phase="none")
    # Between the last look and the name.
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    path.write_text("another one's")
    link = os.link

    def seen(source, target):
        monkeypatch.undo()
        link(source, target)

    monkeypatch.setattr("os.link", seen)
    with pytest.raises(mirrorscope.RecordingError, match="exists already"):
        recorder.close()
    assert path.read_text() == "another one's"
