"""Networks saved by Keras itself in all its formats, and what it gives for some inputs, for ImportedNetworkTests.

Run: KERAS_BACKEND=jax python make_imported_keras.py, with Keras 2.15 (files keras2_*) and again with Keras 3 (keras3_*).
"""
import zipfile

import keras
import numpy as np

from imported import draw, here, inputs, write_outputs

version = int(keras.__version__.split(".")[0])
layers = keras.layers
slope = "alpha" if version == 2 else "negative_slope"


def leaky(value, **settings):
    return layers.LeakyReLU(**{slope: value}, **settings)


def settle(model, seed):
    for number, layer in enumerate(model.layers):
        names = [w.name.split("/")[-1].split(":")[0] for w in layer.weights]
        layer.set_weights([draw(f"{number}/{n}", tuple(w.shape), seed) for n, w in zip(names, layer.weights)])


def give(name, model):
    write_outputs(f"keras{version}_{name}", model(inputs, training=False))


def path(name):
    return str(here / f"keras{version}_{name}")


def compact(name):
    """A `.keras` archive without the date, so that it can be made again; deflated, as other programs pack it, where asked for."""
    with zipfile.ZipFile(path(name)) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    return parts


def pack(name, parts, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path(name), "w", method) as archive:
        for entry, content in parts.items():
            archive.writestr(zipfile.ZipInfo(entry), content, method)


# Everything that a chain may hold: normalisations before the first layer, behind a linear one, without gamma or beta, and behind an activation.
chain = keras.Sequential([
    layers.Input((6,)), layers.BatchNormalization(epsilon=0.01), layers.Dense(5, name="first"), layers.BatchNormalization(), leaky(0.2),
    layers.Dropout(0.1), layers.Dense(7, activation="relu"), layers.BatchNormalization(scale=False), layers.Dense(4, use_bias=False),
    layers.BatchNormalization(center=False), layers.Activation("relu"), layers.Flatten(),
    layers.Dense(4, activation=leaky(0.1)), layers.BatchNormalization(scale=False, center=False), layers.Dense(3)])
settle(chain, 1)
give("chain", chain)
chain.save(path("chain.h5"))
chain.save_weights(path("chain.weights.h5"))
(here / f"keras{version}_chain.json").write_text(chain.to_json() + "\n")
chain.save(path("chain.keras"))
parts = compact("chain.keras")
parts["metadata.json"] = b'{"keras_version": "%s"}' % keras.__version__.encode()
pack("chain.keras", parts)
pack("chain_deflated.keras", parts, zipfile.ZIP_DEFLATED)
if version == 2:
    chain.save_weights(path("chain_weights.h5"))

# A graph whose layers were made in another order than they are called in.
late, early = layers.Dense(3, activation="leaky_relu", name="late"), layers.Dense(5, activation="relu", name="early")
start = layers.Input((6,), name="start")
graph = keras.Model(start, late(leaky(0.3)(layers.Dense(4, name="between")(early(start)))))
settle(graph, 2)
give("graph", graph)
graph.save(path("graph.keras"))
parts = compact("graph.keras")
parts["metadata.json"] = b'{"keras_version": "%s"}' % keras.__version__.encode()
pack("graph.keras", parts)
graph.save(path("graph.h5"))

if version == 3:
    # To be refused, by name.
    def refuse(name, model):
        model.save(path(f"no_{name}.keras"))
        parts = compact(f"no_{name}.keras")
        pack(f"no_{name}.keras", parts, zipfile.ZIP_DEFLATED)

    shown = layers.Input((6,), name="shown")
    twice = layers.Dense(6, name="twice")
    refuse("shared", keras.Model(shown, layers.Dense(2)(twice(twice(shown)))))
    body = layers.Dense(4, name="body")(shown)
    refuse("heads", keras.Model(shown, [layers.Dense(2, name="policy")(body), layers.Dense(1, name="value")(body)]))
    refuse("merge", keras.Model(shown, layers.Dense(2)(layers.Add(name="sum")([layers.Dense(4)(shown), layers.Dense(4)(shown)]))))
    refuse("nested", keras.Sequential([layers.Input((6,)), keras.Sequential([layers.Input((6,)), layers.Dense(3)], name="inner"), layers.Dense(2)]))
    refuse("axis", keras.Sequential([layers.Input((3, 2)), layers.BatchNormalization(axis=1, name="rows"), layers.Flatten(), layers.Dense(2)]))
    refuse("between", keras.Sequential([
        layers.Input((6,)), layers.Dense(3, activation="relu"), layers.BatchNormalization(name="middle"), leaky(0.3), layers.Dense(2)]))
    refuse("last", keras.Sequential([layers.Input((6,)), layers.Dense(3, activation="relu"), layers.BatchNormalization(name="end")]))
    refuse("tanh", keras.Sequential([layers.Input((6,)), layers.Dense(3, activation="tanh", name="bent"), layers.Dense(2)]))
    refuse("layer_norm", keras.Sequential([layers.Input((6,)), layers.LayerNormalization(name="norm"), layers.Dense(2)]))
    # For the command line: a network that takes states.
    states = keras.Sequential([
        layers.Input((100,)), layers.Dense(5, activation="relu"), layers.Dense(3), layers.BatchNormalization(name="norm"), leaky(0.25),
        layers.Dense(4)])
    settle(states, 3)
    states.save(path("100.keras"))
    parts = compact("100.keras")
    parts["metadata.json"] = b'{"keras_version": "%s"}' % keras.__version__.encode()
    pack("100.keras", parts)
