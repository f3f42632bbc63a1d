"""Opens a recording with h5py and xarray and holds cmni.csv and stats.csv against numpy and scipy.

Run: python check_recording.py rec.h5 cmni.csv stats.csv   (prints ok, or fails on the first difference)
"""

import csv
import sys

import h5py
import numpy as np
import xarray as xr
from scipy import stats

recording, cmni_csv, stats_csv = sys.argv[1:]

tree = xr.open_datatree(recording, engine="h5netcdf")
layer = tree["layers/dense_1"]
assert layer["activations"].dims == ("sample", "unit"), layer["activations"].dims
assert layer["kernel"].dims == ("input", "unit"), layer["kernel"].dims
assert tree["inputs"].dims == ("sample", "feature"), tree["inputs"].dims
assert tree.attrs["schema"] == "mirrorscope-recording"

with h5py.File(recording) as file:
    assert h5py.check_enum_dtype(file["phase"].dtype) == {"none": 0, "self": 1, "other": 2, "both": 3}
    phase, acting = file["phase"][:], file["partner_acting"][:] == 1
    inputs = file["inputs"][:].astype("f8")
    select = [phase == 0, (phase == 1) & acting, (phase == 2) & acting, phase == 3]
    layers = sorted(file["layers"], key=lambda name: file["layers"][name].attrs["layer_index"])
    activations = {name: file["layers"][name]["activations"][:].astype("f8") for name in layers}
    # The recorded activations are those of the recorded network.
    x = inputs
    for name in layers:
        group = file["layers"][name]
        x = x @ group["kernel"][:].astype("f8") + group["bias"][:]
        x = np.maximum(x, 0) if group.attrs["activation_function"] == "relu" else x
        assert np.allclose(x, activations[name], rtol=1e-4, atol=1e-4), name
    assert (np.argmax(activations[layers[-1]], axis=1) == file["prediction"][:]).all()
assert (inputs[:, [96, 98, 99]] == 0).all()


def close(text, value):
    assert abs(float(text) - value) <= 1e-9 * max(abs(value), 1e-3), (text, value)


scores = []
for name in layers:
    means = [activations[name][s].mean(axis=0) for s in select]
    rise = np.minimum(means[1] - means[0], means[2] - means[0])
    scores += list(np.maximum(rise, 0))
row = next(r for r in csv.DictReader(open(cmni_csv)) if r["variant"] == "author")
close(row["cmni"], np.mean(scores))
close(row["total_mns"], np.sum(scores))

for row in csv.DictReader(open(stats_csv)):
    y = activations[row["layer"]][select[["none", "self", "other", "both"].index(row["phase"])], int(row["unit"])]
    assert int(row["n"]) == len(y)
    close(row["mean"], y.mean())
    close(row["variance"], y.var())
    if row["skewness"]:
        close(row["skewness"], stats.skew(y))
        close(row["kurtosis"], stats.kurtosis(y))
print("ok")
