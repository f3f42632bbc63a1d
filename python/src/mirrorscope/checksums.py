"""The checksums of recordings, as `schemas/recording.md` defines them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

CONTENT = "content_sha256"
TEXT_SUMS = "text_crc32"

# What HDF5 and netCDF-4 keep for dimension scales, and the sums themselves.
_BOOKKEEPING = {
    CONTENT,
    TEXT_SUMS,
    "CLASS",
    "NAME",
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
}
_BLOCK = 4096
_WEIGHTS = np.arange(_BLOCK, 0, -1, dtype=np.float64)


def fletcher32(data: bytes | NDArray[np.uint8]) -> int:
    """HDF5's Fletcher-32: sums of big-endian 16-bit words modulo 65535, the second in the upper half.

    A last odd byte counts as the upper half of a word. Sums of words that are not all zero are 1 to 65535, never 0, as HDF5's folding
    has them. The words are added up as little-endian ones: swapping bytes multiplies by 256 modulo 65535.
    """
    if len(data) % 2:
        data = bytes(data) + b"\0"
    words = np.frombuffer(data, dtype="<u2")
    blocks = -(-len(words) // _BLOCK)
    # Zeros in front change neither sum. In float64 all of this is exact: a block's weighted sum is below 2^40.
    padded = np.empty(blocks * _BLOCK)
    padded[: blocks * _BLOCK - len(words)] = 0
    padded[blocks * _BLOCK - len(words) :] = words
    table = padded.reshape(blocks, _BLOCK)
    sums = table.sum(axis=1).astype(np.int64).tolist()
    weighted = (table @ _WEIGHTS).astype(np.int64).tolist()
    first, second = 0, 0
    for block_sum, block_weighted in zip(sums, weighted, strict=True):
        second += first * _BLOCK + block_weighted
        first += block_sum

    def folded(total: int) -> int:
        return 0 if total == 0 else (total * 256) % 65535 or 65535

    return folded(second) << 16 | folded(first)


def text_sum(value: str) -> str:
    """CRC-32 of the UTF-8 and a zero byte, in 8 hexadecimal digits."""
    return f"{zlib.crc32(value.encode() + bytes(1)):08x}"


def content_sha256(dataset: Any, *, chunk_sums: Sequence[bytes] | None = None, values: Iterable[bytes] = ()) -> str:
    """SHA-256 over a data set's shape, type, attributes and content.

    Args:
        dataset: An h5py data set that has all its attributes.
        chunk_sums: The four stored bytes of each chunk's Fletcher-32, in order.
        values: The content as bytes, as `text_bytes` or little-endian numbers, where there are no sums.
    """
    digest = hashlib.sha256(_shape_and_type(dataset.id))
    names = sorted((name for name in dataset.attrs if name not in _BOOKKEEPING), key=str.encode)
    digest.update(_number(len(names)))
    for name in names:
        attribute = h5py.h5a.open(dataset.id, name.encode())
        digest.update(text_bytes(name.encode()) + _shape_and_type(attribute) + _attribute_bytes(dataset.attrs[name]))
    for part in values if chunk_sums is None else chunk_sums:
        digest.update(part)
    return digest.hexdigest()


def text_bytes(value: bytes) -> bytes:
    """A text as it enters a sum: its number of bytes, then these."""
    return _number(len(value)) + value


def number_bytes(values: NDArray[Any]) -> bytes:
    """Numbers as they enter a sum: little-endian, in their stored size."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _number(value: int) -> bytes:
    return (value % 2**64).to_bytes(8, "little")


def _shape_and_type(thing: Any) -> bytes:
    shape = thing.get_space().get_simple_extent_dims()
    return _number(len(shape)) + b"".join(map(_number, shape)) + text_bytes(_type_text(thing.get_type()).encode())


def _type_text(kind: Any) -> str:
    if isinstance(kind, h5py.h5t.TypeStringID):
        return "string" if kind.is_variable_str() else f"string of {kind.get_size()} bytes"
    if isinstance(kind, h5py.h5t.TypeEnumID):
        members = sorted((kind.get_member_value(index), kind.get_member_name(index).decode()) for index in range(kind.get_nmembers()))
        return f"enumeration of {_type_text(kind.get_super())} ({', '.join(f'{name} = {code}' for code, name in members)})"
    return str(np.dtype(kind.dtype).name)


def _attribute_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return text_bytes(value.encode())
    return number_bytes(np.asarray(value))
