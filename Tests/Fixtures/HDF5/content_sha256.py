"""content_sha256 of the data sets of a file, computed with h5py alone: python content_sha256.py FILE [DATASET …]. One line each."""

import hashlib
import itertools
import sys

import h5py
import numpy as np

BOOKKEEPING = {"content_sha256", "text_crc32", "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"}


def number(value):
    return (value % 2**64).to_bytes(8, "little")


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return number(len(value)) + value


def type_name(kind):
    if isinstance(kind, h5py.h5t.TypeStringID):
        return "string" if kind.is_variable_str() else f"string of {kind.get_size()} bytes"
    if isinstance(kind, h5py.h5t.TypeEnumID):
        pairs = sorted((kind.get_member_value(i), kind.get_member_name(i).decode()) for i in range(kind.get_nmembers()))
        return f"enumeration of {type_name(kind.get_super())} ({', '.join(f'{name} = {value}' for value, name in pairs)})"
    return kind.dtype.newbyteorder("=").name


def description(thing):
    space = thing.get_space()
    shape = space.get_simple_extent_dims() if space.get_simple_extent_type() != h5py.h5s.NULL else None
    sizes = number(-1) if shape is None else number(len(shape)) + b"".join(number(size) for size in shape)
    return sizes + text(type_name(thing.get_type()))


def values(thing, content):
    if isinstance(content, h5py.Empty):
        return b""
    if isinstance(thing.get_type(), h5py.h5t.TypeStringID):
        return b"".join(text(value) for value in np.asarray(content, dtype=object).ravel())
    content = np.asarray(content)
    return content.astype(content.dtype.newbyteorder("<")).tobytes()


def content_sha256(dataset):
    names = sorted((name for name in dataset.attrs if name not in BOOKKEEPING), key=str.encode)
    parts = [description(dataset.id), number(len(names))]
    for name in names:
        attribute = h5py.h5a.open(dataset.id, name.encode())
        parts += [text(name), description(attribute), values(attribute, dataset.attrs[name])]
    is_text = isinstance(dataset.id.get_type(), h5py.h5t.TypeStringID)
    filters = dataset.id.get_create_plist()
    last = filters.get_filter(filters.get_nfilters() - 1)[0] if filters.get_nfilters() else None
    if dataset.chunks and last == h5py.h5z.FILTER_FLETCHER32 and not is_text:
        steps = [range(0, size, chunk) for size, chunk in zip(dataset.shape, dataset.chunks)]
        parts += [dataset.id.read_direct_chunk(offset)[1][-4:] for offset in itertools.product(*steps)]
    else:
        parts.append(values(dataset.id, dataset[()]))
    return hashlib.sha256(b"".join(parts)).hexdigest()


if __name__ == "__main__":
    with h5py.File(sys.argv[1], "r") as f:
        for path in sys.argv[2:]:
            print(content_sha256(f[path]), path)
