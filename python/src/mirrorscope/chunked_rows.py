"""Rows appended to a chunked data set of HDF5."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.attributes import set_attributes
from mirrorscope.checksums import CONTENT, content_sha256, fletcher32, text_bytes


class ChunkedRows:
    """A data set that grows by whole chunks.

    A chunk is encoded here, as HDF5's filters would (shuffle, deflate, Fletcher-32), so that its sum is known without reading it back,
    and written once: what was flushed is never touched again. `write` and `finish` are all that writes; `append` fills the chunk.
    """

    def __init__(self, group: Any, path: str, dtype: Any, *, width: int | None, chunk_rows: int, level: int) -> None:
        tail = () if width is None else (width,)
        self._level = level
        self._chunk_rows = chunk_rows
        filters: dict[str, Any] = {"compression": "gzip", "compression_opts": level, "shuffle": True} if level else {}
        self.dataset = group.create_dataset(
            path, shape=(0, *tail), maxshape=(None, *tail), chunks=(chunk_rows, *tail), dtype=dtype, fletcher32=True, **filters
        )
        # The chunk with room for its sum behind, so that it is written from where its rows were put.
        size = chunk_rows * (width or 1) * self.dataset.dtype.itemsize
        self._stored_bytes = np.zeros(size + 4, dtype="u1")
        self._chunk: NDArray[Any] = self._stored_bytes[:size].view(self.dataset.dtype).reshape(chunk_rows, *tail)
        self._filled = 0
        self._stored = 0
        self._sums: list[bytes] = []

    @property
    def room(self) -> int:
        """Rows that the chunk still takes."""
        return self._chunk_rows - self._filled

    def append(self, rows: NDArray[Any]) -> None:
        """Takes no more rows than there is room for."""
        self._chunk[self._filled : self._filled + len(rows)] = rows
        self._filled += len(rows)

    def drop_after(self, count: int) -> bool:
        """Forgets all rows behind that many; false where some of them are in the file."""
        if count < self._stored:
            return False
        self._filled = min(self._filled, count - self._stored)
        return True

    def write(self) -> None:
        """Writes the chunk, full or the last one, padded with zeros."""
        if not self._filled:
            return
        self._chunk[self._filled :] = np.zeros((), dtype=self._chunk.dtype)
        encoded = self._encoded()
        # Counted last: where Ctrl-C comes between, the same chunk is written again.
        self.dataset.id.set_extent((self._stored + self._filled, *self._chunk.shape[1:]))
        self.dataset.id.write_direct_chunk((self._stored,) + (0,) * (self._chunk.ndim - 1), encoded)
        self._stored, self._filled = self._stored + self._filled, 0
        self._sums.append(bytes(encoded[-4:]))

    def seal(self) -> None:
        """Stores `content_sha256`: the last thing to do to the data set."""
        if self._chunk.dtype.kind == "S":
            digest = content_sha256(self.dataset, values=self._texts())
        else:
            digest = content_sha256(self.dataset, chunk_sums=self._sums)
        set_attributes(self.dataset, {CONTENT: digest})

    def _texts(self) -> Iterator[bytes]:
        for start in range(0, self._stored, self._chunk_rows):
            yield b"".join(map(text_bytes, self.dataset[start : start + self._chunk_rows].tolist()))

    def _encoded(self) -> bytes | NDArray[np.uint8]:
        data = self._stored_bytes[:-4]
        if not self._level:
            self._stored_bytes[-4:] = np.frombuffer(fletcher32(data).to_bytes(4, "little"), dtype="u1")
            return self._stored_bytes
        size = self._chunk.dtype.itemsize
        shuffled = data.reshape(-1, size).T.tobytes() if size > 1 else data.tobytes()
        deflated = zlib.compress(shuffled, self._level)
        return deflated + fletcher32(deflated).to_bytes(4, "little")
