"""One small network in every spelling that Keras has for it, and models that must be refused, for KerasGraphTests.

The network: 3 inputs, layer a with 2 units and relu, layer b with 4 linear units; weights are multiples of 1/8.

Run: python make_keras_graphs.py
"""
import json
import pathlib

import h5py
import numpy as np

here = pathlib.Path(__file__).parent
generator = np.random.default_rng(2)
draw = lambda *shape: (generator.integers(-8, 9, shape) / 8).astype("f4")
weights = {"a": (draw(3, 2), draw(2)), "b": (draw(2, 4), draw(4))}
twice = {**weights, "twice": (np.eye(2, dtype="f4"), np.zeros(2, "f4"))}


def layer(kind, name, inbound=None, **config):
    entry = {"class_name": kind, "config": {"name": name, **config}}
    if inbound is not None:
        entry.update(name=name, inbound_nodes=inbound)
    return entry


def dense(name, units, activation, inbound=None, **config):
    return layer("Dense", name, inbound, units=units, activation=activation, use_bias=True, **config)


def write(name, config, kind="Sequential", weights=weights, store=None):
    """store(group, name, values) writes a tensor; float32 without it."""
    with h5py.File(here / f"keras_{name}.h5", "w", libver="latest") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps({"class_name": kind, "config": config})
        stored = file.create_group("model_weights")
        layers = config if isinstance(config, list) else config["layers"]
        names = [entry["config"]["name"] for entry in layers]
        stored.attrs["layer_names"] = np.array([n.encode() for n in names])
        for n in dict.fromkeys(names):
            group = stored.create_group(n)
            tensors = dict(zip(("kernel", "bias"), weights.get(n, ())))
            group.attrs["weight_names"] = np.array([f"{n}/{t}:0".encode() for t in tensors])
            for tensor, values in tensors.items():
                if store:
                    store(group, f"{n}/{tensor}:0", values)
                else:
                    group[f"{n}/{tensor}:0"] = values


def sequential(*layers):
    return {"name": "s", "layers": list(layers)}


def functional(*layers, inputs=("x",), outputs=("b",)):
    return {"name": "f", "layers": list(layers), "input_layers": [[n, 0, 0] for n in inputs], "output_layers": [[n, 0, 0] for n in outputs]}


def two(*path, **arguments):
    """A call in Keras 2's spelling."""
    return [[[n, 0, 0, arguments] for n in path]]


def three(*path, **arguments):
    """A call in Keras 3's spelling."""
    tensors = [{"class_name": "__keras_tensor__", "config": {"shape": [None, 3], "dtype": "float32", "keras_history": [n, 0, 0]}} for n in path]
    return [{"args": tensors, "kwargs": {"mask": None, **arguments}}]


x = layer("InputLayer", "x", [], batch_input_shape=[None, 3])
a, b = dense("a", 2, "relu"), dense("b", 4, "linear")

# The same network each time.
write("same_dict", sequential(a, b))
write("same_list", [a, b])
write("same_activation_layers", sequential(
    dense("a", 2, "linear"), layer("Dropout", "drop", rate=0.5), layer("Activation", "relu", activation="relu"),
    dense("b", 4, None), layer("Activation", "end", activation="linear")))
write("same_relu_layer", sequential(
    dense("a", 2, "linear"), layer("ReLU", "relu", max_value=None, negative_slope=0.0, threshold=0.0), b))
write("same_flatten", sequential(layer("Flatten", "flat", batch_input_shape=[None, 3]), a, layer("Flatten", "again"), b))
write("same_function", sequential(dense("a", 2, {"module": "builtins", "class_name": "function", "config": "relu"}), b))
write("same_graph_2", functional(
    dense("b", 4, "linear", two("drop")), x, layer("Dropout", "drop", two("a", training=False), rate=0.5), dense("a", 2, "relu", two("x"))),
    "Functional")
write("same_graph_3", {
    "name": "f", "input_layers": ["x", 0, 0], "output_layers": [["b", 0, 0]],
    "layers": [dense("b", 4, "linear", three("a")), layer("InputLayer", "x", [], batch_shape=[None, 3]), dense("a", 2, "relu", three("x"))]},
    "Functional")


def as_bfloat16(group, name, values):
    group[name] = (values.view("u4") >> 16).astype("u2")
    group[name].attrs["dtype"] = "bfloat16"


write("same_float16", sequential(a, b), store=lambda group, name, values: group.create_dataset(name, data=values.astype("f2")))
write("same_bfloat16", sequential(a, b), store=as_bfloat16)
write("same_float64", sequential(a, b), store=lambda group, name, values: group.create_dataset(name, data=values.astype("f8")))


