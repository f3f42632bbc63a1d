"""What people would use instead: h5py, numpy, scipy, pandas and Keras on the same work; JAX, torch and hdf5plugin where they are installed.

Run: python peers.py TASK ARGUMENTS   (prints seconds as JSON)
"""

import json
import sys
import time
import zlib

import numpy as np


def timed(work, **facts):
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start, **facts}))


def make(path, rows, units):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(16, units)).astype("f4") / 4
    with open(path, "wb") as file:
        for start in range(0, rows, 65536):
            x = rng.normal(size=(min(65536, rows - start), 16)).astype("f4")
            np.maximum(x @ weights, 0).astype("f4").tofile(file)


def load(path, units):
    return np.fromfile(path, "f4").reshape(-1, units)


def record(raw, output, units, codec="gzip"):
    import h5py

    x = load(raw, units)
    filters = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    if codec != "gzip":
        import hdf5plugin

        filters = dict(
            hdf5plugin.Bitshuffle(cname="lz4") if codec == "bitshuffle" else
            hdf5plugin.Blosc2(cname="zstd", clevel=1, filters=hdf5plugin.Blosc2.SHUFFLE))

    def work():
        with h5py.File(output, "w") as file:
            file["phase"] = (np.arange(len(x)) % 4).astype("u1")
            file.create_dataset("activations", data=x, chunks=(4096, units), **filters)

    timed(work)


def read(path):
    import h5py

    timed(lambda: h5py.File(path)["activations"][:])


def moments(path):
    import h5py
    from scipy import stats

    def work():
        with h5py.File(path) as file:
            x, phase = file["activations"][:], file["phase"][:]
        for code in range(4):
            y = x[phase == code].astype("f8")
            y.mean(axis=0), y.var(axis=0), stats.skew(y), stats.kurtosis(y), y.min(axis=0), y.max(axis=0)

    timed(work)


def correlate(raw, units, precision="double"):
    x = load(raw, units)
    if precision == "torch":
        import torch

        y = torch.from_numpy(x).T
        timed(lambda: torch.corrcoef(y))
    else:
        timed(lambda: np.corrcoef(x, rowvar=False, dtype="f8" if precision == "double" else "f4"))


def train(states, rows):
    import h5py
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from tensorflow import keras

    with h5py.File(states) as file:
        x = file["train/states"][:rows].astype("f4")
        y = np.eye(4, dtype="f4")[file["train/label"][:rows]]
    x[:, [96, 98, 99]] = 0
    penalty = keras.regularizers.l2(0.01)
    layers = []
    for _ in range(2):
        layers += [keras.layers.Dense(17, activation="relu", kernel_regularizer=penalty), keras.layers.Dropout(0.12)]
    model = keras.Sequential([keras.Input((100,)), *layers, keras.layers.Dense(4)])
    model.compile(optimizer=keras.optimizers.Adam(1e-4), loss="mse")
    model.fit(x[:2500], y[:2500], batch_size=25, epochs=1, verbose=0)
    timed(lambda: model.fit(x, y, batch_size=25, epochs=1, verbose=0), rows=rows)


def train_jax(states, rows, networks="1"):
    """The epoch as one compiled scan over its batches, of several networks at once with vmap; it is compiled before."""
    import h5py
    import jax
    import jax.numpy as jnp

    with h5py.File(states) as file:
        x = file["train/states"][:rows].astype("f4")
        y = np.eye(4, dtype="f4")[file["train/label"][:rows]]
    x[:, [96, 98, 99]] = 0
    rng = np.random.default_rng(1)
    networks = int(networks)
    sizes = [(100, 17), (17, 17), (17, 4)]
    params = [
        (jnp.asarray(rng.normal(size=(networks, *s)).astype("f4") / s[0] ** 0.5), jnp.zeros((networks, s[1]), "f4")) for s in sizes]
    moments = [jax.tree.map(jnp.zeros_like, params) for _ in range(2)]

    def loss(params, x, y, key):
        penalty = 0
        for kernel, bias in params[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
            key, own = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(own, 0.88, x.shape), x / 0.88, 0)
            penalty += 0.01 * (kernel * kernel).sum()
        kernel, bias = params[-1]
        return ((x @ kernel + bias - y) ** 2).mean() + penalty

    def step(state, batch):
        params, first, second, number, key = state
        key, own = jax.random.split(key)
        gradient = jax.grad(loss)(params, *batch, own)
        number += 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        rate = 1e-4 * jnp.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), params, first, second)
        return (params, first, second, number, key), None

    batches = (jnp.asarray(x).reshape(-1, 25, 100), jnp.asarray(y).reshape(-1, 25, 4))
    epoch = jax.jit(jax.vmap(lambda state, batches: jax.lax.scan(step, state, batches)[0], in_axes=(0, None)))
    state = (params, *moments, jnp.zeros(networks, "f4"), jax.random.split(jax.random.PRNGKey(1), networks))
    jax.block_until_ready(epoch(state, batches))
    timed(lambda: jax.block_until_ready(epoch(state, batches)), rows=rows)


def csv(raw, units, scratch):
    """As the paper's scripts: activations through a CSV, then the index."""
    import pandas as pd

    x = load(raw, units)
    phase = np.arange(len(x)) % 4

    def work():
        pd.DataFrame(np.column_stack([x, phase])).to_csv(scratch, index=False, header=False)
        y = np.loadtxt(scratch, delimiter=",")
        none, own, other = (y[y[:, -1] == code, :-1].mean(axis=0) for code in range(3))
        np.maximum(np.minimum(own - none, other - none), 0).mean()

    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    print(json.dumps({"seconds": sorted(times)[1]}))


def ceilings(raw):
    data = open(raw, "rb").read(64 << 20)
    start = time.perf_counter()
    packed = zlib.compress(data, 4)
    middle = time.perf_counter()
    zlib.decompress(packed)
    print(json.dumps({"deflate": len(data) / (middle - start), "inflate": len(data) / (time.perf_counter() - middle)}))


task, *arguments = sys.argv[1:]
globals()[task](*[int(a) if a.isdigit() else a for a in arguments])
