"""The file of a recording and its data sets, made before its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from mirrorscope.attributes import set_attributes
from mirrorscope.checksums import CONTENT, content_sha256, number_bytes
from mirrorscope.chunked_rows import ChunkedRows
from mirrorscope.columns import SCHEMA_COLUMNS, Column
from mirrorscope.layer import Layer
from mirrorscope.partial_file import PartialFile

_COLUMN_LEVEL = 1


def create_file(partial: PartialFile) -> Any:
    """An HDF5 file in the format of 1.10, which carries checksums, with the beginning of 1.8.

    The beginning of 1.10 says that the file is being written, and what a kill leaves could not be opened.
    """
    path = partial.writing_path
    try:
        h5py.File(path, "w", libver=("v108", "v110"), locking=False).close()
    except OSError:
        # HDF5 insists on a lock of its own, as an environment variable can make it: then that one has to do.
        partial.unlock()
        h5py.File(path, "w", libver=("v108", "v110")).close()
    return h5py.File(path, "r+", libver=("v110", "v110"), locking=False)


class DataSets:
    """Makes the data sets; `writers` has those of rows by their paths, `/sample` first."""

    def __init__(self, file: Any, chunk_rows: int) -> None:
        self._file = file
        self._chunk_rows = chunk_rows
        self.writers: dict[str, ChunkedRows] = {}
        self._sample = self._rows("sample", np.dtype("<i8")).dataset
        self._sample.make_scale("sample")

    def add_columns(self, columns: Mapping[str, Column]) -> None:
        """Makes the columns: those of the schema first, then coordinates by name."""
        for name in sorted(columns, key=lambda name: (name not in SCHEMA_COLUMNS, name)):
            column = columns[name]
            dataset = self._rows(column.path, column.dtype, column.width).dataset
            set_attributes(dataset, column.attributes or {})
            dataset.dims[0].attach_scale(self._sample)
            if column.width is not None:
                dataset.dims[1].attach_scale(_scale(self._file, "feature", column.width))

    def add_layer(self, layer: Layer, index: int, units: int, stored: str, level: int) -> ChunkedRows:
        """Makes a layer's group with all that belongs to it; its parameters are as `stored_parameters` gives them."""
        is_bfloat16 = stored == "bfloat16"
        dtype = np.dtype("<u2") if is_bfloat16 else np.dtype(stored).newbyteorder("<")
        writer = self._rows(f"layers/{layer.name}/activations", dtype, units, level)
        if is_bfloat16:
            set_attributes(writer.dataset, {"dtype": stored})
        group = writer.dataset.parent
        set_attributes(
            group,
            {
                "layer_index": index,
                "kind": layer.kind,
                "activation_function": layer.activation_function,
                "is_output": int(layer.is_output),
                "kernel_layout": None if layer.kernel is None else layer.kernel_layout,
            },
        )
        scale = _scale(group, "unit", units)
        writer.dataset.dims[0].attach_scale(self._sample)
        writer.dataset.dims[1].attach_scale(scale)
        if layer.kernel is not None:
            by_unit = layer.kernel_layout == "unit,input"
            inputs = _scale(group, "input", layer.kernel.shape[1 if by_unit else 0])
            _write(group, "kernel", layer.kernel, [scale, inputs] if by_unit else [inputs, scale])
        if layer.bias is not None:
            _write(group, "bias", layer.bias, [scale])
        return writer

    def _rows(self, path: str, dtype: Any, width: int | None = None, level: int = _COLUMN_LEVEL) -> ChunkedRows:
        writer = ChunkedRows(self._file, path, dtype, width=width, chunk_rows=self._chunk_rows, level=level)
        self.writers[path] = writer
        return writer


def _scale(group: Any, name: str, size: int) -> Any:
    """A dimension scale of the numbers from 0."""
    values = np.arange(size, dtype="<i4")
    dataset = group.create_dataset(name, data=values)
    dataset.make_scale(name)
    set_attributes(dataset, {CONTENT: content_sha256(dataset, values=[number_bytes(values)])})
    return dataset


def _write(group: Any, name: str, values: Any, scales: list[Any]) -> None:
    dataset = group.create_dataset(name, data=values)
    for dimension, scale in enumerate(scales):
        dataset.dims[dimension].attach_scale(scale)
    set_attributes(dataset, {CONTENT: content_sha256(dataset, values=[number_bytes(values)])})


def rows_per_chunk(units: int) -> int:
    """At most 4,096 rows and about 2^18 activations, but 64 rows."""
    rows = 4096
    while rows > 64 and units * rows > 1 << 18:
        rows //= 2
    return rows