def as_native_bfloat16(group, name, values):
    """HDF5's own type of eight bits of exponent and seven of mantissa."""
    half = h5py.h5t.IEEE_F32LE.copy()
    half.set_fields(15, 7, 8, 0, 7)
    half.set_size(2)
    half.set_ebias(127)
    space = h5py.h5s.create_simple(values.shape)
    links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    dataset = h5py.h5d.create(group.id, name.encode(), half, space, lcpl=links)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values), mtype=h5py.h5t.NATIVE_FLOAT)


write("same_native_bfloat16", sequential(a, b), store=as_native_bfloat16)


def more_digits(group, name, values):
    """One weight of layer a between two of float32, much nearer to that of the network."""
    values = values.astype("f8")
    if name == "a/kernel:0":
        values[1, 0] += 1e-12
    group[name] = values


write("more_digits", sequential(a, b), store=more_digits)

# To be refused.
write("beyond_float32", sequential(a, b), store=lambda group, name, values: group.create_dataset(name, data=values * np.float64(1e300)))
write("shared", functional(
    x, dense("a", 2, "relu", two("x")), dense("twice", 2, "linear", two("a") + [[["twice", 0, 0, {}]]]),
    dense("b", 4, "linear", [[["twice", 1, 0, {}]]])), "Model", twice)
write("listed_twice", [a, dense("twice", 2, "linear"), dense("twice", 2, "linear"), b], weights=twice)
write("two_inputs", functional(
    x, layer("InputLayer", "y", [], batch_input_shape=[None, 3]), layer("Add", "sum", two("x", "y")), dense("a", 2, "relu", two("sum")),
    dense("b", 4, "linear", two("a")), inputs=("x", "y")), "Functional")
write("merge", functional(
    x, dense("a", 2, "relu", three("x")), dense("twice", 2, "linear", three("a")), layer("Add", "sum", three("a", "twice")),
    dense("b", 4, "linear", three("sum"))), "Functional", twice)
write("two_heads", functional(
    x, dense("a", 2, "relu", two("x")), dense("b", 4, "linear", two("a")), dense("value", 1, "linear", two("a")),
    outputs=("b", "value")), "Functional", {**weights, "value": (draw(2, 1), draw(1))})
write("stray", functional(
    x, dense("a", 2, "relu", two("x")), dense("twice", 2, "linear", two("a")), dense("b", 4, "linear", two("a"))), "Functional", twice)
write("circle", functional(x, dense("a", 2, "relu", two("b")), dense("b", 4, "linear", two("a"))), "Functional")
write("no_output", {"name": "f", "layers": [x, dense("a", 2, "relu", two("x")), dense("b", 4, "linear", two("a"))]}, "Functional")
write("active_dropout", functional(
    x, dense("a", 2, "relu", two("x")), layer("Dropout", "drop", two("a", training=True), rate=0.5), dense("b", 4, "linear", two("drop"))),
    "Functional")
write("leaky", sequential(dense("a", 2, {"class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 0.3}}), b))
write("relu6", sequential(dense("a", 2, "linear"), layer("ReLU", "six", max_value=6.0), b))
write("early_relu", sequential(layer("Activation", "early", activation="relu"), a, b))
write("picture", sequential(layer("Flatten", "flat", batch_input_shape=[None, 3, 1]), a, b))
write("foreign_dense", sequential({**a, "module": "my_layers"}, b))
write("unlisted", sequential(a, b) | {"layers": [a]}, weights=weights)
with h5py.File(here / "keras_unlisted.h5", "a") as file:
    stored = file["model_weights"]
    stored.attrs["layer_names"] = np.array([b"a", b"hidden"])
    hidden = stored.create_group("hidden")
    hidden.attrs["weight_names"] = np.array([b"hidden/kernel:0"])
    hidden["hidden/kernel:0"] = draw(2, 2)
write("transposed", sequential(a, b), weights={n: (k.T.copy(), v) for n, (k, v) in weights.items()})
write("bfloat16_bits", sequential(a, b), store=lambda group, name, values: group.create_dataset(name, data=(values.view("u4") >> 16).astype("u2")))
write("unwritten", sequential(a, b), store=lambda group, name, values: group.create_dataset(name, values.shape, "f4"))
with h5py.File(here / "keras_3.weights.h5", "w", libver="latest") as file:
    for name, tensors in weights.items():
        variables = file.create_group(f"layers/{name}/vars")
        variables["0"], variables["1"] = tensors

# For frogtoad record: networks that take states, with relu inside a layer and as a layer of its own, and one with too many outputs.
large = {"a": (draw(100, 2), draw(2)), "b": (draw(2, 4), draw(4))}
write("100_inside", sequential(a, b), weights=large)
write("100_separate", sequential(dense("a", 2, "linear"), layer("Activation", "relu", activation="relu"), b), weights=large)
write("384_outputs", sequential(a, dense("b", 384, "linear")), weights={"a": large["a"], "b": (draw(2, 384), draw(384))})
write("100_digits", sequential(a, b), weights=large,
      store=lambda group, name, values: group.create_dataset(name, data=values.astype("f8") / (3 if name.startswith("b/kernel") else 1)))
