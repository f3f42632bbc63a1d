"""Makes types.h5 and chunks.h5, which HDF5Tests reads. Run in this folder: python make_fixtures.py (h5py 3, numpy)."""

import h5py
import numpy as np


def grid(rows, units):
    """The test's values: small multiples of 0.25, a third of them zero, exact in every float type."""
    index = np.arange(rows * units)
    return np.where(index % 3 == 0, 0, (index * 7 % 101 - 50) * 0.25).reshape(rows, units)


def types():
    with h5py.File("types.h5", "w") as f:
        numbers = f.create_group("numbers")
        for code in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split():
            for order, name in (("<", "little"), (">", "big")):
                values = np.array([0, 1, 2, 100], dtype=order + code)
                numbers[f"{code}_{name}"] = values
        numbers["f8_wide"] = np.array([0.1, 1e300, -1e300, np.nan, np.inf], dtype="<f8")
        numbers["i8_wide"] = np.array([2**24 + 1, -(2**53 + 1), 2**62], dtype="<i8")
        numbers["i4_wide"] = np.array([[1, 2], [300, -1]], dtype="<i4")
        numbers["u8_wide"] = np.array([2**64 - 1], dtype="<u8")
        numbers["scalar"] = np.float64(2.5)
        numbers["cube"] = np.arange(24, dtype="<i4").reshape(2, 3, 4)
        numbers["empty"] = np.zeros((0, 3), dtype="<f4")
        numbers["nothing"] = h5py.Empty("f4")
        f["compound"] = np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")])
        phases = h5py.enum_dtype({"none": 0, "self": 1, "other": 2, "both": 3}, basetype="u1")
        f.create_dataset("phase", data=np.array([0, 1, 2, 3, 1], dtype="u1"), dtype=phases)
        wide = h5py.enum_dtype({"low": -5, "high": 300}, basetype=">i2")
        f.create_dataset("wide_enumeration", data=np.array([-5, 300], dtype=">i2"), dtype=wide)
        f["flags"] = np.array([True, False, True])

        strings = f.create_group("strings")
        texts = ["frog", "Kröte", ""]
        strings.create_dataset("variable_utf8", data=texts, dtype=h5py.string_dtype("utf-8"))
        strings.create_dataset("variable_ascii", data=["frog", "toad", ""], dtype=h5py.string_dtype("ascii"))
        strings.create_dataset("fixed_utf8", data=[t.encode() for t in texts], dtype=h5py.string_dtype("utf-8", 6))
        strings["fixed_ascii"] = np.array([b"frog", b"toads", b""], dtype="S5")
        space_padded = h5py.h5t.C_S1.copy()
        space_padded.set_size(6)
        space_padded.set_strpad(h5py.h5t.STR_SPACEPAD)
        h5py.h5d.create(strings.id, b"space_padded", space_padded, h5py.h5s.create_simple((2,))).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"frog  ", b"a b   "], dtype="S6"), mtype=space_padded
        )
        strings["scalar"] = "one"

        a = f.create_group("attributes").attrs
        a["text"] = "Kröte"
        a["text_fixed"] = np.bytes_("frog")
        a["text_array"] = ["a", "bc"]
        a["text_empty"] = h5py.Empty("S1")
        a["long_text"] = "x" * 66_000
        a["integer"] = 42
        a["integer32"] = np.int32(-7)
        a["integer_big"] = np.array(513, dtype=">i4")
        a["one_element"] = np.array([9])
        a["unsigned"] = np.uint64(2**64 - 1)
        a["float"] = 0.1
        a["float32"] = np.float32(0.5)
        a["float16"] = np.float16(0.25)
        a["yes"] = True
        a["no"] = np.bool_(False)
        a["integers"] = [1, 2, 3]
        a["matrix"] = np.array([[1.5, 2.5], [3.5, 4.5]])
        a["empty"] = h5py.Empty("i4")


def chunks():
    values = grid(103, 6)
    with h5py.File("chunks.h5", "w") as f:
        f.attrs["rows"], f.attrs["units"] = values.shape

        def add(name, data=values, dtype="<f4", **options):
            f.create_dataset(name, data=data.astype(dtype), **options)

        add("contiguous")
        add("plain", chunks=(10, 6))
        add("standard", chunks=(10, 6), shuffle=True, compression="gzip", compression_opts=4, fletcher32=True)
        add("one_chunk", chunks=(103, 6), shuffle=True, compression="gzip")
        add("deflate", chunks=(7, 6), compression="gzip", compression_opts=9)
        add("shuffle", chunks=(16, 6), shuffle=True)
        add("checksum", chunks=(16, 6), fletcher32=True)
        add("columns", chunks=(9, 4), shuffle=True, compression="gzip", fletcher32=True)
        add("lzf", chunks=(10, 6), shuffle=True, compression="lzf")
        add("big_endian", dtype=">f4", chunks=(10, 6), shuffle=True, compression="gzip")
        add("float16", dtype="<f2", chunks=(10, 6), shuffle=True, compression="gzip")
        add("float64", dtype="<f8", chunks=(10, 6), shuffle=True, compression="gzip", fletcher32=True)
        # 7 × 5 bytes are an odd number, of which the checksum takes the last one as half a word.
        bytes_ = (np.arange(103 * 5) * 37 % 256).reshape(103, 5)
        add("odd_bytes", bytes_, "u1", chunks=(7, 5), fletcher32=True)
        add("odd_deflated", bytes_, "u1", chunks=(7, 5), compression="gzip", fletcher32=True)
        add("shorts", bytes_, "<i2", chunks=(7, 5), shuffle=True, compression="gzip", fletcher32=True)
        add("line", np.arange(103), "<i4", chunks=(8,), shuffle=True, compression="gzip", fletcher32=True)
        add("cube", np.arange(103 * 6).reshape(103, 2, 3), "<f4", chunks=(10, 2, 3), shuffle=True, compression="gzip")
        add("cut_cube", np.arange(103 * 6).reshape(103, 2, 3), "<f4", chunks=(10, 1, 3), shuffle=True, compression="gzip")

        holes = f.create_dataset("holes", (103, 6), "<f4", chunks=(10, 6), compression="gzip", fillvalue=-1.5)
        holes[20:30] = values[20:30]
        # One chunk with its deflate step left out, as HDF5 does when that would not make it smaller.
        masked = f.create_dataset("masked", (20, 6), "<f4", chunks=(10, 6), shuffle=True, compression="gzip")
        masked[:] = values[:20]
        planes = np.frombuffer(values[10:20].astype("<f4").tobytes(), "u1").reshape(60, 4).T
        masked.id.write_direct_chunk((10, 0), planes.tobytes(), filter_mask=0b10)


types()
chunks()
