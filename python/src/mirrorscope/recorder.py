"""Writes a recording of Mirrorscope's schema 1.1, batch by batch."""

from __future__ import annotations

import math
import os
import shutil
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import DTYPES, stored_activations
from mirrorscope.attributes import set_attributes
from mirrorscope.chunked_rows import ChunkedRows
from mirrorscope.columns import Column, check_actions, declare_column
from mirrorscope.datasets import DataSets, create_file, rows_per_chunk
from mirrorscope.description import described, reason, root_attributes, size_text, versions
from mirrorscope.errors import BadValue, MirrorscopeNote, RecordingError
from mirrorscope.layer import Layer, check_names
from mirrorscope.parameters import stored_parameters
from mirrorscope.partial_file import PartialFile


class Recorder:
    """Writes a recording from arrays of numpy, JAX, TensorFlow or PyTorch.

    The file grows under `NAME.partial` and takes its name in `close`. In a `with` statement an exception leaves the partial file with
    all rows appended so far, of which `mirrorscope recover` makes a recording. Memory is that of a batch and one chunk of each layer.

    The first batch decides what every batch brings: the layers, their units and types, and the columns.

    Args:
        path: The recording to be; nothing of that name is replaced unless `overwrite`.
        layers: Names or `Layer`s, input side first; None takes those of the first batch in its order.
        dtype: What activations are stored as: `float16`, `bfloat16`, `float32` or `float64`, rounded to the nearest; None keeps each
            layer's own type.
        actions: Names of the actions in the order of the network's outputs; labels and predictions may then be names, and are stored as
            an HDF5 enum.
        model_description: Attributes of `/model`: `network` (a name that its checkpoints share), `checkpoint_id`, `epoch`,
            `validation_loss`, `architecture`, `hyperparameters`, …; dictionaries become JSON.
        provenance: Attributes of `/provenance`; versions of Python, numpy and h5py are added.
        seed: Noted in the file as the recording's, of what drew its inputs, say; nothing is seeded by it. The seed that a network was
            trained with goes into `model_description`.
        expected_rows: Says on standard error how large the file will be, when the first batch has come, and refuses to begin where the
            disk has not that much room.
        compression: Deflate level of activations, 0 (none) to 9. None by default: one core compresses 56 MB of float32 a second at level
            1, which saves 14 % of activations without zeros, 37 % behind a ReLU, 28 % of bfloat16. Columns are always compressed.
        chunk_rows: Rows of a chunk; by default 64 to 4,096, so that a chunk of the widest layer has about 1 MiB. A kill costs the chunk
            being filled and what came after the last flush.
        text_bytes: Most bytes of UTF-8 that a text column holds, by its name; by default 256, or four times the longest of the first batch.
        flush_seconds: After this time the next full chunk is followed by a flush to the disk.
        overwrite: Whether an existing recording, or what an interrupted recorder left of one, is replaced.

    Raises:
        RecordingError: One sentence on what is wrong and what to do.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layers: Sequence[str | Layer] | None = None,
        *,
        dtype: str | None = None,
        actions: Sequence[str] | None = None,
        model_description: Mapping[str, Any] | None = None,
        provenance: Mapping[str, str] | None = None,
        title: str | None = None,
        seed: int | None = None,
        command_line: str | None = None,
        expected_rows: int | None = None,
        compression: int = 0,
        chunk_rows: int | None = None,
        text_bytes: Mapping[str, int] | None = None,
        flush_seconds: float = 5.0,
        overwrite: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        self.row_count = 0
        self._layers = None if layers is None else [Layer(item) if isinstance(item, str) else item for item in layers]
        self._dtype = dtype
        self._actions = None if actions is None else list(actions)
        self._expected_rows = expected_rows
        self._compression = compression
        self._chunk_rows = chunk_rows
        self._text_bytes = dict(text_bytes or {})
        self._flush_seconds = flush_seconds
        self._columns: dict[str, Column] = {}
        self._activations: dict[str, ChunkedRows] = {}
        self._writers: dict[str, ChunkedRows] = {}
        self._is_over = False
        self._failure: RecordingError | None = None
        self._is_torn = False
        try:
            if self._layers is not None:
                check_names([layer.name for layer in self._layers])
            check_actions(actions)
            if dtype is not None and dtype not in DTYPES:
                raise BadValue(f"dtype is '{dtype}'; it may be {', '.join(DTYPES)}.")
            if compression not in range(10):
                raise BadValue(f"compression is {compression!r}; it may be 0 (none) to 9.")
            if chunk_rows is not None and chunk_rows < 1:
                raise BadValue(f"chunk_rows is {chunk_rows}; give 1 or more.")
            self._attributes = {
                "/": root_attributes(command_line=command_line, seed=seed, title=title),
                "model": described("model_description", model_description or {}),
                "provenance": described("provenance", {**versions(), **(provenance or {})}),
            }
        except BadValue as fault:
            raise self._error(fault) from None
        self._partial = PartialFile(self.path, overwrite=overwrite)
        try:
            # Nothing is in it before the first rows: 'recover' then knows that there are none.
            self._file = create_file(self._partial)
        except BaseException as error:
            self._partial.abandon()
            if isinstance(error, OSError):
                raise RecordingError(f"{self.path}: it cannot be written ({reason(error)}).") from error
            raise
        # The first full chunk is flushed at once.
        self._last_flush = -math.inf

    @property
    def partial_path(self) -> str:
        """Where the rows are until the recording is complete."""
        return self._partial.writing_path

    def declare_layers(self, layers: Sequence[Layer]) -> None:
        """Declares the layers, input side first, where they were not known in the beginning; before the first rows only."""
        self._require_open()
        try:
            check_names([layer.name for layer in layers])
        except BadValue as fault:
            raise self._error(fault) from None
        if self._activations:
            raise self._error(BadValue("layers are declared after rows were appended; declare them first."))
        self._layers = list(layers)

    def append(self, activations: Mapping[str, Any], /, **columns: Any) -> None:
        """Appends rows: all of them, or none where something is wrong.

        Args:
            activations: Of each layer `[rows, units]`, by its name.
            columns: One value for each row, or a single one for all. `phase` (none, self, other, both), `label`, `prediction`,
                `partner_acting`, `stratum`, `pair`, `split` (select, evaluate) and `inputs` are the schema's; every other name makes a
                coordinate of rows: text, integers or floats, for `--where` and its like.
        """
        self._require_open()
        try:
            stored = self._checked_activations(activations)
            rows = len(next(iter(stored.values()))[0])
            for name, (array, _) in stored.items():
                if len(array) != rows:
                    first = next(iter(stored))
                    raise BadValue(f"layer {name} has {len(array)} rows but layer {first} has {rows}; give as many rows of each layer.")
            if rows == 0:
                return
            declared = self._columns or {
                name: declare_column(name, given, actions=self._actions, text_bytes=self._text_bytes.get(name))
                for name, given in columns.items()
            }
            for name in columns:
                if name not in declared:
                    raise BadValue(f"a batch brings the column {name}, which the first did not; give the same columns in each batch.")
            for name in declared:
                if name not in columns:
                    raise BadValue(f"a batch lacks the column {name}, which the first had; give the same columns in each batch.")
            values = {name: column.values(columns[name], rows) for name, column in declared.items()}
            if not self._activations:
                self._check_declaration(stored, declared)
                self._announce(stored)
        except BadValue as fault:
            raise self._error(fault) from None
        try:
            if not self._activations:
                self._declare(stored, declared)
            self._write({name: array for name, (array, _) in stored.items()}, values, rows)
        except OSError as error:
            self._failure = self._write_error(error)
            raise self._failure from error
        except BaseException:
            # Ctrl-C between two columns: they would no longer lie beside each other.
            self._undo_batch()
            raise

    def close(self) -> None:
        """Completes the recording and gives it its name.

        Raises:
            RecordingError: Where no row was appended; nothing is left then.
        """
        if self._is_over:
            return
        self._require_open()
        if self.row_count == 0:
            self.cancel()
            raise RecordingError(f"{self.path}: no row was recorded, so there is no recording; append a batch of rows first.")
        try:
            for writer in self._writers.values():
                writer.write()
            for writer in self._writers.values():
                writer.seal()
            # All of it has found room on the disk before the file says that it is complete.
            self._file.flush()
            self._file.attrs.modify("complete", np.int64(1))
            self._file.close()
            self._is_over = True
            self._partial.finish()
        except OSError as error:
            self._is_over = True
            self._partial.keep()
            raise self._write_error(error) from error
        except RecordingError:
            # The name is taken, or the partial file is gone: what there is stays, and is locked no more.
            self._partial.keep()
            raise

    def interrupt(self) -> int:
        """Ends before the recording is complete; the rows appended so far stay in the partial file.

        Returns:
            The rows that are kept. The file is removed where there are none.
        """
        if self._is_over:
            return 0
        if self.row_count == 0:
            self.cancel()
            return 0
        self._is_over = True
        try:
            if self._failure is None or self._is_torn:
                for writer in self._writers.values():
                    writer.write()
            self._file.close()
        except (OSError, RuntimeError) as error:
            self._failure = self._failure or self._write_error(error)
        finally:
            self._partial.keep()
        kept = f"{self.row_count} rows" if self._failure is None else "the rows that were flushed"
        if self._is_torn:
            kept = f"{self.row_count} rows or more"
        warnings.warn(
            f"{self.partial_path} holds {kept}; 'mirrorscope recover {self.partial_path}' makes a recording of them.",
            MirrorscopeNote,
            stacklevel=2,
        )
        return self.row_count

    def cancel(self) -> None:
        """Drops the recording: nothing is left of it."""
        if self._is_over:
            return
        self._is_over = True
        try:
            self._file.close()
        finally:
            self._partial.abandon()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None and self._failure is None:
            self.close()
        else:
            self.interrupt()

    # Beginning

    def _checked_activations(self, activations: Mapping[str, Any]) -> dict[str, tuple[NDArray[Any], str]]:
        if self._layers is None:
            check_names(list(activations))
            self._layers = [Layer(name) for name in activations]
        names = [layer.name for layer in self._layers]
        for name in activations:
            if name not in names:
                raise BadValue(f"a batch brings the layer {name}, which was not declared: {', '.join(names)}.")
        stored: dict[str, tuple[NDArray[Any], str]] = {}
        for layer in self._layers:
            if layer.name not in activations:
                raise BadValue(f"a batch lacks the layer {layer.name}, which was declared; give the activations of each layer.")
            what = f"layer {layer.name}"
            dtype = layer.dtype or self._dtype
            array, name = stored_activations(activations[layer.name], dtype, what=what)
            earlier = self._activations.get(layer.name)
            if earlier is not None:
                units = earlier.dataset.shape[1]
                if array.shape[1] != units:
                    raise BadValue(f"{what} has {array.shape[1]} units but {units} before; give the same in each batch.")
                if name != self._stored_names[layer.name]:
                    raise BadValue(
                        f"{what} is {name} but {self._stored_names[layer.name]} before; give the same in each batch, or a dtype."
                    )
            stored[layer.name] = (array, name)
        return stored

    def _check_declaration(self, stored: Mapping[str, tuple[NDArray[Any], str]], columns: Mapping[str, Column]) -> None:
        layers = self._layers or []
        checked: list[Layer] = []
        for layer in layers:
            units = stored[layer.name][0].shape[1]
            kernel, bias = stored_parameters(layer, units)
            checked.append(replace(layer, kernel=kernel, bias=bias))
        outputs = [layer for layer in layers if layer.is_output]
        if len(outputs) == 1 and self._actions is not None and {"label", "prediction"} & columns.keys():
            units = stored[outputs[0].name][0].shape[1]
            if len(self._actions) < units:
                raise BadValue(
                    f"{len(self._actions)} actions are named, but the output layer {outputs[0].name} has {units} units; name one for each."
                )
        self._layers = checked

    def _announce(self, stored: Mapping[str, tuple[NDArray[Any], str]]) -> None:
        if self._expected_rows is None:
            return
        per_row = sum(array.shape[1] * array.itemsize for array, _ in stored.values())
        size = per_row * self._expected_rows
        free = shutil.disk_usage(os.path.dirname(os.path.abspath(self.partial_path))).free
        most = "at most " if self._compression else ""
        sentence = f"{self.path}: activations of {self._expected_rows:,} rows will take {most}{size_text(size)}, {size_text(per_row)} a row"
        if size > free and not self._compression:
            raise RecordingError(f"{sentence}, and the disk has {size_text(free)}; record fewer layers or rows, or in bfloat16.")
        print(f"{sentence}.", file=sys.stderr)

    def _declare(self, stored: Mapping[str, tuple[NDArray[Any], str]], columns: Mapping[str, Column]) -> None:
        """Makes every data set, without rows, and says what the recording is."""
        for name, attributes in self._attributes.items():
            set_attributes(self._file.require_group(name), attributes)
        self._file.create_group("layers")
        widest = max(array.shape[1] for array, _ in stored.values())
        datasets = DataSets(self._file, self._chunk_rows or rows_per_chunk(widest))
        datasets.add_columns(columns)
        for index, layer in enumerate(self._layers or []):
            array, kind = stored[layer.name]
            self._activations[layer.name] = datasets.add_layer(layer, index, array.shape[1], kind, self._compression)
        self._stored_names = {name: kind for name, (_, kind) in stored.items()}
        self._columns = dict(columns)
        self._writers = datasets.writers
        self._file.flush()

    # Rows

    def _write(self, activations: Mapping[str, NDArray[Any]], columns: Mapping[str, NDArray[Any]], rows: int) -> None:
        sample = self._writers["sample"]
        start = 0
        while start < rows:
            part = slice(start, start + min(sample.room, rows - start))
            sample.append(np.arange(self.row_count + part.start, self.row_count + part.stop))
            for name, values in columns.items():
                self._writers[self._columns[name].path].append(values[part])
            for name, values in activations.items():
                self._activations[name].append(values[part])
            start = part.stop
            # All data sets have chunks of as many rows, so that all reach as far whenever a kill comes.
            if sample.room == 0:
                for writer in self._writers.values():
                    writer.write()
                self._flush_if_due()
        self.row_count += rows

    def _undo_batch(self) -> None:
        """Forgets the part of a batch that came, or where chunks of it are in the file already, takes no more."""
        if self._writers and all(writer.drop_after(self.row_count) for writer in self._writers.values()):
            return
        self._is_torn = True
        self._failure = RecordingError(
            f"{self.path}: it was interrupted within a batch; 'mirrorscope recover {self.partial_path}' makes a recording of the rows "
            "before."
        )

    def _flush_if_due(self) -> None:
        if time.monotonic() - self._last_flush < self._flush_seconds:
            return
        self._file.flush()
        self._partial.synchronise()
        self._last_flush = time.monotonic()

    def _require_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_over:
            raise RecordingError(f"{self.path}: its recorder has ended; make another one.")

    def _write_error(self, error: BaseException) -> RecordingError:
        return RecordingError(
            f"{self.path}: it cannot be written ({reason(error)}); 'mirrorscope recover {self.partial_path}' makes a recording of the rows "
            "that were flushed."
        )

    def _error(self, fault: BadValue) -> RecordingError:
        return RecordingError(f"{self.path}: {fault}")
